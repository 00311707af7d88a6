/**
 * What is still to be told to the outside, as durable as the log itself: rows that are written in the commits of what
 * they tell of, in the order of each thread, and removed when they have been told. The texts of rows belong to whoever
 * sends them; the log does not read them.
 */
import type { NewEntry } from './log-writer.js';

/** Says what gets a row. */
export interface OutboxPolicy {
  /** Returns whether an entry gets one. */
  wantsEntry(thread: string, offset: number, entry: Pick<NewEntry, 'kind' | 'user'>): boolean;
  /** Returns the text of the row for a record that changes; null for none. */
  ofRecord(thread: string, kind: string, id: string, text: string | null): string | null;
  /** Returns the text of the row for a new owner; null for none. */
  ofOwner(thread: string, owner: string): string | null;
}

/** A row. Rows of a thread are in the order of `offset`, then of `n`. */
export interface OutboxRow {
  readonly thread: string;
  /** Offset of the entry that it tells of; for others, of the newest entry before it. */
  readonly offset: number;
  /** 0 for the entry itself. */
  readonly n: number;
  /** Empty for an entry, which is read from the log when it is told. */
  readonly text: string;
}

/** A row that was given up. */
export interface OutboxLetter {
  readonly seq: number;
  readonly text: string;
}

/** What happens in the commit that removes a row. */
export interface RowEnd {
  /** Texts of further rows of its thread. */
  readonly rows?: readonly string[];
  /** Users who count as told of that thread from now on. */
  readonly told?: readonly string[];
  /** Texts to keep with the given up. */
  readonly letters?: readonly string[];
  /** Whether the row stays: only the rest is written. */
  readonly stays?: boolean;
}

/** A letter that is to be sent again, as a new row of its thread. */
export interface SentAgain {
  readonly seq: number;
  readonly thread: string;
  readonly offset: number;
  readonly text: string;
}

/** The rows of one log. Reads throw `LogUnavailableError` while it cannot be read, writes reject with it. */
export interface Outbox {
  /** Number of rows. */
  readonly waiting: number;
  /** Number of kept letters, and of those that were dropped for lack of room since the log was opened. */
  readonly letters: number;
  readonly lettersDropped: number;
  /** Adds a row to a thread. */
  add(thread: string, text: string): Promise<void>;
  /** Returns threads with rows, in the order of their ids: those after `after`, at most `limit`. */
  threads(after: string | null, limit: number): string[];
  /** Returns the first row of a thread; null when it has none. */
  first(thread: string): OutboxRow | null;
  /** Removes a row. */
  end(row: OutboxRow, end: RowEnd): Promise<void>;
  /** Returns kept letters with a seq above `after`, oldest first. */
  readLetters(after: number, limit: number): OutboxLetter[];
  /** Makes rows of letters. */
  sendAgain(letters: readonly SentAgain[]): Promise<void>;
  /** Removes letters. */
  dropLetters(seqs: readonly number[]): Promise<void>;
  /** Returns whether a user counts as told of a thread. */
  isTold(user: string, thread: string): boolean;
  /** Forgets of what a user was told. */
  forget(user: string): Promise<void>;
  /** Sets the one listener for "there is a new row". */
  onWork(listener: () => void): void;
}
