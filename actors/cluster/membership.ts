/**
 * From one node to several, and back: what the log of a stopped server is, is changed without touching a message. No
 * offset changes, and no epoch unless it must.
 */
import { systemClock } from '../clock.js';
import { LogOpenError, LogRoleError } from '../log/log-errors.js';
import { openLmdbLog } from '../log/lmdb/lmdb-log.js';
import { markPath, markRestored } from '../log/lmdb/disk/log-mark.js';
import { inspectDataFile } from '../log/lmdb/disk/pages/log-file.js';
import type { EmbeddedLog } from '../log/lmdb/replica/embedded-log.js';
import { forgetNotes } from '../log/lmdb/replica/forget-notes.js';
import { CLUSTER_NOTE, CURSOR_NOTE } from '../log/replica/replica-notes.js';
import { decodeCursor, digestOf, type Cursor } from './cursor.js';
import { clusterOf, encodeClusterNote } from './founding.js';
import type { CommandOrder } from './order.js';

/** Options of {@link seedCluster} and {@link leaveCluster}: the folder of the log, whose directory must be claimed. */
export interface MembershipOptions {
  readonly dir: string;
  /** Makes a text that has not been used before. */
  readonly newEpoch: () => string;
}

/**
 * Makes the log of a single node the first replica of a new cluster, which its first start with `NATS_URL` founds.
 * @throws {LogRoleError} it is a replica already
 */
export async function seedCluster(options: MembershipOptions): Promise<void> {
  const log = await open(options);
  try {
    if (log.replica.role === 'replica') {
      throw new LogRoleError(`${options.dir} is a replica of a cluster already`);
    }
    const { epoch, isRenewed = false } = log.ensure('any');
    const note = { id: options.newEpoch(), isSeeded: true, epoch, isRenewed };
    await new Promise<void>((resolve, reject) => {
      const taken = log.replica.apply({
        commands: [],
        notes: [{ id: CLUSTER_NOTE, text: encodeClusterNote(note) }],
        onResult: () => undefined,
        onSettled: (failure) => {
          if (failure === null) resolve();
          else reject(new LogOpenError(options.dir, failure));
        }
      });
      if (!taken.taken) reject(new LogOpenError(options.dir, taken.reason));
    });
  } finally {
    await log.close();
  }
}

/** What became of the epoch when a replica was made the log of a single node. */
export interface Left {
  /** Null: the epoch stays. Otherwise why every thread gets a new one, by which clients learn that they may have more. */
  readonly renewed: string | null;
}

/**
 * Makes a replica the log of a single node.
 * @param order the order, to look whether the replica has all of it; null when it cannot be asked
 * @throws {LogRoleError} it is no replica, or the order is further than the replica
 */
export async function leaveCluster(
  options: MembershipOptions,
  order: CommandOrder | null
): Promise<Left> {
  const { dir } = options;
  const log = await open(options);
  let cursors: readonly Cursor[];
  let renewed: string | null;
  try {
    const cluster = clusterOf(log.replica);
    if (cluster === null) throw new LogRoleError(`${dir} is no replica of a cluster`);
    cursors = cursorsOf(log);
    renewed = log.rebuilt;
    // A log that was never started as a replica has no cursors, and its own epoch.
    if (cursors.length > 0) renewed ??= await reasonToRenew(cursors, order);
  } finally {
    await log.close();
  }
  const [first] = cursors;
  const kept = renewed === null && first !== undefined ? first : null;
  // Before the notes are gone: a crash in between only renews an epoch that need not be.
  if (renewed !== null) markRestored(markPath(dir));
  await forgetNotes(dir, kept);
  return { renewed };
}

async function open({ dir, newEpoch }: MembershipOptions): Promise<EmbeddedLog> {
  if (inspectDataFile(dir).state === 'absent') throw new LogOpenError(dir, 'there is no log');
  return await openLmdbLog({
    dir,
    durability: 'disk',
    clock: systemClock,
    retention: { messages: null, days: null },
    isFeedRead: true,
    onListenerFault: () => undefined,
    newEpoch,
    markPath: markPath(dir)
  });
}

function cursorsOf(log: EmbeddedLog): Cursor[] {
  return [...log.replica.notes(CURSOR_NOTE)].map(({ text }) => {
    const cursor = decodeCursor(text);
    if (cursor === null) throw new LogRoleError('a cursor of the replica is damaged');
    return cursor;
  });
}

/** Why clients may have more than the replica, or other epochs; null when neither is so. */
async function reasonToRenew(
  cursors: readonly Cursor[],
  order: CommandOrder | null
): Promise<string | null> {
  const [first] = cursors;
  if (cursors.some(({ epoch }) => epoch !== first?.epoch)) {
    return 'its partitions have different epochs';
  }
  if (order === null) return 'the brokers were not asked whether the replica has everything';
  if (order.partitions !== cursors.length) return 'the replica has not begun with every partition';
  for (const [partition, { sequence, digest }] of cursors.entries()) {
    const last = await order.last(partition);
    if (last > sequence) {
      throw new LogRoleError(
        `partition ${String(partition)} of the order has ${String(last - sequence)} messages that this replica lacks: stop all other nodes, start this one once more, and try again`
      );
    }
    const message = await order.message(partition, sequence);
    if (message === null || digestOf(message) !== digest) {
      return `the order has another message than the replica at ${String(sequence)} of partition ${String(partition)}`;
    }
  }
  return null;
}
