/**
 * The chat's side of the transport: it decides who may connect, and handles text messages, lag and the end of
 * connections. `routes.ts` has the meaning of frames, `actors/threads/threads.ts` the threads.
 */
import { randomBytes } from 'node:crypto';
import { wallTime, type Clock } from '../../actors/clock.js';
import {
  COME_BACK_MS as MEMORY_BACK_MS,
  NO_MEMORY,
  type Memory
} from '../../actors/memory/memory.js';
import type { Incidents } from '../../actors/monitor/incidents.js';
import type { CatchUp } from './catch-up.js';
import { reasonOf } from '../../machines/reason.js';
import type { Origins } from '../auth/origins.js';
import { bearerOf, offeredBearer, offeredProtocols } from '../auth/auth.js';
import { Connection, EARLY_FRAMES_MAX, UNTIL_LIVE } from './connection.js';
import type { Connections } from './connections.js';
import { decodeFrame, type Decoded, type Received, type RequestId } from './frame-decoder.js';
import { SUBPROTOCOL } from '../../protocol/frames.js';
import { frameQuestion, frameRefusal } from './frame-doors.js';
import { NOT_ANSWERED, NOT_ANSWERED_AFTER_MS } from '../access/authority.js';
import type { NoteLimited } from '../limits/limited.js';
import { FULL_LIMITS, noRoomReply, type ClientLimits } from './limits.js';
import type { WrongKeys } from './work/wrong-keys.js';
import type { Publisher } from './publisher.js';
import { route, type Routes } from './routes.js';
import { clientAddress } from '../transport/client-address.js';
import { plainProblem } from '../transport/problem.js';
import { Secret } from '../auth/secret.js';
import type { Subscriptions } from './subscriptions.js';
import { CHARS_PER_POINT, FRAME_POINTS } from './work/costs.js';
import { Inbox } from './work/inbox.js';
import { TokenBucket } from './work/token-bucket.js';
import type { TurnBudget } from './work/turn-budget.js';
import { unreadable } from './unreadable.js';
import type { OutFrame } from '../transport/out-frame.js';
import type {
  HttpReply,
  Socket,
  SocketEvents,
  TransportRequest,
  UpgradeDecision
} from '../transport/transport.js';

/** More bad frames in a row than this close a connection with 3501. */
export const BAD_FRAMES_MAX = 10;

/**
 * Frames of any type that a connection may send per second, for each publish per second that it may send; beyond it,
 * 3013.
 */
export const FRAMES_PER_PUBLISH = 20;

/**
 * Most characters of one connection's frames that wait for later turns when others' wait too (inbox.ts); above it the
 * connection is closed with 3013. It holds several messages of the largest size that the default limit allows.
 */
export const BACKLOG_CHARS_MAX = 1_048_576;

/** When a client that flooded should come back, in milliseconds: its bucket is half full again then. */
const COME_BACK_MS = 1_000;

/** Header that lets the server's own health probe in before others; its value is a secret of the process. */
export const PROBE_HEADER = 'x-rollcall-probe';

/** Options of {@link Chat}. */
export interface ChatOptions {
  readonly clock: Clock;
  readonly incidents: Incidents;
  readonly connections: Connections;
  readonly limits: ClientLimits;
  readonly origins: Origins;
  /** The work of this turn of the event loop. */
  readonly turn: TurnBudget;
  readonly trustProxy: boolean;
  readonly memory: Pick<Memory, 'refusesPages'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
  readonly wrongKeys: Pick<WrongKeys, 'refusal'>;
  /** Returns the reply to an upgrade while the server is not serving; null when it is. */
  readonly refusal: () => HttpReply | null;
}

/** Parts that exist once the log is open and the handlers are registered. */
export interface ChatParts {
  readonly publisher: Publisher;
  readonly catchUp: CatchUp;
  readonly subscriptions: Subscriptions;
  readonly routes: Routes;
}

/** The chat's side of the transport. */
export class Chat implements SocketEvents<Connection> {
  /** Secret of the health probe. */
  readonly probeSecret = randomBytes(24).toString('base64url');
  private readonly probe = new Secret(this.probeSecret);
  private readonly options: ChatOptions;
  private readonly inbox: Inbox<Received, Connection>;
  private parts: ChatParts | null = null;

  constructor(options: ChatOptions) {
    this.options = options;
    const { turn, limits } = options;
    this.inbox = new Inbox({
      turn,
      charsMax: Math.max(BACKLOG_CHARS_MAX, 2 * limits.frameBytes),
      text: (connection, text) => {
        this.line(connection, text);
      },
      frame: (connection, frame) => {
        turn.spend(FRAME_POINTS);
        this.handle(connection, frame);
      },
      isOver: (connection) => connection.isClosing,
      overflow: (connection) => {
        options.limited('waiting_frames_connection');
        connection.disconnect(3013, COME_BACK_MS);
      }
    });
  }

  /** Gives the chat its threads and handlers; before that nobody may connect. */
  begin(parts: ChatParts): void {
    this.parts = parts;
  }

  upgrade(request: TransportRequest): UpgradeDecision<Connection> {
    const { origins, connections, trustProxy, clock } = this.options;
    const isProbe = this.isProbe(request.header(PROBE_HEADER));
    const refusal = isProbe ? null : this.options.refusal();
    if (refusal !== null) return { accept: false, reply: refusal };
    const foreign = origins.refusal(request);
    if (foreign !== null) {
      return { accept: false, reply: plainProblem(403, foreign, 'forbidden') };
    }
    const wrong = this.options.wrongKeys.refusal(request);
    if (wrong !== null) return { accept: false, reply: wrong };
    const address = clientAddress(request, trustProxy);
    const full = isProbe ? null : connections.admit(address);
    if (full !== null) {
      this.options.limited(FULL_LIMITS[full]);
      return { accept: false, reply: noRoomReply(full) };
    }
    const state = new Connection(
      connections.newId(),
      address,
      offeredBearer(request) ?? bearerOf(request),
      isProbe,
      clock.elapsed()
    );
    const protocol = offeredProtocols(request).includes(SUBPROTOCOL) ? SUBPROTOCOL : null;
    return { accept: true, protocol, state };
  }

  open(socket: Socket<Connection>): void {
    const connection = socket.state;
    connection.socket = socket;
    if (!this.options.connections.add(connection)) connection.disconnect(3014, null);
  }

  message(socket: Socket<Connection>, text: string | null): void {
    const connection = socket.state;
    if (connection.isClosing) return;
    const now = this.options.clock.elapsed();
    connection.heard(now);
    if (text === null) {
      this.badFrame(connection, undefined, 'bad_frame', 'frames are text, not binary');
      return;
    }
    const { frameBytes } = this.options.limits;
    // A character is at most 3 bytes of UTF-8, so most frames need no counting.
    if (frameBytes > 0 && text.length * 3 > frameBytes && Buffer.byteLength(text) > frameBytes) {
      this.options.limited('frame_bytes');
      const message = `a frame is at most ${String(frameBytes)} bytes`;
      this.badFrame(connection, undefined, 'too_large', message);
      return;
    }
    this.inbox.take(connection, text);
  }

  /** A published frame found this connection's buffer full: from now on the connection reads the log instead. */
  dropped(socket: Socket<Connection>, missed: OutFrame): void {
    const connection = socket.state;
    // Typing and presence frames are dropped for a slow connection; only a message makes it lag.
    if (missed.offset === null) return;
    this.options.connections.lagBegins(connection);
    const { clock } = this.options;
    const since = wallTime(clock, connection.laggingSince ?? clock.elapsed());
    for (const subscription of connection.subscriptions) {
      if (!subscription.isLive) continue;
      const { thread } = subscription;
      socket.leave(thread.id);
      subscription.isLive = false;
      subscription.cursor = thread.id === missed.thread ? missed.offset - 1 : thread.published;
      subscription.replayTo = UNTIL_LIVE;
      subscription.behind = { why: 'lagged', from: subscription.cursor + 1, since };
    }
  }

  drain(socket: Socket<Connection>): void {
    const connection = socket.state;
    if (connection.payOwed()) this.parts?.catchUp.resume(connection);
  }

  close(socket: Socket<Connection>): void {
    const connection = socket.state;
    connection.socket = null;
    this.options.connections.remove(connection);
    this.parts?.subscriptions.endAll(connection);
  }

  /** Handles the frames that came while a token was being checked. */
  resume(connection: Connection): void {
    const early = connection.early ?? [];
    connection.early = null;
    this.inbox.takeDecoded(connection, early);
  }

  /** Handles the text of one frame. */
  private line(connection: Connection, text: string): void {
    const { turn, clock } = this.options;
    turn.spend(FRAME_POINTS + text.length / CHARS_PER_POINT);
    if (!this.isFlooding(connection, clock.elapsed())) {
      this.frame(connection, decodeFrame(text));
    }
  }

  private frame(connection: Connection, decoded: Decoded): void {
    if (!decoded.ok) {
      this.badFrame(connection, decoded.id, decoded.code, decoded.message);
      return;
    }
    const { frame } = decoded;
    if (connection.early !== null && frame.type !== 'connect') {
      connection.badFramesInARow = 0;
      if (connection.early.length < EARLY_FRAMES_MAX) connection.early.push(frame);
      else {
        this.options.limited('early_frames_connection');
        connection.sendError(frame.id, 'not_connected', 'too many frames before connected');
      }
      return;
    }
    const badFrames = connection.badFramesInARow;
    this.handle(connection, frame);
    // Unless the handler found the frame bad after all.
    if (connection.badFramesInARow === badFrames) connection.badFramesInARow = 0;
  }

  /**
   * Handles no further frame of a connection until a promise resolves, and then does the work for which a frame waits.
   */
  hold(connection: Connection, frame: Received, until: Promise<void>, work: () => void): void {
    connection.unanswered++;
    this.inbox.hold(connection, until, () => {
      connection.unanswered--;
      this.attempt(connection, frame, work);
    });
  }

  private handle(connection: Connection, frame: Received, isAsked = false): void {
    const parts = this.parts;
    if (parts === null || connection.isClosing) return;
    // The client has closed meanwhile: a subscription opened now would never be closed. Its publishes still count.
    if (connection.socket === null && frame.type !== 'publish') return;
    if (connection.isLeaving && frame.type !== 'ping' && frame.type !== 'pong') {
      this.turnAway(connection, frame, parts);
      return;
    }
    if (connection.user === null && frame.type !== 'connect') {
      connection.sendError(frame.id, 'not_connected');
      return;
    }
    const question = isAsked ? null : frameQuestion(connection.rights, frame);
    if (question !== null) {
      this.hold(connection, frame, question, () => {
        this.handle(connection, frame, true);
      });
      return;
    }
    this.attempt(connection, frame, () => {
      const refusal = frameRefusal(connection.rights, frame);
      if (refusal === 'unavailable') {
        connection.sendError(frame.id, refusal, NOT_ANSWERED, NOT_ANSWERED_AFTER_MS);
        return;
      }
      if (refusal !== null) {
        connection.sendError(frame.id, refusal);
        return;
      }
      const isPage = frame.type === 'history' || frame.type === 'threads';
      if (isPage && this.options.memory.refusesPages()) {
        connection.sendError(frame.id, 'unavailable', NO_MEMORY, MEMORY_BACK_MS);
        return;
      }
      route(parts.routes, connection, frame);
    });
  }

  /** Works on a frame, and answers for what fails. */
  private attempt(connection: Connection, frame: Received, work: () => void): void {
    try {
      work();
    } catch (error) {
      const reason = unreadable(error, this.options.incidents);
      if (reason !== null) {
        connection.sendError(frame.id, 'unavailable', reason);
        return;
      }
      this.options.incidents.note('a handler failed; its connection was closed', {
        actor: 'handlers',
        connection: connection.id,
        handler: frame.type,
        reason: reasonOf(error)
      });
      connection.disconnect(3004, 0);
    }
  }

  /** Refuses a frame that came after the server began to stop. A `connect` needs no answer: its goodbye follows. */
  private turnAway(connection: Connection, frame: Received, parts: ChatParts): void {
    const reason = 'the server is stopping; send it again elsewhere';
    if (frame.type === 'publish') parts.publisher.turnAway(reason);
    if (frame.type === 'publish' || (frame.id !== undefined && frame.type !== 'connect')) {
      connection.sendError(frame.id, 'unavailable', reason);
    }
  }

  /** Answers a bad frame, and closes the connection after too many in a row. */
  badFrame(
    connection: Connection,
    id: RequestId,
    code: 'bad_json' | 'bad_frame' | 'unknown_type' | 'too_large',
    message: string
  ): void {
    connection.sendError(id, code, message);
    connection.badFramesInARow++;
    if (connection.badFramesInARow > BAD_FRAMES_MAX) connection.disconnect(3501, null);
  }

  private isFlooding(connection: Connection, now: number): boolean {
    const { publishPerSecond } = this.options.limits;
    if (publishPerSecond === 0) return false;
    connection.frames ??= new TokenBucket(publishPerSecond * FRAMES_PER_PUBLISH, now);
    const afterMs = connection.frames.take(now);
    if (afterMs === 0) return false;
    this.options.limited('frames_connection');
    connection.disconnect(3013, COME_BACK_MS);
    return true;
  }

  private isProbe(shown: string | undefined): boolean {
    return shown !== undefined && this.probe.is(shown);
  }
}
