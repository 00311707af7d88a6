/**
 * `WS /ai/ws`: what `WebSocketChatTransport` of the AI SDK speaks from version 7 on. Several requests share a socket; each
 * gets its chunks in sequence. A lost socket ends no run, `abort` does.
 */
import type { Clock } from '../../actors/clock.js';
import type { Incidents } from '../../actors/monitor/incidents.js';
import { reasonOf } from '../../machines/reason.js';
import { CLOSES, closeRule } from '../../protocol/errors.js';
import { CallerRights, type Guard } from '../access/guard.js';
import { endOf, type Identity, type UserIdentity } from '../access/identity.js';
import { AccessError, type ApiAccess } from '../auth/api-access.js';
import { offeredBearer, offeredProtocols } from '../auth/auth.js';
import type { Origins } from '../auth/origins.js';
import { Connection } from '../chat/connection.js';
import type { Connections } from '../chat/connections.js';
import { FULL_LIMITS, noRoomReply } from '../chat/limits.js';
import { unreadable } from '../chat/unreadable.js';
import type { WrongKeys } from '../chat/work/wrong-keys.js';
import type { NoteLimited } from '../limits/limited.js';
import { clientAddress } from '../transport/client-address.js';
import type { FanOut } from '../transport/fan-out.js';
import { plainProblem, problem } from '../transport/problem.js';
import type {
  Endpoint,
  HttpReply,
  Socket,
  SocketEvents,
  TransportRequest,
  UpgradeDecision
} from '../transport/transport.js';
import { AI_BODY_BYTES, type AiDoor } from './ai-door.js';
import { NO_VERSION, versionOf } from './ai-request.js';
import { LineSocket } from './line-socket.js';
import { AiSession } from './ai-session.js';

/** Path of the WebSockets. */
export const AI_WS_PATH = '/ai/ws';

/** Bytes that a socket has not read, above which it lags. */
const LAG_BYTES = 1_048_576;

/** Options of {@link AiSockets}. */
export interface AiSocketsOptions {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly origins: Origins;
  readonly wrongKeys: Pick<WrongKeys, 'refusal' | 'charge'>;
  readonly trustProxy: boolean;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
  /** Returns the reply to an upgrade while the server is not serving; null when it is. */
  readonly refusal: () => HttpReply | null;
}

/** Parts that exist once the log is open. */
export interface AiSocketsParts {
  readonly door: AiDoor;
  readonly access: ApiAccess;
  readonly guard: Guard;
  /** Returns whether a token has been revoked, or nobody knows. */
  readonly isRevoked: (identity: UserIdentity) => boolean;
  /** The chat's sockets: each socket counts as one of them. */
  readonly fanOut: FanOut<Connection>;
}

/** The WebSockets of the AI SDK. */
export class AiSockets implements SocketEvents<AiSession> {
  private readonly options: AiSocketsOptions;
  private parts: AiSocketsParts | null = null;

  constructor(options: AiSocketsOptions) {
    this.options = options;
  }

  /** Path, events and limits for the transport. */
  get endpoint(): Endpoint<AiSession> {
    return {
      path: AI_WS_PATH,
      events: this,
      limits: { messageBytes: AI_BODY_BYTES, lagBytes: LAG_BYTES },
      pings: true
    };
  }

  /** Gives it the parts that need the log; before that nobody may connect. */
  begin(parts: AiSocketsParts): void {
    this.parts = parts;
  }

  upgrade(request: TransportRequest): UpgradeDecision<AiSession> {
    const { origins, wrongKeys, connections, trustProxy, limited } = this.options;
    const { parts } = this;
    const early = this.options.refusal();
    if (early !== null) return { accept: false, reply: early };
    if (parts === null) return { accept: false, reply: problem('unavailable') };
    const foreign = origins.refusal(request);
    if (foreign !== null) {
      return { accept: false, reply: plainProblem(403, foreign, 'forbidden') };
    }
    const wrong = wrongKeys.refusal(request);
    if (wrong !== null) return { accept: false, reply: wrong };
    const version = versionOf(request, 7);
    if (version === null) return { accept: false, reply: problem('bad_frame', NO_VERSION) };
    const address = clientAddress(request, trustProxy);
    const full = connections.admit(address);
    if (full !== null) {
      limited(FULL_LIMITS[full]);
      return { accept: false, reply: noRoomReply(full) };
    }
    const offered = offeredProtocols(request).filter((name) => name !== '');
    const session = new AiSession({
      door: parts.door,
      clock: this.options.clock,
      request: withBearer(request),
      version,
      limited,
      failed: (error) => unreadable(error, this.options.incidents) ?? reasonOf(error)
    });
    // A browser closes a socket whose offer was not taken.
    return { accept: true, protocol: offered[0] ?? null, state: session };
  }

  open(socket: Socket<AiSession>): void {
    const { parts } = this;
    if (parts === null) return;
    const { clock, connections, trustProxy } = this.options;
    const session = socket.state;
    const address = clientAddress(session.request, trustProxy);
    const connection = new Connection(connections.newId(), address, null, false, clock.elapsed());
    // Its client pings nobody, and only reads of one thread are told to it.
    connection.isStream = true;
    const line = new LineSocket(parts.fanOut, connection, (code) => {
      socket.end(code, closeRule(code)?.reason ?? '');
    });
    session.begin(socket, line);
    parts.fanOut.events.open(line);
    if (connection.socket === null) return;
    void this.signIn(parts, session, connection);
  }

  message(socket: Socket<AiSession>, text: string | null): void {
    if (text === null) socket.end(3501, CLOSES[3501].reason);
    else socket.state.take(text);
  }

  /** Nothing is published to these sockets. */
  dropped(): void {
    // They are in no topic.
  }

  drain(socket: Socket<AiSession>): void {
    socket.state.drained();
  }

  close(socket: Socket<AiSession>): void {
    socket.state.close();
  }

  private async signIn(
    parts: AiSocketsParts,
    session: AiSession,
    connection: Connection
  ): Promise<void> {
    const { wrongKeys, connections } = this.options;
    let identity: Identity;
    try {
      identity = await parts.access.listener(session.request, 'publish');
    } catch (error) {
      const code = error instanceof AccessError ? error.code : 'unavailable';
      if (code === 'unauthorized') wrongKeys.charge(connection.address);
      connection.disconnect(code === 'unavailable' ? 3004 : 3500, null);
      return;
    }
    // It may have closed in the meantime: a user set now would be counted for ever.
    if (connection.socket === null || connection.isClosing) return;
    if (identity.kind === 'user') {
      if (parts.isRevoked(identity)) {
        connection.disconnect(3500, null);
        return;
      }
      if (!connections.name(connection, identity.user)) {
        connection.disconnect(3014, null);
        return;
      }
    }
    connection.rights = new CallerRights(parts.guard, identity);
    connection.expiresAt = endOf(identity);
    session.signedIn(identity);
  }
}

/** Returns the request with the token of its subprotocol as a header, since browsers can send no header there. */
function withBearer(request: TransportRequest): TransportRequest {
  const token = offeredBearer(request);
  if (token === null) return request;
  return {
    method: request.method,
    path: request.path,
    query: request.query,
    address: request.address,
    header: (name) => (name === 'authorization' ? `Bearer ${token}` : request.header(name)),
    body: (limitBytes) => request.body(limitBytes)
  };
}
