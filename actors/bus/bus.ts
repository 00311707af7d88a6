/**
 * Carries what goes to all nodes and is not stored: typing, presence, live read marks, changes of members, owners and
 * agents, chunks of runs, and the question which users are connected. Stored messages do not use the bus: every node sends what its own log commits.
 * @see docs/adr/0014-what-is-not-stored-goes-over-a-bus.md
 */
import type { ServerFrame } from '../../protocol/frames.js';
import type { LogEntry } from '../log/log-reader.js';

/** A frame for the current subscribers of its thread. Later subscribers never get it. */
export type Ephemeral = ServerFrame<
  'typing' | 'presence' | 'mark' | 'member' | 'owner' | 'agent' | 'chunk'
>;

/** Whose connections an operator closes: one, by its id, or all of a user. */
export type Kicked = { readonly connection: string } | { readonly user: string };

/** What the bus can do with the connections of this node. None of these methods throws. */
export interface BusNode {
  /** Sends a frame to this node's subscribers of its thread. */
  tell(frame: Ephemeral): void;
  /** Returns whether a user has a connection here that would accept a frame. */
  isReachable(user: string): boolean;
  /** Sends a stored message to the user's connections here, marked as a fallback. Returns how many accepted it. */
  fallback(user: string, thread: string, message: LogEntry): number;
  /** Closes the user's connections here whose tokens are revoked. */
  cut(user: string): void;
  /** Closes connections here with 3503. Returns how many. */
  kick(whom: Kicked): number;
}

/** What this node can ask of the bus. None of these methods throws. */
export interface Bus {
  /**
   * Sends a frame to the subscribers of its thread on every node. This node's get it before the call returns. Those of
   * other nodes get it later, in the order of the calls, or not at all when their node cannot be reached.
   */
  tell(frame: Ephemeral): void;
  /** Sends a frame to this node's subscribers of its thread only, before the call returns. */
  tellHere(frame: Ephemeral): void;
  /** Returns whether a user is connected to any node, as far as this node knows now. */
  isReachable(user: string): boolean;
  /**
   * Sends a stored message to the user's connections on all nodes, marked as a fallback, and calls `done` once with how
   * many accepted it. When no other node must be asked, it calls `done` before it returns. A node that does not answer
   * in time counts as none.
   */
  fallback(user: string, thread: string, message: LogEntry, done: (taken: number) => void): void;
  /**
   * Closes the user's connections whose tokens are revoked, on every node: on this one before the call returns. A node
   * that cannot be reached does it when it next reads the log.
   */
  cut(user: string): void;
  /**
   * Closes connections with 3503 on every node, and calls `done` once with how many. When there is no other node, it calls
   * `done` before it returns. A node that does not answer in time counts as none.
   */
  kick(whom: Kicked, done: (closed: number) => void): void;
}
