/**
 * What goes to all nodes and is not stored: typing, presence, read marks as they are told, chunks of runs, and the
 * question who is connected where. Stored messages do not pass here: every node gives out what its own log commits.
 * @see docs/adr/0014-what-is-not-stored-goes-over-a-bus.md
 */
import type { ServerFrame } from '../../protocol/frames.js';
import type { LogEntry } from '../log/log-reader.js';

/** A frame for everybody who is subscribed to its thread now. Whoever comes later never sees it. */
export type Ephemeral = ServerFrame<'typing' | 'presence' | 'mark' | 'chunk'>;

/** The connections of this process, as the bus reaches them. None of these throws. */
export interface BusNode {
  /** Sends a frame to this node's subscribers of its thread. */
  tell(frame: Ephemeral): void;
  /** Returns whether a user has a connection here that would accept a frame. */
  isReachable(user: string): boolean;
  /** Sends a stored message to the user's connections here, marked as a fallback. Returns how many accepted it. */
  fallback(user: string, thread: string, message: LogEntry): number;
}

/** The bus, as this node uses it. None of these throws. */
export interface Bus {
  /**
   * Sends a frame to the subscribers of its thread on every node: to this node's before it returns, to those of other
   * nodes later, in the order of the calls, or not at all when a node cannot be reached.
   */
  tell(frame: Ephemeral): void;
  /** Returns whether a user is connected to any node, from what is known here at this moment. */
  isReachable(user: string): boolean;
  /**
   * Sends a stored message to the user's connections on all nodes, marked as a fallback, and calls `done` once with how
   * many took it. It does so before it returns where no other node has to be asked; a node that does not answer in time
   * counts as none.
   */
  fallback(user: string, thread: string, message: LogEntry, done: (taken: number) => void): void;
}
