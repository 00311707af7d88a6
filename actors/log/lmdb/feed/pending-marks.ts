/**
 * Which messages the analytics store does not have: one mark per thread, the first such offset, and no mark when there
 * is none. A thread that is busy has its mark already, so its appends write nothing more than before.
 *
 * Every change is decided when its job is written into a commit, not when it is queued: within and across commits the
 * order of writing is the order in which the disk will see it, and a head says what that leaves (`written`, `pending`).
 * So an append that shares a commit with the take before it sees that the mark has gone, and writes it anew.
 * @see docs/adr/0007-feed-of-pending-marks.md
 */
import { pendingKey, within } from '../log-keys.js';
import type { LogStore, LogWrite } from '../log-store.js';
import type { Head } from '../thread-heads.js';

/** The marks of one log. A mark never names an offset that has not been written. */
export class PendingMarks {
  readonly #store: LogStore;
  #threads = 0;

  constructor(store: LogStore) {
    this.#store = store;
    this.count();
  }

  /** Number of threads with a mark, counting the commit in progress. */
  get threads(): number {
    return this.#threads;
  }

  /** Counts the marks on disk. No write may be in progress. */
  count(): void {
    this.#threads = this.#store.count(within('p'));
  }

  /** Marks the thread as pending when an entry is written. */
  append(head: Head, offset: number, into: LogWrite[]): void {
    head.written = offset;
    if (head.pending === null) this.#set(head, offset, into);
  }

  /** Notes that the store has the entries `from` to `upTo`. Does nothing when it lacks some before them. */
  take(head: Head, from: number, upTo: number, into: LogWrite[]): void {
    if (head.pending === null || head.pending > upTo) return;
    if (from > Math.max(head.pending, head.first)) return;
    this.#set(head, upTo < head.written ? upTo + 1 : null, into);
  }

  /** Marks all kept entries as not taken. */
  rewind(head: Head, into: LogWrite[]): void {
    this.#set(head, head.first <= head.written ? head.first : null, into);
  }

  /** Follows the removal of entries before `first`; the mark is removed too when no pending entry is left. */
  trim(head: Head, into: LogWrite[]): void {
    if (head.pending !== null && head.first > head.written) this.#set(head, null, into);
  }

  #set(head: Head, pending: number | null, into: LogWrite[]): void {
    if (pending === head.pending) return;
    this.#threads += Number(pending !== null) - Number(head.pending !== null);
    head.pending = pending;
    const value = pending === null ? null : String(pending);
    into.push({ key: pendingKey(head.thread), value });
  }
}
