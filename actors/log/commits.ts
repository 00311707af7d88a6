/**
 * Entries as they become known on this node, whoever appended them. What happens to every message listens here; the
 * callback of an append is for its author only.
 * @see docs/adr/0013-the-log-is-several-interfaces.md
 */
import type { NewEntry } from './log-writer.js';

/** An entry that has become known: it is as durable as the log promises, and `head` and `read` show it. */
export interface Commit {
  readonly thread: string;
  readonly epoch: string;
  readonly offset: number;
  readonly entry: NewEntry;
  /** The whole `message` frame as JSON text, as it is stored. */
  readonly frame: string;
}

/**
 * Tells of commits: those of one thread in the order of their offsets, each at most once in the life of a process, and
 * in the turn in which they become known. An entry that was appended here is told after its `done` has returned.
 * Duplicates are not told.
 *
 * An entry that the log kept although its append was answered `unavailable` (see `LogWriter.append`) is not told:
 * whoever needs every entry compares offsets, reads what is missing, and looks again when the log is writable again.
 */
export interface Commits {
  /**
   * Adds a listener; they are told in the order in which they came. One that throws harms nobody else and is an
   * incident. Returns a function that ends it.
   */
  listen(listener: (commit: Commit) => void): () => void;
}
