/**
 * Compares the replicas of all nodes. The brokers give one order; when they have given two, as after a split that each half
 * took for its own, nodes have applied different messages at one sequence, and nobody else would notice.
 */
import type { Position } from '../log/replica/replication.js';

/** Applied sequences of a partition whose hashes are kept: what a node applies between two greetings, at least. */
export const HASHES_KEPT = 8_192;

/** Most nodes whose last positions are kept; each start of a node is another one. */
const NODES_MAX = 64;

/** Compares what this node has applied with what others have. */
export class DivergenceGuard {
  readonly #onFound: (reason: string) => void;
  /** By partition: hashes by sequence, the newest last. */
  readonly #hashes: readonly Map<number, string>[];
  /** What each node had applied when it was last heard, the one that was silent for longest first. */
  readonly #last = new Map<string, readonly Position[]>();
  #isFound = false;

  /** @param onFound called once, with why this node must not acknowledge any more */
  constructor(partitions: number, onFound: (reason: string) => void) {
    this.#hashes = Array.from({ length: partitions }, () => new Map<number, string>());
    this.#onFound = onFound;
  }

  /** Notes what this node has applied. */
  applied({ partition, applied, hash }: Position): void {
    const hashes = this.#hashes[partition];
    if (hashes === undefined) return;
    hashes.set(applied, hash);
    hashes.delete(applied - HASHES_KEPT);
  }

  /** Compares with another node: now, and what is still ahead of this node when any node is heard again. */
  compare(node: string, positions: readonly Position[]): void {
    this.#last.delete(node);
    this.#last.set(node, positions);
    const [silent] = this.#last.keys();
    if (this.#last.size > NODES_MAX && silent !== undefined) this.#last.delete(silent);
    for (const [of, all] of this.#last) for (const position of all) this.#judge(of, position);
  }

  #judge(node: string, { partition, applied, hash }: Position): void {
    const own = this.#hashes[partition]?.get(applied);
    if (own === undefined || own === hash || this.#isFound) return;
    this.#isFound = true;
    this.#onFound(
      `this node and node ${node} have applied different messages up to ${String(applied)} of partition ${String(partition)}: the brokers have given two orders; see "The brokers have lost messages" in docs/cluster.md`
    );
  }
}
