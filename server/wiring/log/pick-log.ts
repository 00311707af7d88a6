/** Picks the log of the server, once, at the start. */
import type { CommitListener } from '../../../actors/log/lmdb/commit-queue.js';
import type { ByteBudget } from '../../../actors/memory/byte-budget.js';
import type { Clock } from '../../../actors/clock.js';
import { createClusterProvider } from '../../../actors/cluster/cluster-provider.js';
import { openJetStreamOrder } from '../../../actors/cluster/jetstream/jetstream-order.js';
import { newEpoch } from '../../../actors/log/epoch.js';
import { createLmdbProvider } from '../../../actors/log/lmdb/lmdb-provider.js';
import type { OutboxPolicy } from '../../../actors/log/outbox.js';
import type { LogProvider } from '../../../actors/log/log-provider.js';
import type { Nats } from '../../../actors/nats/nats.js';
import type { Turn } from '../../../actors/turn.js';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import { LOG_FOLDER } from '../../config/config.js';
import type { Config } from '../../config/settings.js';

/**
 * Returns the provider of the configured log, in `DATA_DIR`: the embedded log, which with `NATS_URL` is the replica of one
 * of several nodes.
 */
export function pickLog(
  config: Config,
  clock: Clock,
  incidents: Incidents,
  memory: ByteBudget,
  turn: Turn,
  nats: Pick<Nats, 'onChange'> | null,
  outbox: OutboxPolicy | null,
  onCommit: CommitListener
): LogProvider {
  const { dataDir, durability, retentionMessages, retentionDays, clickhouseUrl } = config;
  const embedded = {
    dataDir,
    folder: LOG_FOLDER,
    durability,
    clock,
    memory,
    turn,
    onCommit,
    isFeedRead: clickhouseUrl !== 'off',
    ...(outbox === null ? {} : { outbox }),
    onListenerFault: (reason: string) => {
      incidents.note('a listener of the thread log failed', { actor: 'log', reason });
    },
    onClockJump: (byMs: number) => {
      incidents.note('the clock of the machine has jumped ahead', {
        actor: 'log',
        reason: `by ${String(Math.round(byMs / 1_000))} s: RETENTION_DAYS goes on by the time since the start, so that nothing is trimmed too early; when the clock is right, restart the server`
      });
    },
    newEpoch
  };
  if (nats === null) {
    const retention = { messages: retentionMessages ?? null, days: retentionDays ?? null };
    return createLmdbProvider({ ...embedded, retention });
  }
  return createClusterProvider({
    ...embedded,
    openOrder: () =>
      openJetStreamOrder({
        onChange: nats.onChange,
        partitions: config.clusterPartitions,
        replicas: config.natsReplicas
      })
  });
}
