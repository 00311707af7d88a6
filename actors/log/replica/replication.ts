/** What a node of several can tell of its replica, and compare with others. A single node has none. */

/** How far a node has applied a partition, and the hash of everything up to there. */
export interface Position {
  readonly partition: number;
  readonly applied: number;
  readonly hash: string;
}

/** The replica as the other nodes and the status see it. */
export interface Replication {
  /** How long the order has had what this replica lacks, in milliseconds; 0 when it lacks nothing that is known. */
  lagMs(): number;
  positions(): Position[];
  /** Compares with another node; when both have applied different messages, this node acknowledges no more. */
  compare(node: string, positions: readonly Position[]): void;
}
