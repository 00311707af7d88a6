/**
 * The configured limits, in the shapes in which they are used.
 */
import type { Config } from '../config/config.js';

/** Limits that a client is told in `connected`; 0 = none. */
export interface ClientLimits {
  readonly frameBytes: number;
  readonly subscriptions: number;
  readonly publishPerSecond: number;
}

/** Limits on connections; 0 = none. */
export interface ConnectionLimits {
  readonly total: number;
  readonly perUser: number;
  readonly perAddress: number;
}

/** The limits of one connection. */
export function clientLimits(config: Config): ClientLimits {
  return {
    frameBytes: config.limitFrameBytes,
    subscriptions: config.limitSubscriptions,
    publishPerSecond: config.limitPublishPerSecond
  };
}

/** The limits on how many connections there may be. */
export function connectionLimits(config: Config): ConnectionLimits {
  return {
    total: config.limitConnections,
    perUser: config.limitConnectionsPerUser,
    perAddress: config.limitConnectionsPerAddress
  };
}
