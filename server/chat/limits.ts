/** The configured limits, in the shapes that the server uses, and the answer to a connection that is past one of them. */
import type { Config } from '../config/settings.js';
import type { LimitName } from '../limits/limit-table.js';
import { askAgain, problem } from '../transport/problem.js';
import { POINTS_PER_PUBLISH } from './work/costs.js';
import type { WorkRates } from './work/work-limits.js';
import type { NewcomerBounds } from './work/newcomers.js';
import type { PublishBounds } from './work/publish-limits.js';
import type { HttpReply } from '../transport/transport.js';

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
  /** Event streams of a user, which count with its connections too; absent means no limit. */
  readonly streamsPerUser?: number;
  /** New connections of an address; absent means no limit. */
  readonly newcomers?: NewcomerBounds;
}

/** Returns the limits of one connection. */
export function clientLimits(config: Config): ClientLimits {
  return {
    frameBytes: config.limitFrameBytes,
    subscriptions: config.limitSubscriptions,
    publishPerSecond: config.limitPublishPerSecond
  };
}

/** How many times the publishes of one connection a user may send over all of them, unless a setting says otherwise. */
const USER_SHARE = 4;

/** The same for an address, which may be that of a whole company. */
const ADDRESS_SHARE = 20;

/** Threads that a user may begin in an hour, unless a setting says otherwise. */
const THREADS_PER_HOUR = 1_000;

/** Megabytes that a user may store in an hour, unless a setting says otherwise. */
const STORED_MB_PER_HOUR = 256;

const MIB = 1_048_576;

/** Returns the limits on what users and addresses publish. Where nothing is set and a connection has no limit, they have none. */
export function publishBounds(config: Config): PublishBounds {
  const perConnection = config.limitPublishPerSecond;
  const unlessSet = (set: number | undefined, value: number): number =>
    set ?? (perConnection === 0 ? 0 : value);
  return {
    perUser: unlessSet(config.limitPublishPerUser, perConnection * USER_SHARE),
    perAddress: unlessSet(config.limitPublishPerAddress, perConnection * ADDRESS_SHARE),
    threadsPerHour: unlessSet(config.limitThreadsPerHour, THREADS_PER_HOUR),
    bytesPerHour: unlessSet(config.limitStoredMbPerHour, STORED_MB_PER_HOUR) * MIB
  };
}

/** Returns the limits on what users and addresses read, in points. */
export function workBounds(config: Config): WorkRates {
  return {
    perUser: config.limitPublishPerSecond * POINTS_PER_PUBLISH,
    perAddress: publishBounds(config).perAddress * POINTS_PER_PUBLISH
  };
}

/** Connections of an address that have not signed in, unless a setting says otherwise. */
const UNAUTHENTICATED = 100;

/** Connections that an address may open in a second, unless a setting says otherwise: four companies that come back at once. */
const CONNECTS_PER_SECOND = 200;

/** Returns the limits on the number of connections. */
export function connectionLimits(config: Config): ConnectionLimits {
  const isUnlimited = config.limitConnectionsPerAddress === 0;
  return {
    total: config.limitConnections,
    perUser: config.limitConnectionsPerUser,
    perAddress: config.limitConnectionsPerAddress,
    streamsPerUser: config.limitEventStreamsPerUser,
    newcomers: {
      unnamed: config.limitUnauthenticatedPerAddress ?? (isUnlimited ? 0 : UNAUTHENTICATED),
      perSecond: config.limitConnectsPerAddress ?? (isUnlimited ? 0 : CONNECTS_PER_SECOND)
    }
  };
}

/**
 * Why there is no room for another connection: the limit of the server, of the client's address or of its user, or a
 * resource that the server has too little of.
 */
export type FullHouse = 'server' | Crowded | Shortage;

/** Limits of somebody who has too many, or comes too often. */
export type Crowded = keyof typeof CROWDED;

/** Resources that another connection needs. */
export type Shortage = 'memory' | 'file descriptors';

/** Words about each. */
const CROWDED = {
  address: 'this address has as many connections as it may have',
  user: 'this user has as many connections as it may have',
  streams: 'this user has as many event streams as it may have',
  unnamed: 'this address has as many connections that have not signed in as it may have',
  'too often': 'this address has connected more often in a second than it may'
} as const;

/** The limit that each of them is. */
export const FULL_LIMITS: Readonly<Record<FullHouse, LimitName>> = {
  server: 'connections_server',
  address: 'connections_address',
  user: 'connections_user',
  streams: 'event_streams_user',
  unnamed: 'unauthenticated_address',
  'too often': 'connects_address',
  memory: 'memory',
  'file descriptors': 'open_files'
};

/** When to ask again for a connection that there was no room for, in seconds. */
export const NO_ROOM_RETRY_SECONDS = 5;

/**
 * Returns the reply to a connection for which there is no room. It is a passing refusal, whoever is too many: a client
 * that has lost its network still counts with its old connections until the server has noticed.
 */
export function noRoomReply(full: FullHouse): HttpReply {
  const reply =
    full === 'server' || full === 'memory' || full === 'file descriptors'
      ? problem('unavailable', fullWords(full), { title: NO_ROOM })
      : problem('rate_limited', CROWDED[full], { title: NO_ROOM });
  return askAgain(reply, NO_ROOM_RETRY_SECONDS);
}

function fullWords(full: 'server' | Shortage): string {
  return full === 'server'
    ? 'this server has as many connections as it may have'
    : `this server has no ${full} left for it`;
}

const NO_ROOM = 'there is no room for another connection now';
