import type { LogEntry } from '../log/log-reader.js';

/** A thread as its subscribers see it. */
export interface Topic {
  readonly id: string;
  /** Epoch of the offsets of its messages. */
  readonly epoch: string;
}

/** This node's subscribers, to whom stored messages go. */
export interface Audience {
  /** Sends a message to every live subscription of a thread. Does not throw. */
  fanOut(thread: Topic, message: LogEntry): void;
}
