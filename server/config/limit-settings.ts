/** The settings that limit what clients may do and use; docs/limits.md has what each of them refuses. */
import { integer, optionalInteger } from './setting.js';
import { LIMIT_MAX } from './setting-bounds.js';

/** Largest value of LIMIT_FRAME_BYTES. */
export const FRAME_MAX_BYTES = 16_777_216; // every subscriber's buffer must hold one frame; larger files belong elsewhere

/** Smallest value of LIMIT_FRAME_BYTES. */
export const FRAME_MIN_BYTES = 512; // smaller limits would refuse the server's own startup probe

const MEMORY_LIMIT_MIN_MB = 64; // a server without clients uses about 50 MB
const MEMORY_LIMIT_MAX_MB = 1_048_576; // one TB; more is probably the wrong unit

/** The settings by their key in the configuration, in documented order. */
export const LIMIT_SETTINGS = {
  limitPublishPerSecond: limit({
    name: 'LIMIT_PUBLISH_PER_SECOND',
    doc: 'publishes of one connection in a second; buckets hold twice as many',
    fallback: 50
  }),
  limitPublishPerUser: optionalLimit({
    name: 'LIMIT_PUBLISH_PER_USER',
    doc: 'publishes of one user in a second, over all connections and HTTP; buckets hold twice as many',
    fallbackText: '4 times LIMIT_PUBLISH_PER_SECOND'
  }),
  limitPublishPerAddress: optionalLimit({
    name: 'LIMIT_PUBLISH_PER_ADDRESS',
    doc: 'publishes from one address in a second; its requests that read are limited in proportion',
    fallbackText: '20 times LIMIT_PUBLISH_PER_SECOND'
  }),
  limitThreadsPerHour: optionalLimit({
    name: 'LIMIT_THREADS_PER_HOUR',
    doc: 'threads that one user may begin by writing in an hour; backends with the API key are not counted',
    fallbackText: '1000, or 0 with LIMIT_PUBLISH_PER_SECOND=0'
  }),
  limitStoredMbPerHour: optionalLimit({
    name: 'LIMIT_STORED_MB_PER_HOUR',
    doc: 'megabytes of messages that one user may store in an hour; backends with the API key are not counted',
    fallbackText: '256, or 0 with LIMIT_PUBLISH_PER_SECOND=0'
  }),
  limitFrameBytes: integer(
    { min: FRAME_MIN_BYTES, max: FRAME_MAX_BYTES, unit: 'bytes', zero: 'no limit' },
    { name: 'LIMIT_FRAME_BYTES', doc: 'largest frame of one connection', fallback: 65_536 }
  ),
  limitSubscriptions: limit({
    name: 'LIMIT_SUBSCRIPTIONS',
    doc: 'threads that one connection may be subscribed to',
    fallback: 128
  }),
  limitConnectionsPerUser: limit({
    name: 'LIMIT_CONNECTIONS_PER_USER',
    doc: 'open connections of one user, event streams included',
    fallback: 20
  }),
  limitConnectionsPerAddress: limit({
    name: 'LIMIT_CONNECTIONS_PER_ADDRESS',
    doc: 'open connections from one address, event streams included; an IPv6 /64 is one',
    fallback: 200
  }),
  limitUnauthenticatedPerAddress: optionalLimit({
    name: 'LIMIT_UNAUTHENTICATED_PER_ADDRESS',
    doc: 'open WebSockets from one address that have not signed in yet',
    fallbackText: '100, or 0 with LIMIT_CONNECTIONS_PER_ADDRESS=0'
  }),
  limitConnectsPerAddress: optionalLimit({
    name: 'LIMIT_CONNECTS_PER_ADDRESS',
    doc: 'WebSockets that one address may open in a second; buckets hold twice as many',
    fallbackText: '200, or 0 with LIMIT_CONNECTIONS_PER_ADDRESS=0'
  }),
  limitEventStreamsPerUser: limit({
    name: 'LIMIT_EVENT_STREAMS_PER_USER',
    doc: 'open event streams of one user; they count as connections too',
    fallback: 16
  }),
  limitConnections: limit({
    name: 'LIMIT_CONNECTIONS',
    doc: 'open connections of this server',
    fallback: 0
  }),
  limitWrongKeysPerSecond: limit({
    name: 'LIMIT_WRONG_KEYS_PER_SECOND',
    doc: 'wrong API keys, tokens, tickets and INSPECT_TOKENs from one address in a second; buckets hold twice as many',
    fallback: 10
  }),
  memoryLimitMb: optionalInteger(
    { min: MEMORY_LIMIT_MIN_MB, max: MEMORY_LIMIT_MAX_MB, unit: 'MB', zero: 'no limit' },
    {
      name: 'MEMORY_LIMIT_MB',
      doc: 'memory of this server; from 90 % of it, or of the JavaScript heap, new connections get 503 and publishes `unavailable`',
      fallbackText: '70 % of the container’s limit'
    }
  )
};

function limit(words: Parameters<typeof integer>[1]): ReturnType<typeof integer> {
  return integer({ min: 1, max: LIMIT_MAX, zero: 'no limit' }, words);
}

function optionalLimit(
  words: Parameters<typeof optionalInteger>[1]
): ReturnType<typeof optionalInteger> {
  return optionalInteger({ min: 1, max: LIMIT_MAX, zero: 'no limit' }, words);
}
