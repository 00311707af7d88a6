import type { LogEntry } from '../log/log-reader.js';

/** This node's subscribers, to whom stored messages go. */
export interface Audience {
  /** Sends a message to every live subscription of a thread. Does not throw. */
  fanOut(thread: string, message: LogEntry): void;
}
