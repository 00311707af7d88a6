/** Picks the log of the server, once, at the start. */
import type { ByteBudget } from '../../../actors/memory/byte-budget.js';
import type { Clock } from '../../../actors/clock.js';
import { newEpoch } from '../../../actors/log/epoch.js';
import { createLmdbProvider } from '../../../actors/log/lmdb/lmdb-provider.js';
import type { LogProvider } from '../../../actors/log/log-provider.js';
import type { Turn } from '../../../actors/turn.js';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import { LOG_FOLDER } from '../../config/config.js';
import type { Config } from '../../config/settings.js';

/** Returns the provider of the configured log. There is one so far: the embedded log, in `DATA_DIR`. */
export function pickLog(
  config: Config,
  clock: Clock,
  incidents: Incidents,
  memory: ByteBudget,
  turn: Turn
): LogProvider {
  const { dataDir, durability, retentionMessages, retentionDays, clickhouseUrl } = config;
  return createLmdbProvider({
    dataDir,
    folder: LOG_FOLDER,
    durability,
    clock,
    memory,
    turn,
    retention: { messages: retentionMessages ?? null, days: retentionDays ?? null },
    isFeedRead: clickhouseUrl !== 'off',
    onListenerFault: (reason) => {
      incidents.note('a listener of the thread log failed', { actor: 'log', reason });
    },
    onClockJump: (byMs) => {
      incidents.note('the clock of the machine has jumped ahead', {
        actor: 'log',
        reason: `by ${String(Math.round(byMs / 1_000))} s: RETENTION_DAYS goes on by the time since the start, so that nothing is trimmed too early; when the clock is right, restart the server`
      });
    },
    newEpoch
  });
}
