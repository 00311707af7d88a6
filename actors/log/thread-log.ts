/**
 * The log of record, as everything above it sees it. One implementation is embedded (`lmdb-log.ts`); no type of a
 * storage engine leaves `log-store.ts`. Reads are synchronous and cheap (microseconds); they throw
 * `LogUnavailableError` in the rare moments in which the log cannot be read. Appends are grouped and answered by
 * callback once they are durable.
 */

import type { LogFeed } from './log-feed.js';

/** What an ack promises: `disk` = survives the machine's death, `process` = survives the process's death. */
export type Durability = 'disk' | 'process';

/** A message on its way into the log. `body` is JSON text, already validated. */
export interface NewEntry {
  readonly mid: string;
  readonly user: string;
  readonly kind: string;
  readonly bodyJson: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Where a thread stands. Offsets are 1-based and without holes; `last` 0 = nothing yet; kept are `first`..`last`. */
export interface ThreadHead {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
  /** `at` of the newest entry, 0 when there is none. */
  readonly at: number;
  /** First user to publish here, or whom the server API named; null until then. */
  readonly owner: string | null;
}

/** A kept message: `frame` is the whole `message` frame of the protocol as JSON text, stored as it is sent. */
export interface LogEntry {
  readonly offset: number;
  readonly frame: string;
}

/** A kept message and the thread that it is in. */
export interface FoundEntry extends LogEntry {
  readonly thread: string;
}

/** How an append ended. `frame` is the stored frame; for a duplicate, that of the first time. */
export type AppendResult =
  | {
      readonly ok: true;
      readonly offset: number;
      readonly epoch: string;
      readonly at: number;
      readonly duplicate: boolean;
      readonly frame: string;
    }
  | { readonly ok: false; readonly code: 'conflict' | 'unavailable'; readonly reason: string };

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

/** Whether the log can take appends, and if not, why. */
export interface LogHealth {
  readonly writable: boolean;
  readonly reason: string | null;
}

/** Durable, per-thread, gapless and idempotent storage of messages and thread records. */
export interface ThreadLog {
  readonly durability: Durability;
  /** What the analytics store is given of this log. */
  readonly feed: LogFeed;
  /** The head of a thread as it is durably stored and visible; null for one never published to. */
  head(thread: string): ThreadHead | null;
  /**
   * Appends under the next offset and calls `done` exactly once, when the promise of `durability` is kept or the
   * append has failed; before it returns when nothing has to be written. Never throws. Calls for newly stored entries
   * of one thread come in offset order, after `head` and `read` show the entry. The same `mid` again answers the old
   * offset (`duplicate`), with another user, kind or body `conflict`; also while the first is still on its way.
   * After `unavailable` nothing is stored, but for one case: a disk that fails while the commit becomes visible may
   * have kept it all. Sending again with the same `mid` is right in both, and whoever follows a thread reads on from
   * its own offset when the log is writable again.
   */
  append(thread: string, entry: NewEntry, done: (result: AppendResult) => void): void;
  /**
   * Entries with offset > `after`, oldest first, at most `limit` and at most `maxBytes` of frames (but at least one),
   * counted in characters.
   */
  read(thread: string, after: number, limit: number, maxBytes: number): LogEntry[];
  /** Entries with offset < `before`, oldest first, at most `limit`: the page that ends just before `before`. */
  readBefore(thread: string, before: number, limit: number): LogEntry[];
  /**
   * The kept messages of this mid, one in each thread that it was used in, in the order of thread ids, or in one thread
   * only; at most `limit`.
   */
  withMid(mid: string, limit: number, thread?: string): FoundEntry[];
  /** The head of a thread, also before its first message: its epoch is known then already. Writes nothing. */
  ensure(thread: string): ThreadHead;
  /** Names the owner of a thread, in place of the first publisher. Resolves when durable, rejects when not stored. */
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
  /** Remembers (or with null forgets) that a thread has messages nobody has taken. Resolves when durable. */
  setUnwatched(thread: string, state: Omit<Unwatched, 'thread'> | null): Promise<void>;
  /** The unwatched mark of a thread; null when there is none. */
  unwatched(thread: string): Unwatched | null;
  /** All unwatched marks, lazily. */
  allUnwatched(): Iterable<Unwatched>;
  /** Health as of now. */
  health(): LogHealth;
  /** Sets the one listener for changes of health (transitions only). */
  onHealth(listener: (health: LogHealth) => void): void;
  /** Drops what is cached of a thread; the next use reads it from disk. */
  forget(thread: string): void;
  /** Waits for appends under way and closes. Later appends answer `unavailable`. */
  close(): Promise<void>;
}
