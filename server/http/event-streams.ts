/**
 * Threads as server-sent events: the same subscriptions as over WebSocket, over an HTTP reply that stays open. Every
 * frame is an event of its type. The id of a message's event is its place, epoch and offset, so that `Last-Event-ID`
 * resumes.
 */
import type { Clock } from '../../actors/clock.js';
import type { LogReader } from '../../actors/log/log-reader.js';
import type { Place } from '../../protocol/place.js';
import { CallerRights, type Guard } from '../access/guard.js';
import { endOf, type Identity, type UserIdentity } from '../access/identity.js';
import { Connection } from '../chat/connection.js';
import type { Connections } from '../chat/connections.js';
import { mayRead } from '../chat/evictions.js';
import { encodeFrame } from '../chat/frame-encoder.js';
import { FULL_LIMITS, noRoomReply } from '../chat/limits.js';
import type { NoteLimited } from '../limits/limited.js';
import type { Subscriptions } from '../chat/subscriptions.js';
import { openEventSocket } from '../transport/event-socket.js';
import type { FanOut } from '../transport/fan-out.js';
import type { HttpReply, HttpStreamReply } from '../transport/transport.js';

/**
 * Time after which a browser reconnects by itself, in milliseconds, sent in the stream; a goodbye has a time of its
 * own.
 */
export const EVENTS_RETRY_MS = 2_000;

/** Options of {@link EventStreams}. */
export interface EventStreamsOptions {
  readonly clock: Clock;
  readonly log: LogReader;
  readonly subscriptions: Subscriptions;
  readonly connections: Connections;
  readonly guard: Guard;
  /** Returns whether a token has been revoked, or nobody knows. */
  readonly isRevoked: (identity: UserIdentity) => boolean;
  /** The chat's sockets; each stream becomes one of them. */
  readonly fanOut: FanOut<Connection>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Opens event streams. */
export class EventStreams {
  private readonly options: EventStreamsOptions;

  constructor(options: EventStreamsOptions) {
    this.options = options;
  }

  /**
   * Replies with a stream of a thread, after a place or from the next message on; with a problem when a limit is
   * reached. The caller has made sure that the reader may read.
   * @throws {LogUnavailableError} or `LogCorruptError` when the thread cannot be read
   */
  open(
    thread: string,
    after: Place | null,
    reader: Identity,
    address: string
  ): HttpStreamReply | HttpReply {
    const { log, clock, subscriptions, connections, fanOut, guard } = this.options;
    const user = reader.kind === 'user' ? reader.user : null;
    const full = connections.admit(address, { user });
    if (full !== null) {
      this.options.limited(FULL_LIMITS[full]);
      return noRoomReply(full);
    }
    // Read before the stream begins: what it throws can still be answered.
    if (log.head(thread) === null) log.ensure(thread);
    return {
      status: 200,
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no'
      },
      stream: (out) => {
        const now = clock.elapsed();
        const connection = new Connection(connections.newId(), address, null, false, now);
        connection.isStream = true;
        out.write(`retry: ${String(EVENTS_RETRY_MS)}\n\n`);
        openEventSocket(fanOut, connection, out);
        // The last place may have been taken, or the peer may have gone, since the answer was decided.
        if (connection.socket === null) return;
        connection.rights = new CallerRights(guard, reader);
        connection.expiresAt = endOf(reader);
        if (user !== null && !connections.name(connection, user)) {
          connection.disconnect(3014, null);
          return;
        }
        // The request waited for its turn, and what allowed it may have been taken back since.
        if (this.isTakenBack(connection, thread)) return;
        subscriptions.open(connection, thread, after ?? 'live', undefined);
      }
    };
  }

  /** Ends a stream whose reader may not read any more. Returns whether it did. */
  private isTakenBack(connection: Connection, thread: string): boolean {
    const { rights } = connection;
    if (rights === null) return false;
    const { identity } = rights;
    if (identity.kind === 'user' && this.options.isRevoked(identity)) {
      connection.sendError(undefined, 'revoked');
      connection.disconnect(3500, null);
      return true;
    }
    if (mayRead(rights, thread)) return false;
    connection.send(encodeFrame({ type: 'unsubscribed', thread, code: 'forbidden' }));
    connection.disconnect(3507, null);
    return true;
  }
}
