/**
 * Reads of the log. They are local, synchronous and cheap (microseconds): on several nodes each reads its own replica.
 */

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

/** Reads threads. Every method throws `LogUnavailableError` in the moments in which the log cannot be read. */
export interface LogReader {
  /** The head of a thread as it is durably stored and visible; null for one never published to. */
  head(thread: string): ThreadHead | null;
  /** The head of a thread, also before its first message: its epoch is known then already. Writes nothing. */
  ensure(thread: string): ThreadHead;
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
}
