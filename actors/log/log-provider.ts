/**
 * How a server gets its log. One provider is picked at start (server/wiring/pick-log.ts); what it needs for itself, such
 * as a claimed directory, is its own business.
 */
import type { ThreadLog } from './thread-log.js';

/** A log that is open. */
export interface ProvidedLog {
  readonly log: ThreadLog;
  /** What an operator must know of how it was opened, in a sentence; null when there is nothing to say. */
  readonly notice: string | null;
  /** Whether the disk of the log is nearly full; always false where the log has no disk of its own. */
  isDiskLow(): boolean;
  /** Closes the log (`ThreadLog.close`) and releases what was claimed for it. */
  close(): Promise<void>;
}

/** Opens the log of record. */
export interface LogProvider {
  /**
   * Opens the log, which nobody else may have open.
   * @throws {Error} in words for an operator, with a `code` of docs/errors.md
   */
  open(): Promise<ProvidedLog>;
}
