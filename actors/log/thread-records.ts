/**
 * Records of threads besides their messages. Reads are synchronous and throw `LogUnavailableError` while the log cannot
 * be read. Writes resolve when they are durable, and reject with that error when nothing was stored.
 */
import type { LogEntry, ThreadHead } from './log-reader.js';

/** A thread with messages that nobody has got yet, kept across restarts. `from` is the first such offset. */
export interface Unwatched {
  readonly thread: string;
  readonly from: number;
  /** When the first of them was stored, Unix milliseconds. */
  readonly since: number;
  readonly state: 'waiting' | 'undelivered';
}

/** A row of a user's list of threads. */
export interface UserThread {
  readonly thread: string;
  readonly head: ThreadHead;
  readonly read: number;
  readonly last: LogEntry | null;
}

/** Owners, read marks, users' own threads, and marks of messages that nobody has got. */
export interface ThreadRecords {
  /** Sets the owner of a thread, in place of the first publisher. `head` shows it once it is durable. */
  setOwner(thread: string, owner: string): Promise<void>;
  /** Returns the read mark of a user in a thread; 0 when there is none. */
  readMark(thread: string, user: string): number;
  /** Moves a read mark forward, never back. Resolves to the durable mark. */
  setReadMark(thread: string, user: string, read: number): Promise<number>;
  /** Returns the user's own threads (published to or marked) with `head.at` < `before`, newest first. */
  userThreads(
    user: string,
    before: number,
    limit: number
  ): { threads: UserThread[]; more: boolean };
  /** Notes that a thread has messages that nobody has got; null removes the note. */
  setUnwatched(thread: string, state: Omit<Unwatched, 'thread'> | null): Promise<void>;
  /** Returns the unwatched mark of a thread; null when there is none. */
  unwatched(thread: string): Unwatched | null;
  /** Returns all unwatched marks, lazily. */
  allUnwatched(): Iterable<Unwatched>;
}
