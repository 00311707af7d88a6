/** The connection to the brokers, for one of several nodes. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../../../actors/clock.js';
import type { Logger } from '../../../actors/log-line.js';
import { createNats, type Nats } from '../../../actors/nats/nats.js';
import type { Config } from '../../config/settings.js';

/** Returns the connection that the configuration asks for, not opened yet; null for a single node. */
export function pickNats(
  config: Config,
  node: string,
  clock: Clock,
  random: () => number,
  logger: Pick<Logger, 'error' | 'warn' | 'info'>
): Nats | null {
  const { natsUrl: urls, natsCredentials: path } = config;
  if (urls.length === 0) return null;
  return createNats({
    urls,
    credentials: path === undefined ? null : () => readFileSync(path),
    node,
    refusesOld: config.environment === 'production',
    clock,
    random,
    logger
  });
}
