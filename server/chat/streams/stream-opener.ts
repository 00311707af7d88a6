/**
 * Opens streams: subscriptions of one thread over something that is only written to. Each is a connection of the chat, so
 * limits, revoked tokens, lost rights, slow readers and the end of the server mean the same as for a WebSocket.
 */
import type { Clock } from '../../../actors/clock.js';
import { LogCorruptError, LogUnavailableError } from '../../../actors/log/log-errors.js';
import type { LogReader } from '../../../actors/log/log-reader.js';
import type { Place } from '../../../protocol/place.js';
import { CallerRights, type Guard } from '../../access/guard.js';
import { endOf, type Identity, type UserIdentity } from '../../access/identity.js';
import type { NoteLimited } from '../../limits/limited.js';
import type { HttpReply } from '../../transport/transport.js';
import { Connection } from '../connection.js';
import type { Connections } from '../connections.js';
import { mayRead } from '../evictions.js';
import { encodeFrame } from '../frame-encoder.js';
import { FULL_LIMITS, noRoomReply } from '../limits.js';
import type { Subscriptions } from '../subscriptions.js';

/** Options of {@link StreamOpener}. */
export interface StreamOpenerOptions {
  readonly clock: Clock;
  readonly log: LogReader;
  readonly subscriptions: Subscriptions;
  readonly connections: Connections;
  readonly guard: Guard;
  /** Returns whether a token has been revoked, or nobody knows. */
  readonly isRevoked: (identity: UserIdentity) => boolean;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Who asks for a stream of which thread. */
export interface StreamRequest {
  readonly thread: string;
  readonly reader: Identity;
  readonly address: string;
}

/** Opens streams. */
export class StreamOpener {
  private readonly options: StreamOpenerOptions;

  constructor(options: StreamOpenerOptions) {
    this.options = options;
  }

  /**
   * Returns the reply to a request that a limit refuses; null when there is room. The caller has made sure that the reader
   * may read.
   * @throws {LogUnavailableError} or `LogCorruptError` when the thread cannot be read
   */
  refusal({ thread, reader, address }: StreamRequest): HttpReply | null {
    const { log, connections } = this.options;
    const full = connections.admit(address, { user: userOf(reader) });
    if (full !== null) {
      this.options.limited(FULL_LIMITS[full]);
      return noRoomReply(full);
    }
    // Read before the stream begins: what it throws can still be answered.
    if (log.head(thread) === null) log.ensure(thread);
    return null;
  }

  /**
   * Opens a stream for which there was room. `attach` gives the connection its socket, with `chat.open`. The stream is
   * closed at once if it may not be opened any more, or its thread cannot be read any more.
   */
  open(
    { thread, reader, address }: StreamRequest,
    after: Place | null,
    attach: (connection: Connection) => void
  ): void {
    const { clock, connections, guard, subscriptions } = this.options;
    const user = userOf(reader);
    const connection = new Connection(connections.newId(), address, null, false, clock.elapsed());
    connection.isStream = true;
    attach(connection);
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
    try {
      subscriptions.open(connection, thread, after ?? 'live', undefined);
    } catch (error) {
      // Too late for a status: it must not stay open, nor must the error go on to where nobody catches it.
      connection.disconnect(3004, null);
      if (!(error instanceof LogUnavailableError || error instanceof LogCorruptError)) throw error;
    }
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

function userOf(reader: Identity): string | null {
  return reader.kind === 'user' ? reader.user : null;
}
