/**
 * Records of threads besides their messages. Reads are synchronous and throw `LogUnavailableError` while the log cannot
 * be read. Writes resolve when they are durable, and reject with that error when nothing was stored.
 */
import { isLongerThan } from '../../protocol/frames.js';
import type { LogEntry, ThreadHead } from './log-reader.js';

/** A thread with messages that nobody has got yet, kept across restarts. `from` is the first such offset. */
export interface Unwatched {
  readonly thread: string;
  readonly from: number;
  /** When the first of them was stored, Unix milliseconds. */
  readonly since: number;
  readonly state: 'waiting' | 'undelivered';
  /** Their authors, as far as they are told apart; none in marks of earlier versions. */
  readonly authors?: readonly UnwatchedAuthor[];
  /** The node that holds them and reports it when nobody comes; none on a single node. */
  readonly node?: string;
}

/** An author of messages that nobody else has got yet. */
export interface UnwatchedAuthor {
  readonly author: string;
  /** Offset of the author's first such message. */
  readonly from: number;
  /** When it was stored, Unix milliseconds. */
  readonly since: number;
}

/**
 * A position in a user's list of threads, by time and then by thread id. An empty id is the position after all threads
 * of that time.
 */
export interface ListPlace {
  /** Unix milliseconds. */
  readonly at: number;
  readonly thread: string;
}

/** A row of a user's list of threads, with its position. */
export interface UserThread extends ListPlace {
  readonly head: ThreadHead;
  readonly read: number;
  readonly last: LogEntry | null;
}

/** Longest text of a record, in characters: a record is for what is looked at as a whole, not for content. */
export const RECORD_CHARS_MAX = 16_384;

/** Longest id of a record, in characters, counted as the protocol counts them; an id is free text, such as a user's. */
export const RECORD_ID_MAX = 128;

/**
 * Kind of the records that name the traces of messages. The id of one is the `mid` of its message, and it is removed when
 * the message is trimmed.
 */
export const TRACE_KIND = 'trace';

const RECORD_KIND = /^[a-z][a-z_]{0,31}$/;

/** Returns why a record cannot be stored; null when it can. */
export function recordProblem(kind: string, id: string, text: string | null): string | null {
  if (!RECORD_KIND.test(kind)) return `${kind.slice(0, 40)} is no kind of record`;
  if (isLongerThan(id, RECORD_ID_MAX)) {
    return `the id of the record is longer than ${String(RECORD_ID_MAX)} characters`;
  }
  return text !== null && text.length > RECORD_CHARS_MAX
    ? `the record is longer than ${String(RECORD_CHARS_MAX)} characters`
    : null;
}

/** A record of a thread, for parts that keep little and for long: who may enter, which runs there are. */
export interface StoredRecord {
  readonly id: string;
  readonly text: string;
}

/** How far a user has read a thread. */
export interface ReadMark {
  readonly user: string;
  readonly read: number;
}

/** Owners, read marks, users' own threads, and marks of messages that nobody has got. */
export interface ThreadRecords {
  /** Sets the owner of a thread, in place of the first publisher. `head` shows it once it is durable. */
  setOwner(thread: string, owner: string): Promise<void>;
  /** Returns the read mark of a user in a thread; 0 when there is none. */
  readMark(thread: string, user: string): number;
  /** Returns the read marks of a thread that are not 0, of its first `limit` users by name. */
  readMarks(thread: string, limit: number): ReadMark[];
  /** Moves a read mark forward, never back. Resolves to the durable mark. */
  setReadMark(thread: string, user: string, read: number): Promise<number>;
  /**
   * Returns the user's own threads (published to, marked or listed) after a position, newest first: at most `limit`, and
   * as many as fit into `maxChars` characters of last messages, but at least one. `passed` is the number of other rows
   * that were read for it.
   */
  userThreads(
    user: string,
    before: ListPlace | null,
    limit: number,
    maxChars: number
  ): { threads: UserThread[]; more: boolean; passed: number };
  /** Puts a thread into a user's list of threads, as if the user had published there. */
  list(thread: string, user: string): Promise<void>;
  /** Notes that a thread has messages that nobody has got; null removes the note. */
  setUnwatched(thread: string, state: Omit<Unwatched, 'thread'> | null): Promise<void>;
  /** Returns the unwatched mark of a thread; null when there is none. */
  unwatched(thread: string): Unwatched | null;
  /** Returns all unwatched marks, lazily. */
  allUnwatched(): Iterable<Unwatched>;
  /** Returns the text of a thread's record of a kind; null when there is none. */
  record(thread: string, kind: string, id: string): string | null;
  /** Returns a thread's records of a kind, in the order of their ids, lazily. Whoever writes them bounds their number. */
  records(thread: string, kind: string): Iterable<StoredRecord>;
  /**
   * Stores a record, or with null removes it; of two under way the later one wins. No retention touches it, unless it
   * is of the kind {@link TRACE_KIND}.
   * Rejects with a RangeError when {@link recordProblem} has something to say.
   * @param along the thread with whose changes this one keeps its order, on all nodes. Default: the record's own thread.
   */
  setRecord(
    thread: string,
    kind: string,
    id: string,
    text: string | null,
    along?: string
  ): Promise<void>;
}
