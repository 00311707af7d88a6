/** What the embedded log is besides a thread log. */
import type { ThreadLog } from '../../thread-log.js';
import type { Renewal } from '../disk/log-opening.js';
import type { LogReplica } from './log-replica.js';

/** A {@link ThreadLog} with what only the embedded log can tell. */
export interface EmbeddedLog extends ThreadLog {
  /** The log as a replica; for logs that are opened with an order. */
  readonly replica: LogReplica;
  /** Why every thread has a new epoch, by which clients learn that they may have more; null when none has. */
  readonly renewed: Renewal | null;
  /** What was damaged when pages were, and what was saved; null when none was. Every thread has a new epoch then. */
  readonly rebuilt: string | null;
  /** Whether the disk is nearly full: nothing is kept for the analytics store then that the retention would take. */
  isDiskLow(): boolean;
}
