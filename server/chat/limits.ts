/** The configured limits, in the shapes that the server uses. */
import type { Config } from '../config/settings.js';

/** Limits that a client gets in `connected`; 0 means none. */
export interface ClientLimits {
  readonly frameBytes: number;
  readonly subscriptions: number;
  readonly publishPerSecond: number;
}

/** Limits on the number of connections; 0 means none. */
export interface ConnectionLimits {
  readonly total: number;
  readonly perUser: number;
  readonly perAddress: number;
}

/** Returns the limits of one connection. */
export function clientLimits(config: Config): ClientLimits {
  return {
    frameBytes: config.limitFrameBytes,
    subscriptions: config.limitSubscriptions,
    publishPerSecond: config.limitPublishPerSecond
  };
}

/** Returns the limits on the number of connections. */
export function connectionLimits(config: Config): ConnectionLimits {
  return {
    total: config.limitConnections,
    perUser: config.limitConnectionsPerUser,
    perAddress: config.limitConnectionsPerAddress
  };
}
