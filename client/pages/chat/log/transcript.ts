import {
  foldRun,
  runOf,
  type Gap,
  type MessageFrame,
  type Outgoing,
  type Run
} from '../../../sdk/client.js';
import { MessageWindow } from '../../../sdk/thread/message-window.js';
import { isOpen } from '../../../sdk/thread/runs/run.js';

/**
 * Most messages kept and shown of one thread; dropped ones are loaded again on scrolling. With this many, a new message
 * costs about 25 ms when a two-core machine draws in software, and the cost grows with the number.
 */
export const TRANSCRIPT_MAX = 2_000;

/** Messages of one author less than this apart, in milliseconds, are grouped under one name. */
export const GROUP_MS = 5 * 60_000;

/** A message of this user that the server has not sent back yet. */
export interface Draft extends Outgoing {
  /** Offset of the newest message when this one was written. A failed message stays after that one. */
  readonly after: number;
}

/** One row of the log. Its `key` never changes. */
export type Row =
  | { readonly type: 'day'; readonly key: string; readonly at: number }
  | { readonly type: 'gap'; readonly key: string; readonly gap: Gap }
  | {
      readonly type: 'message';
      readonly key: string;
      readonly message: MessageFrame;
      readonly own: boolean;
      /** First of a group: shows author and time. */
      readonly first: boolean;
    }
  | {
      /** One block for all entries of a run. */
      readonly type: 'run';
      readonly key: string;
      readonly run: Run;
      /** Whether the run is still going on. */
      readonly live: boolean;
      /** When it began, Unix milliseconds; null when its beginning is not in the window. */
      readonly at: number | null;
    }
  | {
      readonly type: 'draft';
      readonly key: string;
      readonly draft: Draft;
      readonly first: boolean;
    };

/** The rows that the page shows of one thread: a window of its log, with all entries of a run in one row. */
export class Transcript {
  readonly #window: MessageWindow;
  /** Runs that have an entry in the window, and runs that are going on. */
  readonly #runs = new Map<string, Run>();
  /** Ids of the runs that are going on. */
  readonly #live = new Set<string>();

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

  /** Returns the row of a run; undefined when there is none. */
  runRow(id: string): Extract<Row, { type: 'run' }> | undefined {
    const run = this.#runs.get(id);
    return run === undefined ? undefined : this.#runRow(run);
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
    const rows: Row[] = [];
    const failed = drafts.filter(({ state }) => state === 'failed');
    const runs = new Set<string>();
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
    for (const entry of this.#window.items) {
      addFailedBefore(entry.type === 'gap' ? entry.gap.from : entry.message.offset);
      if (entry.type === 'gap') {
        const { gap } = entry;
        rows.push({ type: 'gap', key: `gap ${String(gap.from)} ${String(gap.to)}`, gap });
        author = null;
        continue;
      }
      const { message } = entry;
      const run = this.#runs.get(runOf(message) ?? '');
      if (run !== undefined) {
        if (runs.has(run.run)) continue;
        runs.add(run.run);
        follow(message.mid, message.from.user, message.at);
        author = null;
        rows.push(this.#runRow(run, message));
        continue;
      }
      const who = message.from.user;
      const first = follow(message.mid, who, message.at);
      // The stored message has the key of its draft, so that it takes over the draft's place.
      rows.push({ type: 'message', key: message.mid, message, own: who === user, first });
    }
    if (this.#window.detached) return rows;
    // These runs are going on, but their entries are in history that is not loaded.
    for (const id of this.#live) {
      if (!runs.has(id)) rows.push(...[this.runRow(id)].filter((row) => row !== undefined));
      author = null;
    }
    addFailedBefore(Infinity);
    for (const draft of drafts) if (draft.state !== 'failed') add(draft);
    return rows;
  }

  #runRow(run: Run, first?: MessageFrame): Extract<Row, { type: 'run' }> {
    const live = this.#live.has(run.run) && run.endOffset === null;
    const at = first?.at ?? this.#beginning(run);
    return { type: 'run', key: `run ${run.run}`, run, live, at };
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
    if (run !== undefined) this.#runs.set(id, run);
  }

  /** Removes the runs that are not going on and have no entry in the window. */
  #forgetRuns(): void {
    if (this.#runs.size === 0) return;
    const kept = new Set(this.#live);
    for (const entry of this.#window.items) {
      if (entry.type === 'message') kept.add(runOf(entry.message) ?? '');
    }
    for (const id of this.#runs.keys()) if (!kept.has(id)) this.#runs.delete(id);
  }
}

/** Begin and end of the local day of a time, in Unix milliseconds. */
function dayOf(at: number): [number, number] {
  const date = new Date(at);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return [new Date(year, month, day).getTime(), new Date(year, month, day + 1).getTime()];
}
