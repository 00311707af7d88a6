/**
 * The order of commands that all nodes share: some partitions, each a sequence of messages that only grows. Whatever
 * keeps it (JetStream; in specs a bus that fails as it is told) orders and stores messages and decides nothing else.
 */

/** A message at its place. Sequences of a partition begin with 1 and have no holes. */
export interface Ordered {
  readonly sequence: number;
  /** The id under which it was stored: another message at this place has another. */
  readonly stamp: string;
  readonly bytes: Uint8Array;
}

/** A partition being read. */
export interface Consumption {
  /** Nothing is told after this. */
  stop(): void;
}

/** The answer to {@link CommandOrder.publish}. */
export interface Stored {
  readonly sequence: number;
  /** Whether a message with this id was stored before: this is its sequence. */
  readonly isDuplicate: boolean;
}

/** The order as a node uses it. Promises reject when no answer came; what was sent may be stored all the same. */
export interface CommandOrder {
  readonly partitions: number;
  /**
   * Whether every message that it has answered survives that all brokers lose power; unknown counts as not.
   */
  readonly isSynced: boolean;
  /** Most bytes of a message. */
  readonly maxBytes: number;
  /** Stores a message. One with an id that was stored in the last two minutes is not stored again. */
  publish(partition: number, id: string, bytes: Uint8Array): Promise<Stored>;
  /** Stores the first message of a partition. When there is one already, nothing is stored. */
  found(partition: number, bytes: Uint8Array): Promise<void>;
  /** Returns the message at a place; null when there is none. */
  message(partition: number, sequence: number): Promise<Ordered | null>;
  /** Returns the sequence of the newest message; 0 when there is none. */
  last(partition: number): Promise<number>;
  /**
   * Tells the messages from a sequence on, each at least once and in order unless it fails. It may stop telling at any
   * time, and never says so.
   */
  consume(partition: number, from: number, told: (message: Ordered) => void): Consumption;
  /** Sets the one listener for "the brokers can be reached" and "they cannot". */
  onReach(listener: (isReached: boolean) => void): void;
  /** Closes it; nothing is told afterwards. */
  close(): Promise<void>;
}
