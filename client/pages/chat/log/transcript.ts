import {
  foldRun,
  isErasure,
  runOf,
  type Gap,
  type MessageFrame,
  type Run
} from '../../../sdk/client.js';
import { MessageWindow } from '../../../sdk/thread/message-window.js';
import { isOpen, type RunReplaces } from '../../../sdk/thread/runs/run.js';
import { foldNotes, NO_NOTES, type RunNotes } from '../agents/run-notes.js';
import { indexVersions, turned, type ChosenVersion, type Versions } from '../agents/versions.js';
import type { Draft, Row, RunRow } from './rows.js';

/**
 * Most messages kept and shown of one thread; dropped ones are loaded again on scrolling. With this many, a new message
 * costs about 25 ms when a two-core machine draws in software, and the cost grows with the number.
 */
export const TRANSCRIPT_MAX = 2_000;

/** Most answers of which a chosen version is remembered; the choice made longest ago is dropped first. */
const CHOSEN_MAX = 200;

/** Messages of one author less than this apart, in milliseconds, are grouped under one name. */
export const GROUP_MS = 5 * 60_000;

/** The rows that the page shows of one thread: a window of its log, with all entries of a run in one row. */
export class Transcript {
  readonly #window: MessageWindow;
  /** Runs that have an entry in the window, and runs that are going on. */
  readonly #runs = new Map<string, Run>();
  /** Ids of the runs that are going on, in the order in which they came. */
  readonly #live = new Set<string>();
  readonly #notes = new Map<string, RunNotes>();
  /** What this user's messages replace whose runs have not begun, by `mid`. */
  readonly #replaces = new Map<string, RunReplaces>();
  readonly #chosen = new Map<string, ChosenVersion>();
  /** The answers with several versions, and the messages that runs answer, as they were drawn last. */
  #versions = indexVersions([], new Map(), new Map());
  #questions: ReadonlyMap<string, MessageFrame> = new Map();

  constructor(limit: number = TRANSCRIPT_MAX) {
    this.#window = new MessageWindow(limit);
  }

  /** The messages and gaps that are shown. */
  get window(): Pick<MessageWindow, 'items' | 'oldest' | 'newest' | 'detached' | 'trimmed'> {
    return this.#window;
  }

  /** Adds a new message at the end. */
  append(message: MessageFrame): void {
    // A run may have its beginning in the window when its end is not.
    if (this.#window.append(message) || this.#runs.has(runOf(message) ?? '')) this.#fold(message);
    this.#forgetRuns();
  }

  /** Adds a page of older messages at the beginning. */
  prepend(messages: readonly MessageFrame[]): void {
    for (const message of this.#window.prepend(messages)) this.#fold(message);
    this.#forgetRuns();
  }

  /**
   * Takes the SDK's state of a run, which has the answer so far; the log does not have it yet. Returns true when more
   * than the answer has changed, so that all rows must be made again.
   */
  track(run: Run): boolean {
    const known = this.#runs.get(run.run);
    const wasLive = this.#live.has(run.run);
    const isLive = isOpen(run);
    // The log has the end of the run already: an entry arrives before the SDK's state that is made from it.
    const isOver = run.endOffset !== null || (known !== undefined && known.endOffset !== null);
    if (isOver) {
      this.#live.delete(run.run);
      return wasLive;
    }
    if (isLive) this.#live.add(run.run);
    else this.#live.delete(run.run);
    const { state, text, hole, truncated, inReplyTo, agent, ask, attempt } = run;
    const told = { state, text, hole, truncated, inReplyTo, ask, attempt };
    this.#runs.set(
      run.run,
      known === undefined ? run : { ...known, ...told, agent: agent ?? known.agent }
    );
    return known === undefined || isLive !== wasLive || known.state !== state;
  }

  /** Notes what a message of this user replaces: the log does not tell before its run begins. */
  sent({ mid, state, regenerates, edits }: Omit<Draft, 'after'>): void {
    if (state === 'failed') this.#replaces.delete(mid);
    else if (regenerates !== undefined) {
      this.#replaces.set(mid, { how: 'regenerates', mid: regenerates });
    } else if (edits !== undefined) this.#replaces.set(mid, { how: 'edits', mid: edits });
  }

  /** Whether an agent has answered a message, or is about to. */
  isAnswered(mid: string): boolean {
    if (this.#versions.byMid.has(mid)) return true;
    return [...this.#runs.values()].some(({ inReplyTo }) => inReplyTo === mid);
  }

  /** Shows another version of an answer: so many after the one of this run, or before it. */
  turn(run: string, by: number): void {
    const versions = this.#versions.byRun.get(run);
    const chosen = versions === undefined ? null : turned(versions, run, by);
    if (versions === undefined || chosen === null) return;
    this.#chosen.delete(versions.root);
    this.#chosen.set(versions.root, chosen);
    const [oldest] = this.#chosen.keys();
    if (this.#chosen.size > CHOSEN_MAX && oldest !== undefined) this.#chosen.delete(oldest);
  }

  /** Returns the row of a run; undefined when there is none, and when another version is shown in its place. */
  runRow(id: string): RunRow | undefined {
    const run = this.#runs.get(id);
    const shown = this.#versions.byRun.get(id);
    if (run === undefined || (shown !== undefined && shown.shown?.run !== id)) return undefined;
    return this.#runRow(run, shown);
  }

  /** Fills a gap with messages that the server still has; see {@link MessageWindow.fill}. */
  fill(gap: Gap, messages: readonly MessageFrame[], more: boolean): void {
    for (const message of messages) this.#fold(message);
    this.#window.fill(gap, messages, more);
    this.#forgetRuns();
  }

  /** Adds a gap at the end. When the thread has started over, the old messages are removed and only the gap stays. */
  mark(gap: Gap): void {
    this.#window.mark(gap);
    if (gap.reason === 'epoch') {
      this.#live.clear();
      this.#runs.clear();
      this.#notes.clear();
      this.#replaces.clear();
      this.#chosen.clear();
    }
    this.#forgetRuns();
  }

  /** Shows a page of history instead; see {@link MessageWindow.replace}. */
  replace(messages: readonly MessageFrame[], isEnd: boolean): void {
    this.#window.replace(messages, isEnd);
    this.#forgetRuns();
    for (const message of messages) this.#fold(message);
  }

  /** Removes all messages and gaps, so that the transcript can be filled from the end again. */
  clear(): void {
    this.#window.clear();
    this.#forgetRuns();
  }

  /**
   * Returns the rows for this user. Messages being sent are at the end, where they will be stored; a failed one is where
   * it was written.
   */
  rows(user: string, drafts: readonly Draft[] = []): Row[] {
    this.#index();
    const rows: Row[] = [];
    const failed = drafts.filter(({ state }) => state === 'failed');
    const runs = new Set<string>();
    const answers = new Set<Versions>();
    let dayFrom = Infinity;
    let dayTo = -Infinity;
    let author: string | null = null;
    let last = 0;
    const follow = (key: string, who: string, at: number): boolean => {
      if (at < dayFrom || at >= dayTo) {
        [dayFrom, dayTo] = dayOf(at);
        rows.push({ type: 'day', key: `day of ${key}`, at });
        author = null;
      }
      const first = who !== author || at - last > GROUP_MS;
      author = who;
      last = at;
      return first;
    };
    const add = (draft: Draft): void => {
      const first = follow(draft.mid, user, draft.at);
      rows.push({ type: 'draft', key: draft.mid, draft, first });
    };
    const addFailedBefore = (offset: number): void => {
      while (failed[0] !== undefined && failed[0].after < offset) {
        const [draft] = failed.splice(0, 1);
        if (draft !== undefined) add(draft);
      }
    };
    const addMessage = (message: MessageFrame): void => {
      const who = message.from.user;
      const first = follow(message.mid, who, message.at);
      // The stored message has the key of its draft, so that it takes over the draft's place.
      rows.push({ type: 'message', key: message.mid, message, own: who === user, first });
    };
    const addQuestion = (versions: Versions, message: MessageFrame): void => {
      if (answers.has(versions)) return;
      answers.add(versions);
      const draft = drafts.find(
        ({ mid, state }) => mid === versions.question && state !== 'failed'
      );
      if (draft !== undefined) add(draft);
      else addMessage(this.#questions.get(versions.question ?? '') ?? message);
    };
    for (const entry of this.#window.items) {
      addFailedBefore(entry.type === 'gap' ? entry.gap.from : entry.message.offset);
      if (entry.type === 'gap') {
        const { gap } = entry;
        rows.push({ type: 'gap', key: `gap ${String(gap.from)} ${String(gap.to)}`, gap });
        author = null;
        continue;
      }
      const { message } = entry;
      if (isErasure(message)) continue;
      const found = this.#runs.get(runOf(message) ?? '');
      if (found !== undefined) {
        const versions = this.#versions.byRun.get(found.run);
        const run = versions === undefined ? found : versions.shown;
        if (run === null || runs.has(run.run)) continue;
        runs.add(run.run);
        follow(message.mid, message.from.user, message.at);
        author = null;
        rows.push(this.#runRow(run, versions, message));
        continue;
      }
      const versions = this.#versions.byMid.get(message.mid);
      if (versions === undefined) addMessage(message);
      else addQuestion(versions, message);
    }
    if (this.#window.detached) return rows;
    // These runs are going on, but their entries are in history that is not loaded.
    for (const id of this.#live) {
      if (!runs.has(id)) rows.push(...[this.runRow(id)].filter((row) => row !== undefined));
      author = null;
    }
    addFailedBefore(Infinity);
    for (const draft of drafts) {
      if (draft.state !== 'failed' && !this.#versions.byMid.has(draft.mid)) add(draft);
    }
    return rows;
  }

  #runRow(run: Run, versions: Versions | undefined, first?: MessageFrame): RunRow {
    const live = this.#live.has(run.run) && run.endOffset === null;
    const of = versions?.runs.findIndex((one) => one.run === run.run) ?? 0;
    const before = [...this.#live];
    return {
      type: 'run',
      // All versions have one row, which is updated in place.
      key: `run ${versions?.runs[0]?.run ?? run.run}`,
      run,
      live,
      at: (versions === undefined ? first?.at : undefined) ?? this.#beginning(run),
      notes: this.#notes.get(run.run) ?? NO_NOTES,
      ahead: run.state === 'queued' && live ? before.indexOf(run.run) : 0,
      question: this.#questions.get(versions?.question ?? run.inReplyTo ?? '') ?? null,
      version: { index: of, count: versions?.runs.length ?? 1 },
      isAwaited: versions?.isAwaited === true
    };
  }

  /** Finds the versions of answers, and the messages that runs answer. */
  #index(): void {
    if (this.#runs.size === 0) return;
    const runs = [...this.#runs.values()];
    this.#versions = indexVersions(runs, this.#replaces, this.#chosen);
    const wanted = new Set([...this.#versions.byMid.keys(), ...runs.map((run) => run.inReplyTo)]);
    const questions = new Map<string, MessageFrame>();
    for (const entry of this.#window.items) {
      if (entry.type !== 'message' || !wanted.has(entry.message.mid)) continue;
      questions.set(entry.message.mid, entry.message);
    }
    this.#questions = questions;
  }

  #beginning({ run }: Run): number | null {
    const entry = this.#window.items.find(
      (one) => one.type === 'message' && runOf(one.message) === run
    );
    return entry?.type === 'message' ? entry.message.at : null;
  }

  #fold(message: MessageFrame): void {
    const id = runOf(message);
    if (id === null) return;
    const run = foldRun(this.#runs.get(id), message);
    if (run === undefined) return;
    this.#runs.set(id, run);
    this.#notes.set(id, foldNotes(this.#notes.get(id) ?? NO_NOTES, message));
    if (run.inReplyTo !== null && run.startOffset !== null) this.#replaces.delete(run.inReplyTo);
  }

  /** Removes the runs that are not going on and have no entry in the window. */
  #forgetRuns(): void {
    if (this.#runs.size === 0) return;
    const kept = new Set(this.#live);
    for (const entry of this.#window.items) {
      if (entry.type === 'message') kept.add(runOf(entry.message) ?? '');
    }
    for (const id of this.#runs.keys()) {
      if (kept.has(id)) continue;
      this.#runs.delete(id);
      this.#notes.delete(id);
    }
  }
}

/** Begin and end of the local day of a time, in Unix milliseconds. */
function dayOf(at: number): [number, number] {
  const date = new Date(at);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return [new Date(year, month, day).getTime(), new Date(year, month, day + 1).getTime()];
}
