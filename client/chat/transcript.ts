import { foldRun, runOf, type Gap, type MessageFrame, type Run } from '../client.js';

/**
 * Messages kept (and shown) of one thread; what is dropped comes back from the server on scrolling. Drawn in
 * software on two cores, a new message costs about 25 ms of work at this size, and it grows with it.
 */
export const TRANSCRIPT_MAX = 2_000;

/** Part of a full window that is dropped at once: every drop moves all that is below it. */
const TRIM_PART = 0.1;

/** Messages of one author closer than this, in milliseconds, stand under one name. */
export const GROUP_MS = 5 * 60_000;

/** A message of one's own that is not in the log yet. */
export interface Draft {
  readonly mid: string;
  readonly text: string;
  /** When it was sent, Unix milliseconds. */
  readonly at: number;
  readonly state: 'sending' | 'sent' | 'failed';
  /** Why it failed, in words; empty when it did not. */
  readonly problem: string;
}

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
      readonly draft: Draft;
      readonly first: boolean;
    };

type Entry =
  | { readonly type: 'message'; readonly message: MessageFrame }
  | { readonly type: 'gap'; readonly gap: Gap };

/** What one thread's page shows, without the page: a window of the log, and drafts behind it. */
export class Transcript {
  readonly #limit: number;
  readonly #entries: Entry[] = [];
  readonly #drafts = new Map<string, Draft>();
  /** Runs that have an entry in the window, and those that go on. */
  readonly #runs = new Map<string, Run>();
  /** Runs that the server has said go on. */
  readonly #live = new Set<string>();
  #detached = false;
  #trimmed = false;

  constructor(limit: number = TRANSCRIPT_MAX) {
    this.#limit = limit;
  }

  /** Whether newer messages were dropped to make room for older ones: the window does not reach the end any more. */
  get detached(): boolean {
    return this.#detached;
  }

  /** Whether older messages were dropped to make room for newer ones: the server has more before the window. */
  get trimmed(): boolean {
    return this.#trimmed;
  }

  /** Entries kept. */
  get size(): number {
    return this.#entries.length;
  }

  /** Offset of the oldest message; null when there is none. */
  get oldest(): number | null {
    const entry = this.#entries.find(({ type }) => type === 'message');
    return entry?.type === 'message' ? entry.message.offset : null;
  }

  /** Offset of the newest message; null when there is none. */
  get newest(): number | null {
    const entry = this.#entries.findLast(({ type }) => type === 'message');
    return entry?.type === 'message' ? entry.message.offset : null;
  }

  /** Adds a message that has come; the oldest are dropped past the limit. A detached window only takes note of drafts. */
  append(message: MessageFrame): void {
    this.#drafts.delete(message.mid);
    if (this.#detached || message.offset <= (this.newest ?? 0)) {
      // The beginning of a run may be in the window when its end is not.
      if (this.#runs.has(runOf(message) ?? '')) this.#fold(message);
      return;
    }
    this.#fold(message);
    this.#entries.push({ type: 'message', message });
    this.#trim();
  }

  /** Puts a page of history before everything; past the limit the newest are dropped and the window is detached. */
  prepend(messages: readonly MessageFrame[]): void {
    this.#trimmed = false;
    const oldest = this.oldest ?? Infinity;
    const older = messages.filter(({ offset }) => offset < oldest);
    for (const { mid } of older) this.#drafts.delete(mid);
    for (const message of older) this.#fold(message);
    this.#entries.unshift(...older.map((message): Entry => ({ type: 'message', message })));
    if (this.#entries.length <= this.#limit) return;
    this.#entries.length = this.#limit;
    this.#detached = true;
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

  /**
   * Puts messages into a hole that the server has after all: the newest of those that are missed. What is left before
   * them stays a hole, unless there is no more to be had.
   */
  fill(gap: Gap, messages: readonly MessageFrame[], more: boolean): void {
    const index = this.#entries.findIndex((entry) => entry.type === 'gap' && entry.gap === gap);
    if (index < 0) return;
    const found = messages.filter(({ offset }) => offset >= gap.from && offset <= gap.to);
    const [first] = found;
    const to = first === undefined ? gap.to : first.offset - 1;
    const left: Entry[] = [];
    if (to >= gap.from) {
      const reason = first !== undefined && more ? gap.reason : 'trimmed';
      left.push({ type: 'gap', gap: { from: gap.from, to, reason } });
    }
    for (const message of found) this.#fold(message);
    const entries = found.map((message): Entry => ({ type: 'message', message }));
    this.#entries.splice(index, 1, ...left, ...entries);
    this.#trim();
  }

  /** Marks a hole at the end. When the thread began anew, what was shown is no part of it: only the mark is left. */
  mark(gap: Gap): void {
    if (gap.reason === 'epoch') {
      this.clear();
      this.#live.clear();
      this.#runs.clear();
    }
    if (this.#detached) return;
    this.#entries.push({ type: 'gap', gap });
    this.#trim();
  }

  /** Forgets all but the drafts, to be filled from the end again. */
  clear(): void {
    this.#entries.length = 0;
    this.#detached = false;
    this.#trimmed = false;
    this.#forgetRuns();
  }

  /** Adds or changes a draft. A message that has come already wins. */
  draft(draft: Draft): void {
    const kept = this.#entries.some(
      (entry) => entry.type === 'message' && entry.message.mid === draft.mid
    );
    if (!kept) this.#drafts.set(draft.mid, draft);
  }

  /** Answers a draft; undefined when there is none. */
  draftOf(mid: string): Draft | undefined {
    return this.#drafts.get(mid);
  }

  /** Drops a draft. */
  discard(mid: string): void {
    this.#drafts.delete(mid);
  }

  /** Answers what to show to this user. */
  rows(user: string): Row[] {
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
    for (const entry of this.#entries) {
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
    if (this.#detached) return rows;
    // Of these only the end is known: their entries are in the history that has not been asked for.
    for (const id of this.#live) {
      if (!runs.has(id)) rows.push(...[this.runRow(id)].filter((row) => row !== undefined));
      author = null;
    }
    for (const draft of this.#drafts.values()) {
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
    const entry = this.#entries.find((one) => one.type === 'message' && runOf(one.message) === run);
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
    const kept = new Set(this.#live);
    for (const entry of this.#entries) {
      if (entry.type === 'message') kept.add(runOf(entry.message) ?? '');
    }
    for (const id of this.#runs.keys()) if (!kept.has(id)) this.#runs.delete(id);
  }

  #trim(): void {
    const over = this.#entries.length - this.#limit;
    if (over <= 0) return;
    this.#entries.splice(0, Math.max(over, Math.floor(this.#limit * TRIM_PART), 1));
    this.#trimmed = true;
    this.#forgetRuns();
  }
}

/** Begin and end of the day that a moment is in, as the clock on the wall has it; in Unix milliseconds. */
function dayOf(at: number): [number, number] {
  const date = new Date(at);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return [new Date(year, month, day).getTime(), new Date(year, month, day + 1).getTime()];
}
