/** Reads the entries that the analytics store does not have, thread after thread. */
import { orDamaged } from '../log-errors.js';
import { AFTER_ALL, entryKey, within, type LogKey } from './log-keys.js';
import type { LogStore } from './log-store.js';
import type { FeedEntry } from '../analytics-feed.js';
import type { ThreadEpoch } from '../replica.js';
import type { ThreadHeads } from './thread-heads.js';

/** Marks read at once: a fraction of a millisecond, and few are wasted when the first thread fills the page. */
const KEYS_A_STEP = 64;

/** Options of {@link PendingEntries}. */
export interface PendingEntriesOptions {
  readonly store: LogStore;
  readonly heads: ThreadHeads;
  readonly epochOf: (thread: string) => ThreadEpoch;
}

/** A range of one thread's entries without a hole. */
export interface Span {
  readonly from: number;
  readonly upTo: number;
}

/** Where a page ended: the thread read last, and its entry. */
export interface PageEnd {
  readonly thread: string;
  readonly upTo: number;
  /** The thread after which the first page of the round began; null when it began with the first of all. */
  readonly start: string | null;
  /** Whether the round has begun with the first thread again. */
  readonly isRound: boolean;
}

/** The entries read; `more` says that there are others. */
export interface EntryPage {
  readonly entries: FeedEntry[];
  /** The range read of each thread. */
  readonly spans: Map<string, Span>;
  /** Null when nothing was read, nor before. */
  end: PageEnd | null;
  more: boolean;
}

/** A place in the round: before the threads between two keys, and whether they come after the turn. */
interface Stretch {
  readonly from: LogKey;
  readonly to: LogKey;
  readonly isRound: boolean;
}

/** The pending entries of one log. */
export class PendingEntries {
  readonly #options: PendingEntriesOptions;
  /** The thread that was read last. */
  #place: string | null = null;

  constructor(options: PendingEntriesOptions) {
    this.#options = options;
  }

  /**
   * Reads at most `limit` entries and about `maxChars` characters of frames, but at least one entry. Does not
   * advance. With `after`, the end of a page, it goes on there, up to where the round began.
   */
  read(limit: number, maxChars: number, after: PageEnd | null = null): EntryPage {
    const page: EntryPage = { entries: [], spans: new Map(), end: after, more: false };
    const start = after === null ? this.#place : after.start;
    let chars = 0;
    for (const stretch of stretches(start, after)) {
      for (const thread of this.#between(stretch.from, stretch.to)) {
        const span = this.#pending(thread, after?.thread === thread ? after.upTo + 1 : 0);
        if (span === null) continue;
        if (page.entries.length >= limit || chars >= maxChars) page.more = true;
        else chars += this.#fill(page, thread, span, limit - page.entries.length, maxChars - chars);
        const upTo = page.spans.get(thread)?.upTo;
        if (upTo !== undefined) page.end = { thread, upTo, start, isRound: stretch.isRound };
        if (page.more) return page;
      }
    }
    return page;
  }

  /** Makes the next read begin after this thread. */
  moveOn(thread: string): void {
    this.#place = thread;
  }

  /**
   * Reads in steps, so that no cursor is open while entries are read: an unreadable entry would break the cursor too.
   */
  *#between(start: LogKey, to: LogKey): Generator<string, void> {
    let from: LogKey | null = start;
    while (from !== null) {
      const keys: LogKey[] = [...this.#options.store.keys({ from, to, limit: KEYS_A_STEP })];
      for (const key of keys) yield String(key[1]);
      const last = keys.at(-1);
      from = last === undefined || keys.length < KEYS_A_STEP ? null : [...last, AFTER_ALL];
    }
  }

  /**
   * The entries of a thread that may be given; null when there are none: they are being taken, not durable yet or
   * damaged.
   */
  #pending(thread: string, least: number): Span | null {
    const head = orDamaged(() => this.#options.heads.peek(thread), null);
    const pending = head?.pending ?? null;
    if (head === null || pending === null) return null;
    const from = Math.max(head.first, pending, least);
    return from > head.last ? null : { from, upTo: head.last };
  }

  /** Adds as many entries of a thread as fit and answers their characters. */
  #fill(
    page: EntryPage,
    thread: string,
    { from, upTo }: Span,
    limit: number,
    maxChars: number
  ): number {
    const { store, epochOf } = this.#options;
    const { epoch } = epochOf(thread);
    const { entries } = page;
    const to = Math.min(upTo, from + limit - 1);
    let chars = 0;
    let last = from - 1;
    // Read singly: a batch has a few entries each of many threads, and a cursor costs as much as several reads.
    for (let offset = from; offset <= to; offset += 1) {
      // A damaged or missing entry is passed over: it would keep all that follow from the store. `log check` names it.
      const frame = orDamaged(() => store.get(entryKey(thread, offset)), undefined);
      if (frame !== undefined) {
        if (entries.length > 0 && chars + frame.length > maxChars) break;
        chars += frame.length;
        entries.push({ thread, epoch, offset, frame });
      }
      last = offset;
    }
    if (last >= from) page.spans.set(thread, { from, upTo: last });
    if (last < upTo && entries.length > 0) page.more = true;
    return chars;
  }
}

/** What is left of a round of all threads that began after `start`: from there to the last one, then from the first. */
function stretches(start: string | null, after: PageEnd | null): Stretch[] {
  const { from, to } = within('p');
  const place: LogKey = start === null ? from : ['p', start, AFTER_ALL];
  const here: LogKey = after === null ? place : ['p', after.thread];
  const first = { from, to: place, isRound: true };
  return after?.isRound === true
    ? [{ ...first, from: here }]
    : [{ from: here, to, isRound: false }, first];
}
