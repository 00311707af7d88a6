/**
 * What is kept of threads besides their messages. Reads are synchronous and throw `LogUnavailableError` while the log
 * cannot be read; writes resolve when they are durable and reject with it when nothing was stored.
 */
import type { LogEntry, ThreadHead } from './log-reader.js';

/** A thread with messages that nobody has taken yet, kept across restarts. `from` is the first such offset. */
export interface Unwatched {
  readonly thread: string;
  readonly from: number;
  /** When the first of them was stored, milliseconds since the Unix epoch. */
  readonly since: number;
  readonly state: 'waiting' | 'undelivered';
}

/** One row of a user's own list. */
export interface UserThread {
  readonly thread: string;
  readonly head: ThreadHead;
  readonly read: number;
  readonly last: LogEntry | null;
}

/** Owners, read marks, users' own threads, and marks of messages that nobody has taken. */
export interface ThreadRecords {
  /** Names the owner of a thread, in place of the first publisher. `head` shows it once it is durable. */
  setOwner(thread: string, owner: string): Promise<void>;
  /** Read mark of a user in a thread, 0 when none. */
  readMark(thread: string, user: string): number;
  /** Moves a read mark forward (never back) and resolves to the mark as it now stands, durable. */
  setReadMark(thread: string, user: string, read: number): Promise<number>;
  /** The user's own threads (published to or marked), newest first, those with `head.at` < `before`. */
  userThreads(
    user: string,
    before: number,
    limit: number
  ): { threads: UserThread[]; more: boolean };
  /** Remembers (or with null forgets) that a thread has messages nobody has taken. */
  setUnwatched(thread: string, state: Omit<Unwatched, 'thread'> | null): Promise<void>;
  /** The unwatched mark of a thread; null when there is none. */
  unwatched(thread: string): Unwatched | null;
  /** All unwatched marks, lazily. */
  allUnwatched(): Iterable<Unwatched>;
}
