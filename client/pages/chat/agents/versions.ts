/** Which version of an answer is shown, where an answer was made anew or its question was edited. Pure. */
import { runBranches, type Run } from '../../../sdk/client.js';
import { begun, type RunReplaces } from '../../../sdk/thread/runs/run.js';

/** What a reader chose to see of an answer; it no longer counts when another version has come. */
export interface ChosenVersion {
  readonly run: string;
  /** Number of versions at that time. */
  readonly count: number;
}

/** An answer with several versions. */
export interface Versions {
  /** Names the group. Never changes while its first question is known. */
  readonly root: string;
  /** Versions that have a run, oldest first. */
  readonly runs: readonly Run[];
  /** Number of versions, also those that are only asked for. */
  readonly count: number;
  /** The version to show; null while an edited question waits for its answer. */
  readonly shown: Run | null;
  /** `mid` of the question to show; null when it is not known. */
  readonly question: string | null;
  /** `mid` of the questions of all versions: only `question` is shown. */
  readonly mids: ReadonlySet<string>;
  /** Whether the reader has asked for another version that has not begun. */
  readonly isAwaited: boolean;
}

/** The answers with several versions, by the runs and by the questions that belong to them. */
export interface VersionsIndex {
  readonly byRun: ReadonlyMap<string, Versions>;
  readonly byMid: ReadonlyMap<string, Versions>;
}

/** Marks the stand-in of a version whose run has not begun. */
const AWAITED = 'awaited ';

/**
 * Finds the versions.
 * @param sent what messages replace whose runs have not begun, by `mid`: the log does not tell
 * @param chosen the versions that the reader has chosen, by root
 */
export function indexVersions(
  runs: readonly Run[],
  sent: ReadonlyMap<string, RunReplaces>,
  chosen: ReadonlyMap<string, ChosenVersion>
): VersionsIndex {
  const byRun = new Map<string, Versions>();
  const byMid = new Map<string, Versions>();
  const inOrder = [...runs].sort((one, other) => placeOf(one) - placeOf(other));
  const begunMids = new Set(inOrder.map(({ inReplyTo }) => inReplyTo));
  const awaited = [...sent]
    .filter(([mid]) => !begunMids.has(mid))
    .map(([mid, replaces]) => ({ ...begun(`${AWAITED}${mid}`), inReplyTo: mid, replaces }));
  for (const { root, runs: all } of runBranches([...inOrder, ...awaited])) {
    if (all.length < 2) continue;
    const versions = versionsOf(root, all, chosen.get(root));
    for (const { run } of versions.runs) byRun.set(run, versions);
    for (const mid of versions.mids) byMid.set(mid, versions);
  }
  return { byRun, byMid };
}

function versionsOf(
  root: string,
  all: readonly Run[],
  chosen: ChosenVersion | undefined
): Versions {
  const runs = all.filter(({ run }) => !run.startsWith(AWAITED));
  const last = all.at(-1);
  const isAwaited = last?.run.startsWith(AWAITED) === true;
  const wanted =
    chosen?.count === all.length ? runs.find(({ run }) => run === chosen.run) : undefined;
  const isEdited = isAwaited && last.replaces?.how === 'edits';
  const shown =
    wanted ??
    (isEdited ? null : (runs.findLast((run) => !isWithdrawn(run)) ?? runs.at(-1) ?? null));
  const mids = all.flatMap(({ inReplyTo, replaces }) => [inReplyTo, replaces?.mid ?? null]);
  return {
    root,
    runs,
    count: all.length,
    shown,
    question: questionOf(shown ?? last ?? null, all),
    mids: new Set(mids.filter((mid) => mid !== null)),
    isAwaited
  };
}

/** The message that was written: one that only asked for another answer repeats the text of another. */
function questionOf(run: Run | null, all: readonly Run[]): string | null {
  const passed = new Set<Run>();
  for (let at = run; at !== null;) {
    const { inReplyTo, replaces } = at;
    if (replaces?.how !== 'regenerates' || passed.has(at)) return inReplyTo;
    passed.add(at);
    const before = all.find((one) => one.inReplyTo === replaces.mid);
    if (before === undefined) return replaces.mid;
    at = before;
  }
  return null;
}

/** Returns the version that is so many after another one, or before it; null when there is none. */
export function turned({ runs, count }: Versions, from: string, by: number): ChosenVersion | null {
  const to = runs[runs.findIndex(({ run }) => run === from) + by];
  return to === undefined ? null : { run: to.run, count };
}

/** Whether a version has ended without having begun: what was there before stays the answer. */
function isWithdrawn({ startOffset, endOffset }: Run): boolean {
  return startOffset === null && endOffset !== null;
}

function placeOf({ startOffset, endOffset }: Run): number {
  return startOffset ?? endOffset ?? Number.MAX_SAFE_INTEGER;
}
