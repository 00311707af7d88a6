/**
 * Entries as they become readable on this node, whoever appended them. Whatever happens to every message listens here;
 * the callback of an append serves only its author.
 * @see docs/adr/0013-the-log-is-several-interfaces.md
 */
import type { NewEntry } from './log-writer.js';

/** An entry that has just become readable: it is as durable as the log promises, and `head` and `read` show it. */
export interface Commit {
  readonly thread: string;
  readonly epoch: string;
  readonly offset: number;
  readonly entry: NewEntry;
  /** The whole `message` frame as JSON text, as it is stored. */
  readonly frame: string;
}

/**
 * Reports commits. Those of one thread come in the order of their offsets, each at most once in the life of a process,
 * in the turn in which they become readable. An entry that was appended here is reported after its `done` has returned.
 * Duplicates are not reported.
 *
 * An entry that the log kept although it answered the append with `unavailable` (see `LogWriter.append`) is not
 * reported. A listener that needs every entry compares offsets, reads the missing ones, and checks again when the log
 * is writable again.
 */
export interface Commits {
  /**
   * Adds a listener; listeners are called in the order in which they were added. One that throws does not affect the
   * others, and opens an incident. Returns a function that removes it.
   */
  listen(listener: (commit: Commit) => void): () => void;
}
