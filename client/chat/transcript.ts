import type { Gap, MessageFrame } from '../client.js';

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
    if (this.#detached || message.offset <= (this.newest ?? 0)) return;
    this.#entries.push({ type: 'message', message });
    this.#trim();
  }

  /** Puts a page of history before everything; past the limit the newest are dropped and the window is detached. */
  prepend(messages: readonly MessageFrame[]): void {
    this.#trimmed = false;
    const oldest = this.oldest ?? Infinity;
    const older = messages.filter(({ offset }) => offset < oldest);
    for (const { mid } of older) this.#drafts.delete(mid);
    this.#entries.unshift(...older.map((message): Entry => ({ type: 'message', message })));
    if (this.#entries.length <= this.#limit) return;
    this.#entries.length = this.#limit;
    this.#detached = true;
  }

  /** Marks a hole at the end. When the thread began anew, what was shown is no part of it: only the mark is left. */
  mark(gap: Gap): void {
    if (gap.reason === 'epoch') this.clear();
    if (this.#detached) return;
    this.#entries.push({ type: 'gap', gap });
    this.#trim();
  }

  /** Forgets all but the drafts, to be filled from the end again. */
  clear(): void {
    this.#entries.length = 0;
    this.#detached = false;
    this.#trimmed = false;
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
    let day = '';
    let author: string | null = null;
    let last = 0;
    const follow = (key: string, who: string, at: number): boolean => {
      const date = new Date(at).toDateString();
      if (date !== day) {
        rows.push({ type: 'day', key: `day of ${key}`, at });
        author = null;
      }
      day = date;
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
      const who = message.from.user;
      const first = follow(message.mid, who, message.at);
      // The author's own copy keeps the place its draft had on the page.
      rows.push({ type: 'message', key: message.mid, message, own: who === user, first });
    }
    if (this.#detached) return rows;
    for (const draft of this.#drafts.values()) {
      const first = follow(draft.mid, user, draft.at);
      rows.push({ type: 'draft', key: draft.mid, draft, first });
    }
    return rows;
  }

  #trim(): void {
    if (this.#entries.length <= this.#limit) return;
    this.#entries.splice(0, Math.max(1, Math.floor(this.#limit * TRIM_PART)));
    this.#trimmed = true;
  }
}
