/**
 * Carries messages between the nodes of a cluster: lossy, and in the order of each sender while nothing is lost. A single
 * node has none.
 */
import type { NodeMessage } from './node-message.js';

/** What a node hears. */
export interface NodeEar {
  /** A message of another node; its own are never heard. */
  heard(from: string, message: NodeMessage): void;
  /** Whether this node reaches the brokers. Called on every change, and once at the start when it does. */
  connected(isConnected: boolean): void;
}

/** The bus as one node uses it. None of these methods throws; what cannot be sent is lost. */
export interface NodeBus {
  /** Id of this node, new with each start: two nodes never have the same. */
  readonly node: string;
  /**
   * Sends a message to all other nodes. One about a thread names it, so that a node which holds some of the threads only
   * would get those; null for one that concerns all.
   */
  toAll(thread: string | null, message: NodeMessage): void;
  /** Sends a message to one other node. */
  toNode(node: string, message: NodeMessage): void;
  /** Begins to listen. Returns a function that ends it. */
  listen(ear: NodeEar): () => void;
}
