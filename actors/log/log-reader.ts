/**
 * Reads of the log. They are local, synchronous and cheap (microseconds): on several nodes each reads its own replica.
 */

/**
 * State of a thread. Offsets start at 1 and have no gaps. `last` is 0 before the first message. `first`..`last` are
 * kept.
 */
export interface ThreadHead {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
  /** `at` of the newest entry, 0 when there is none. */
  readonly at: number;
  /** The first user who published here, or the one that the server API named; null before that. */
  readonly owner: string | null;
  /** Whether there was an earlier epoch, to which an offset without an epoch may belong. Default: false. */
  readonly isRenewed?: boolean;
}

/** A kept message: `frame` is the whole `message` frame of the protocol as JSON text, stored as it is sent. */
export interface LogEntry {
  readonly offset: number;
  readonly frame: string;
}

/** A kept message and its thread. */
export interface FoundEntry extends LogEntry {
  readonly thread: string;
}

/** Reads threads. Every method throws `LogUnavailableError` while the log cannot be read. */
export interface LogReader {
  /** Returns the head of a thread, durable and readable; null when nothing was ever published to it. */
  head(thread: string): ThreadHead | null;
  /** Returns the head of a thread even before its first message, when it already has an epoch. Writes nothing. */
  ensure(thread: string): ThreadHead;
  /**
   * Returns entries with offset > `after`, oldest first: at most `limit`, and at most `maxBytes` of frames, counted in
   * characters, but at least one.
   */
  read(thread: string, after: number, limit: number, maxBytes: number): LogEntry[];
  /** Returns entries with offset < `before`, oldest first, at most `limit`: the page that ends just before `before`. */
  readBefore(thread: string, before: number, limit: number): LogEntry[];
  /**
   * Returns the kept messages with this mid, at most `limit`: one for each thread that used it, in the order of thread
   * ids, or that of `thread` only.
   */
  withMid(mid: string, limit: number, thread?: string): FoundEntry[];
}
