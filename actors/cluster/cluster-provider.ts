/** Provides the log of one of several nodes: the embedded log as its replica, and the order over it. */
import { randomUUID } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATOR_ERRORS } from '../operator-errors.js';
import { LogRoleError } from '../log/log-errors.js';
import { claimDataDir } from '../log/lmdb/disk/data-dir.js';
import { markPath } from '../log/lmdb/disk/log-mark.js';
import { openLmdbLog } from '../log/lmdb/lmdb-log.js';
import type { LmdbProviderOptions } from '../log/lmdb/lmdb-provider.js';
import type { EmbeddedLog } from '../log/lmdb/replica/embedded-log.js';
import type { LogProvider, ProvidedLog } from '../log/log-provider.js';
import { OrderWentBackError } from './applier.js';
import { clusterOf, SEEDED_LOST } from './founding.js';
import type { CommandOrder } from './order.js';
import { openReplicatedLog, type ReplicatedLog } from './replicated-log.js';
import { EpochSource } from './sequencer.js';

/** Options of {@link createClusterProvider}. */
export interface ClusterProviderOptions extends Omit<LmdbProviderOptions, 'order' | 'retention'> {
  /** Opens the order; rejects with what to do when it cannot be used. */
  readonly openOrder: () => Promise<CommandOrder>;
}

const SINGLE =
  'is the log of a single node, and NATS_URL is set: make it the first replica by "rollcall cluster seed"';

/** Makes the provider. */
export function createClusterProvider(options: ClusterProviderOptions): LogProvider {
  const { dataDir, folder, openOrder, ...rest } = options;
  const dir = join(dataDir, folder);
  const epochs = new EpochSource();
  const openReplica = (): Promise<EmbeddedLog> =>
    openLmdbLog({
      ...rest,
      dir,
      markPath: markPath(dir),
      retention: { messages: null, days: null },
      order: { epochOf: (thread) => epochs.of(thread) }
    });
  const moveAside = (): string => {
    const aside = `${dir}-aside-${String(options.clock.now())}`;
    renameSync(dir, aside);
    if (existsSync(markPath(dir))) renameSync(markPath(dir), markPath(aside));
    return aside;
  };
  const openOver = (order: CommandOrder, log: EmbeddedLog): Promise<ReplicatedLog> =>
    openReplicatedLog({
      order,
      log,
      epochs,
      clock: options.clock,
      newEpoch: options.newEpoch,
      newSource: randomUUID
    });
  return {
    remedy: OPERATOR_ERRORS.log_corrupt.action,
    open: async (): Promise<ProvidedLog> => {
      const claim = claimDataDir(dataDir);
      let log: EmbeddedLog | null = null;
      let order: CommandOrder | null = null;
      try {
        let notice: string | null = null;
        log = await openReplica();
        if (log.replica.role === 'single') throw new LogRoleError(`${dir} ${SINGLE}`);
        const damage = log.rebuilt ?? (log.replica.isRepaired ? 'it was repaired' : null);
        if (damage !== null) {
          // It lacks messages, so that it could not come to the state of the others.
          await log.close();
          notice = `the replica was damaged (${damage}); it is kept in ${moveAside()}, and made anew from the order`;
          log = await openReplica();
        }
        order = await openOrder();
        let replicated: ReplicatedLog;
        try {
          replicated = await openOver(order, log);
        } catch (error) {
          if (!(error instanceof OrderWentBackError)) throw error;
          if (clusterOf(log.replica)?.isSeeded === true) {
            throw new LogRoleError(`${error.message}; ${SEEDED_LOST}`);
          }
          await log.close();
          const aside = moveAside();
          notice = `${error.message}; the replica is kept in ${aside}, a new one was made, and clients are told of a gap: "rollcall log export" reads what the order has lost`;
          log = await openReplica();
          replicated = await openOver(order, log);
          await replicated.sequencer.renew(error.partition);
        }
        const replica = log;
        return {
          log: replicated,
          notice,
          replication: replicated.sequencer,
          isDiskLow: () => replica.isDiskLow(),
          close: async () => {
            await replicated.close();
            claim.release();
          }
        };
      } catch (error) {
        await order?.close();
        await log?.close();
        claim.release();
        throw error;
      }
    }
  };
}
