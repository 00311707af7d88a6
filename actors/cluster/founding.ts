/**
 * The first message of each partition. It says which cluster the order belongs to, so that the replica of one cluster is
 * never brought into the order of another, and whether the cluster began with the log of a single node: that log is not
 * in the order, so who joins needs a copy of a replica.
 */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { LogRoleError } from '../log/log-errors.js';
import type { Replica } from '../log/replica.js';
import { CLUSTER_NOTE } from '../log/replica/replica-notes.js';
import type { CommandOrder } from './order.js';
import { decodeMessage, encodeMessage, type OrderMessage } from './order-message.js';

/** The first message of a partition. */
export type Genesis = Extract<OrderMessage, { type: 'genesis' }>;

const ClusterNote = Type.Object({
  id: Type.String({ minLength: 1 }),
  isSeeded: Type.Boolean(),
  /** Of a log that is to begin a cluster: the epoch that its threads keep. */
  epoch: Type.Optional(Type.String()),
  isRenewed: Type.Optional(Type.Boolean())
});

/** The cluster whose replica a log is. */
export type ClusterNote = Static<typeof ClusterNote>;

const Known = Compile(ClusterNote);

/** Writes a note of the cluster. */
export function encodeClusterNote(note: ClusterNote): string {
  return JSON.stringify(note);
}

/** Reads it; null when the text is none. */
export function decodeClusterNote(text: string): ClusterNote | null {
  try {
    const value: unknown = JSON.parse(text);
    return Known.Check(value) ? value : null;
  } catch {
    return null;
  }
}

/** The cluster of a replica; null when it has none yet. */
export function clusterOf(replica: Pick<Replica, 'note'>): ClusterNote | null {
  const text = replica.note(CLUSTER_NOTE);
  return text === null ? null : decodeClusterNote(text);
}

/** Options of {@link foundPartition}. */
export interface FoundingOptions {
  readonly order: CommandOrder;
  readonly partition: number;
  readonly replica: Pick<Replica, 'note'>;
  /** Whether the replica has applied any of it. */
  readonly hasApplied: boolean;
  /** Makes a text that has not been used before. */
  readonly newId: () => string;
  /** The first message of the partition before: all have the same cluster and begin with the same epoch. */
  readonly like: Genesis | null;
}

/** What an operator does when the order has lost what cannot be made anew from it. */
export const SEEDED_LOST =
  'the cluster began with the log of a single node, which is not in the order, so this replica cannot be made anew from it: give the brokers their streams back, or go on with the newest replica (see "The brokers have lost messages" in docs/cluster.md)';

/**
 * Stores the first message of a partition when it has none, and returns the one that it has.
 * @throws {LogRoleError} the order is not that of this replica
 */
export async function foundPartition(options: FoundingOptions): Promise<Genesis> {
  const { order, partition, replica, hasApplied, newId, like } = options;
  const own = clusterOf(replica);
  if (own?.isSeeded === true && hasApplied && (await order.last(partition)) === 0) {
    throw new LogRoleError(`partition ${String(partition)} of the order is gone; ${SEEDED_LOST}`);
  }
  const offered: Genesis = {
    type: 'genesis',
    partitions: order.partitions,
    epoch: like?.epoch ?? own?.epoch ?? newId(),
    isRenewed: hasApplied || (own?.isRenewed ?? false),
    cluster: own?.id ?? like?.cluster ?? newId(),
    isSeeded: own?.isSeeded ?? false
  };
  await order.found(partition, encodeMessage(offered));
  const first = await order.message(partition, 1);
  const read = first === null ? null : decodeMessage(first.bytes);
  if (read?.ok !== true || read.message.type !== 'genesis') {
    throw new LogRoleError(
      `partition ${String(partition)} of the order does not begin as one of Rollcall`
    );
  }
  const found = read.message;
  if (found.partitions !== order.partitions) {
    throw new LogRoleError(
      `the order was made with ${String(found.partitions)} partitions and not ${String(order.partitions)}: set CLUSTER_PARTITIONS as it was`
    );
  }
  if (own !== null && own.id !== found.cluster) {
    throw new LogRoleError(
      `the streams of the brokers are of another cluster (${found.cluster}) than this replica (${own.id})`
    );
  }
  if (own === null && found.isSeeded) {
    throw new LogRoleError(
      'this cluster began with the log of a single node: make the directory of a new node by "rollcall backup" of another one and "rollcall restore"'
    );
  }
  return found;
}
