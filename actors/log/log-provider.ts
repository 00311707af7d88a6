/**
 * How a server gets its log. One provider is picked at the start (server/wiring/pick-log.ts). What the provider needs
 * for itself, such as a claimed directory, is not visible here.
 */
import type { Replication } from './replica/replication.js';
import type { ThreadLog } from './thread-log.js';

/** An open log. */
export interface ProvidedLog {
  readonly log: ThreadLog;
  /** A sentence that an operator must read about how it was opened; null when there is none. */
  readonly notice: string | null;
  /** Returns whether the log's disk is nearly full; always false when the log has no disk of its own. */
  isDiskLow(): boolean;
  /** The log as one of several replicas; absent on a single node. */
  readonly replication?: Replication;
  /** Closes the log (`ThreadLog.close`) and releases what was claimed for it. */
  close(): Promise<void>;
}

/** Opens the thread log. */
export interface LogProvider {
  /** What an operator does when a part of this log cannot be read; the end of the sentences that report it. */
  readonly remedy: string;
  /**
   * Opens the log, which nothing else may have open.
   * @throws {Error} in words for an operator, with a `code` of docs/errors.md
   */
  open(): Promise<ProvidedLog>;
}
