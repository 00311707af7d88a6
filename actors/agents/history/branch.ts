/**
 * What an agent reads of its thread: the branch that it answers. Of each question that was regenerated or edited, only
 * the newest version is read, at the place of the first, as people see it (`runBranches` of the SDK has the same rule).
 */
import { isAgentKind } from '../../../protocol/agent-kinds.js';
import { firstVersion } from '../../../protocol/answer-versions.js';
import { ERASED_KIND, isErasedBody } from '../../../protocol/erased.js';
import type { MessageFrame } from '../../../protocol/frames.js';
import { parseMessageFrame } from '../../../protocol/message-frame.js';
import type { LogReader } from '../../log/log-reader.js';
import { readBackPast } from '../../log/read-past.js';
import { AgentError, type RunContext } from '../agent.js';
import type { RunRecord } from '../run-record.js';
import { ownEntry } from './own-entry.js';

/** Most entries of a branch, and most entries of the log that are read before the run and before what it replaces. */
export const HISTORY_MAX = 500;

/** Most versions of a question that are followed back in a log that has more entries between them than are read. */
const VERSIONS_MAX = 64;

/** Bytes that are read to find the start of an old run. */
const PAGE_BYTES = 1_048_576;

/** The run whose branch is read. */
export type BranchRun = Pick<RunRecord, 'run' | 'thread' | 'mid' | 'regenerates' | 'edits'>;

/** What is read of the log. */
export type BranchLog = Pick<LogReader, 'readBefore' | 'read' | 'withMid'>;

/**
 * Returns the message that a run answers, and the reader of its branch.
 * @throws {AgentError} `no_message` when the message is not kept any more
 */
export function readingOf(log: BranchLog, run: BranchRun): Pick<RunContext, 'message' | 'history'> {
  const message = found(log, run.thread, run.mid);
  if (message === null || isErasedBody(message.body)) {
    throw new AgentError('no_message', 'the message to answer is not kept any more');
  }
  return {
    message,
    history: (limit) => {
      const most = Math.max(0, Math.min(Math.floor(limit), HISTORY_MAX));
      return most === 0 ? [] : branchOf(entriesFor(log, run, message), run, message).slice(-most);
    }
  };
}

/** Reads the entries before the run began, and those before the question that it replaces, in the order of the log. */
function entriesFor(log: BranchLog, run: BranchRun, message: MessageFrame): MessageFrame[] {
  const begun = ownEntry(log, run.thread, run.run, 'start')?.offset ?? message.offset;
  const newest = entriesBefore(log, run.thread, begun);
  const replaced = run.regenerates ?? run.edits;
  if (replaced === null) return newest;
  const versions = versionsOf(log, run.thread, replaced);
  const oldest = versions.findLast(({ kind }) => !isAgentKind(kind));
  if (oldest === undefined) return newest;
  const all = [...entriesBefore(log, run.thread, oldest.offset), ...versions, ...newest];
  const byOffset = new Map(all.map((frame) => [frame.offset, frame]));
  return [...byOffset.values()].sort((one, other) => one.offset - other.offset);
}

function entriesBefore(log: BranchLog, thread: string, before: number): MessageFrame[] {
  const rows = readBackPast(log, thread, before, HISTORY_MAX, () => undefined);
  return rows.flatMap(({ frame }) => parseMessageFrame(frame) ?? []);
}

/** Follows the versions of a question back to the first that is kept: their messages, and the starts of their runs. */
function versionsOf(log: BranchLog, thread: string, mid: string): MessageFrame[] {
  const versions: MessageFrame[] = [];
  const passed = new Set<string>();
  let next = mid;
  while (next !== '' && !passed.has(next) && passed.size < VERSIONS_MAX) {
    passed.add(next);
    const version = found(log, thread, next);
    if (version === null) break;
    versions.push(version);
    const later = log.read(thread, version.offset, HISTORY_MAX, PAGE_BYTES);
    const frames = later.flatMap(({ frame }) => parseMessageFrame(frame) ?? []);
    const start = frames.find((frame) => startOf(frame)?.inReplyTo === version.mid);
    if (start === undefined) break;
    versions.push(start);
    next = startOf(start)?.replaces ?? '';
  }
  return versions;
}

function found(log: BranchLog, thread: string, mid: string): MessageFrame | null {
  const [row] = log.withMid(mid, 1, thread);
  return row === undefined ? null : parseMessageFrame(row.frame);
}

interface Place {
  readonly frame: MessageFrame;
  readonly at: readonly [number, number];
}

/**
 * Folds entries into the branch that a run answers. A message that was answered stands where its run began, since it may
 * have waited in the queue while others were answered. What a run replaces is left out, with everything after it. So is what
 * was erased.
 * @param entries in the order of the log
 */
export function branchOf(
  entries: readonly MessageFrame[],
  run: Pick<BranchRun, 'mid' | 'regenerates' | 'edits'>,
  message: Pick<MessageFrame, 'offset'>
): MessageFrame[] {
  const questions = new Map<string, string>();
  const begunAt = new Map<string, number>();
  const replaced = new Map<string, string>();
  for (const [index, frame] of entries.entries()) {
    const start = startOf(frame);
    if (start === null) continue;
    questions.set(start.run, start.inReplyTo);
    begunAt.set(start.inReplyTo, index);
    if (start.replaces !== null) replaced.set(start.inReplyTo, start.replaces);
  }
  const own = run.regenerates ?? run.edits;
  if (own !== null) replaced.set(run.mid, own);
  const shown = new Map<string, string>();
  for (const mid of [...begunAt.keys(), run.mid]) shown.set(firstVersion(mid, replaced), mid);

  /** Where each message stands, and where the first kept version of each question stands. */
  const places = new Map<string, number>();
  const firstPlaces = new Map<string, number>();
  for (const [index, { mid, kind }] of entries.entries()) {
    if (isAgentKind(kind) || mid === run.mid) continue;
    const begun = begunAt.get(mid);
    const place = begun === undefined ? index : begun - 0.5;
    const first = firstVersion(mid, replaced);
    places.set(mid, place);
    firstPlaces.set(first, Math.min(place, firstPlaces.get(first) ?? Infinity));
  }
  const end = firstPlaces.get(firstVersion(run.mid, replaced)) ?? Infinity;
  const placed: Place[] = [];
  for (const [index, frame] of entries.entries()) {
    const isMessage = !isAgentKind(frame.kind);
    const question = isMessage ? frame.mid : questions.get(runIn(frame));
    const waits =
      frame.kind === 'user_message' && frame.offset > message.offset && !begunAt.has(frame.mid);
    if (question === run.mid || waits) continue;
    const first = question === undefined ? undefined : firstVersion(question, replaced);
    if (first !== undefined && (shown.get(first) ?? question) !== question) continue;
    const place = (isMessage ? places.get(frame.mid) : undefined) ?? index;
    const isMoved = first !== undefined && first !== question;
    const at = isMoved ? (firstPlaces.get(first) ?? place) : place;
    if (at < end) placed.push({ frame, at: [at, place] });
  }
  return placed
    .sort(({ at: one }, { at: other }) => one[0] - other[0] || one[1] - other[1])
    .map(({ frame }) => frame)
    .filter(({ kind, body }) => kind !== ERASED_KIND && !isErasedBody(body));
}

interface Start {
  readonly run: string;
  readonly inReplyTo: string;
  readonly replaces: string | null;
}

/** Returns what an entry says about the begin of a run; null when it is none. */
function startOf(frame: MessageFrame): Start | null {
  if (frame.kind !== 'agent_started') return null;
  const inReplyTo = textIn(frame, 'inReplyTo');
  if (inReplyTo === '') return null;
  const replaces = textIn(frame, 'regenerates') || textIn(frame, 'edits');
  return { run: runIn(frame), inReplyTo, replaces: replaces === '' ? null : replaces };
}

/** The run of an entry; empty when it is of none. */
function runIn(frame: MessageFrame): string {
  return textIn(frame, 'run');
}

function textIn({ body }: MessageFrame, name: string): string {
  const value: unknown =
    typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' ? value : '';
}
