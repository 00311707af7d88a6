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

/** The entries read; `more` says that there are others. */
export interface EntryPage {
  readonly entries: FeedEntry[];
  /** The range read of each thread. */
  readonly spans: Map<string, Span>;
  more: boolean;
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
   * advance.
   */
  read(limit: number, maxChars: number): EntryPage {
    const page: EntryPage = { entries: [], spans: new Map(), more: false };
    let chars = 0;
    for (const thread of this.#threads()) {
      const span = this.#pending(thread);
      if (span === null) continue;
      if (page.entries.length >= limit || chars >= maxChars) page.more = true;
      else chars += this.#fill(page, thread, span, limit - page.entries.length, maxChars - chars);
      if (page.more) break;
    }
    return page;
  }

  /** Makes the next read begin after this thread. */
  moveOn(thread: string): void {
    this.#place = thread;
  }

  *#threads(): Generator<string, void> {
    const { from, to } = within('p');
    const place: LogKey = this.#place === null ? from : ['p', this.#place, AFTER_ALL];
    yield* this.#between(place, to);
    yield* this.#between(from, place);
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
  #pending(thread: string): Span | null {
    const head = orDamaged(() => this.#options.heads.peek(thread), null);
    const pending = head?.pending ?? null;
    if (head === null || pending === null) return null;
    const from = Math.max(head.first, pending);
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
