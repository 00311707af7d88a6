import {
  foldRun,
  runOf,
  type Gap,
  type MessageFrame,
  type Outgoing,
  type Run
} from '../../../sdk/client.js';
import { MessageWindow } from '../../../sdk/thread/message-window.js';

/**
 * Messages kept (and shown) of one thread; what is dropped comes back from the server on scrolling. Drawn in
 * software on two cores, a new message costs about 25 ms of work at this size, and it grows with it.
 */
export const TRANSCRIPT_MAX = 2_000;

/** Messages of one author closer than this, in milliseconds, stand under one name. */
export const GROUP_MS = 5 * 60_000;

/** One line of the page, top to bottom. `key` names it for as long as it exists. */
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
      /** Whether more of it is to come. */
      readonly live: boolean;
      /** When it began, Unix milliseconds; null when its beginning is not in the window. */
      readonly at: number | null;
    }
  | {
      readonly type: 'draft';
      readonly key: string;
      readonly draft: Outgoing;
      readonly first: boolean;
    };

/** What one thread's page shows of its log, without the page: a window of it, with the runs of agents in one piece each. */
export class Transcript {
  readonly #window: MessageWindow;
  /** Runs that have an entry in the window, and those that go on. */
  readonly #runs = new Map<string, Run>();
  /** Runs that the server has said go on. */
  readonly #live = new Set<string>();

  constructor(limit: number = TRANSCRIPT_MAX) {
    this.#window = new MessageWindow(limit);
  }

  /** The messages and gaps of the log that are shown. */
  get window(): Pick<MessageWindow, 'items' | 'oldest' | 'newest' | 'detached' | 'trimmed'> {
    return this.#window;
  }

  /** Adds a message that has come. */
  append(message: MessageFrame): void {
    // The beginning of a run may be in the window when its end is not.
    if (this.#window.append(message) || this.#runs.has(runOf(message) ?? '')) this.#fold(message);
    this.#forgetRuns();
  }

  /** Puts a page of history before everything. */
  prepend(messages: readonly MessageFrame[]): void {
    for (const message of this.#window.prepend(messages)) this.#fold(message);
    this.#forgetRuns();
  }

  /**
   * Takes what the SDK knows of a run: the answer so far is not in the log. True when more than that has changed, so
   * that all rows are to be asked for again.
   */
  track(run: Run): boolean {
    const known = this.#runs.get(run.run);
    const wasLive = this.#live.has(run.run);
    const isLive = run.state === 'streaming';
    // The log has said how it ended; entries come before what the SDK makes of them.
    const isOver = run.endOffset !== null || (known !== undefined && known.endOffset !== null);
    if (isOver) {
      this.#live.delete(run.run);
      return wasLive;
    }
    if (isLive) this.#live.add(run.run);
    else this.#live.delete(run.run);
    const { state, text, hole, truncated, inReplyTo } = run;
    this.#runs.set(
      run.run,
      known === undefined ? run : { ...known, state, text, hole, truncated, inReplyTo }
    );
    return known === undefined || isLive !== wasLive || known.state !== state;
  }

  /** Answers the row of a run; undefined when there is none. */
  runRow(id: string): Extract<Row, { type: 'run' }> | undefined {
    const run = this.#runs.get(id);
    return run === undefined ? undefined : this.#runRow(run);
  }

  /** Puts messages into a hole that the server has after all; see {@link MessageWindow.fill}. */
  fill(gap: Gap, messages: readonly MessageFrame[], more: boolean): void {
    for (const message of messages) this.#fold(message);
    this.#window.fill(gap, messages, more);
    this.#forgetRuns();
  }

  /** Marks a hole at the end. When the thread began anew, what was shown is no part of it: only the mark is left. */
  mark(gap: Gap): void {
    this.#window.mark(gap);
    if (gap.reason === 'epoch') {
      this.#live.clear();
      this.#runs.clear();
    }
    this.#forgetRuns();
  }

  /** Forgets all, to be filled from the end again. */
  clear(): void {
    this.#window.clear();
    this.#forgetRuns();
  }

  /** Answers what to show to this user, with what they have on the way behind it. */
  rows(user: string, outgoing: readonly Outgoing[] = []): Row[] {
    const rows: Row[] = [];
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
    for (const entry of this.#window.items) {
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
      // The author's own copy keeps the place its draft had on the page.
      rows.push({ type: 'message', key: message.mid, message, own: who === user, first });
    }
    if (this.#window.detached) return rows;
    // Of these only the end is known: their entries are in the history that has not been asked for.
    for (const id of this.#live) {
      if (!runs.has(id)) rows.push(...[this.runRow(id)].filter((row) => row !== undefined));
      author = null;
    }
    for (const draft of outgoing) {
      const first = follow(draft.mid, user, draft.at);
      rows.push({ type: 'draft', key: draft.mid, draft, first });
    }
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

  /** Forgets the runs of which nothing is in the window any more. */
  #forgetRuns(): void {
    if (this.#runs.size === 0) return;
    const kept = new Set(this.#live);
    for (const entry of this.#window.items) {
      if (entry.type === 'message') kept.add(runOf(entry.message) ?? '');
    }
    for (const id of this.#runs.keys()) if (!kept.has(id)) this.#runs.delete(id);
  }
}

/** Begin and end of the day that a moment is in, as the clock on the wall has it; in Unix milliseconds. */
function dayOf(at: number): [number, number] {
  const date = new Date(at);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return [new Date(year, month, day).getTime(), new Date(year, month, day + 1).getTime()];
}
