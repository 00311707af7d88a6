import {
  createActor,
  fromCallback,
  type Actor,
  type EventObject,
  type InspectionEvent
} from 'xstate';
import { reasonOf } from '../../../machines/reason.js';
import {
  ABNORMAL,
  TOKEN_EXPIRED,
  createConnectionMachine,
  type ConnectionContext,
  type ConnectionEvent,
  type ConnectionMachine,
  type ConnectionNews
} from '../../../machines/client-connection.machine.js';
import type { ClientFrame, ServerFrame } from '../../../protocol/frames.js';
import type { ClientClock } from '../clock.js';
import { askToken, type GetToken } from './ask-token.js';
import type { ClientEnvironment, EnvironmentChange } from './environment.js';
import type { ClientState, Connected } from './client-state.js';
import { endCause, endError } from './end-cause.js';
import { Heartbeat, PROBE_MS } from './heartbeat.js';
import { mayReconnect, reconnectDelayMs, type ReconnectAdvice } from './reconnect.js';
import { RollcallError, clientError, serverError } from '../rollcall-error.js';
import { Socket, type SocketEvents, type WebSocketConstructor } from './socket.js';

/** Most consecutive lines that are not frames. One more closes the connection, as the server does in that case. */
export const BAD_FRAMES_MAX = 10;

/** Settings of a {@link Connection}, complete: the client has filled in its defaults. */
export interface ConnectionSettings {
  readonly url: string;
  readonly WebSocket: WebSocketConstructor;
  readonly clock: ClientClock;
  readonly random: () => number;
  /** Used until the server sends its own values. */
  readonly reconnect: ReconnectAdvice;
  /** Called for a token before every attempt; null where authentication is off. */
  readonly getToken: GetToken | null;
  readonly user: string | null;
  readonly client: { readonly name: string; readonly version: string };
  readonly environment: ClientEnvironment;
  /** Receives every inspection event of the chart. */
  readonly inspect: ((event: InspectionEvent) => void) | null;
}

/** Callbacks of a {@link Connection}. */
export interface ConnectionEvents {
  /** Called when connected: from now on frames can be sent. */
  opened(connected: Connected): void;
  /** Called for every frame that the connection does not handle itself. */
  frame(frame: ServerFrame): void;
  /** Called when an established connection has ended. */
  lost(): void;
  state(state: ClientState): void;
  error(error: RollcallError): void;
}

/** One client's connection to the server, driven by its chart; it has at most one socket at any time. */
export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #events: ConnectionEvents;
  readonly #heartbeat: Heartbeat;
  readonly #actor: Actor<ConnectionMachine>;
  #state: ClientState = { name: 'connecting', attempt: 1 };
  #advice: ReconnectAdvice;
  #token: string | null = null;
  /** Whether the application knew that it had to give another token than the one before. */
  #isFresh = false;
  #connected: Connected | null = null;
  #socket: Socket | null = null;
  /** Reason for the close, when it is more precise than the close code. */
  #refused: RollcallError | null = null;
  /** Calls to listeners that wait until the chart's step is complete, so that listeners can act on it at once, in order. */
  readonly #untold: (() => void)[] = [];
  #isClosing = false;
  #isBusy = false;
  #isTelling = false;
  #leaveEnvironment: () => void = () => undefined;

  constructor(settings: ConnectionSettings, events: ConnectionEvents) {
    const { clock, getToken, random, inspect } = settings;
    this.#settings = settings;
    this.#events = events;
    this.#advice = settings.reconnect;
    this.#heartbeat = new Heartbeat(clock, {
      ask: () => this.#socket?.send({ type: 'ping' }),
      dead: () => {
        this.#lose(ABNORMAL, 'the server has gone silent');
      }
    });
    const machine = createConnectionMachine({
      hasToken: getToken !== null,
      now: () => clock.now(),
      retryDelayMs: (lost) => reconnectDelayMs({ ...lost, advice: this.#advice, random })
    }).provide({
      actors: {
        token: fromCallback<EventObject, { isExpired: boolean }>(({ input }) =>
          this.#fetchToken(input.isExpired)
        ),
        socket: fromCallback(() => this.#open())
      },
      actions: {
        tell: ({ context }, { news }) => {
          this.#become(news, context);
        }
      }
    });
    this.#actor = createActor(machine, {
      id: 'connection',
      clock: {
        setTimeout: (work: () => void, delayMs: number) =>
          clock.after(delayMs, () => {
            this.#run(work);
          }),
        clearTimeout: (cancel: () => void) => {
          cancel();
        }
      },
      ...(inspect === null ? {} : { inspect: contained(inspect) })
    });
  }

  /** Current state, for applications. */
  get state(): ClientState {
    return this.#state;
  }

  /** Starts the first attempt. */
  start(): void {
    this.#leaveEnvironment = this.#settings.environment.watch((change) => {
      this.#sense(change);
    });
    this.#run(() => {
      this.#actor.start();
    });
  }

  /** Sends a frame; false when not connected. */
  send(frame: ClientFrame): boolean {
    return this.sendText(JSON.stringify(frame));
  }

  /** Sends a frame that is already JSON text; false when not connected. */
  sendText(text: string): boolean {
    return this.#state.name === 'connected' && this.#socket?.sendText(text) === true;
  }

  /** Whether the application closed it, and not the server. */
  get isClosedByApplication(): boolean {
    return this.#isClosing;
  }

  /** Ends a wait for the next attempt; does nothing in any other state. */
  retryNow(): void {
    this.#send({ type: 'connection.retry' });
  }

  /** Closes the connection permanently. */
  close(): void {
    if (this.#state.name !== 'closed') this.#isClosing = true;
    this.#send({ type: 'connection.close' });
  }

  #send(event: ConnectionEvent): void {
    if (this.#state.name === 'closed') return;
    this.#run(() => {
      this.#actor.send(event);
    });
  }

  /** Runs one step of the chart, then calls the listeners that it queued. */
  #run(work: () => void): void {
    const isOutermost = !this.#isBusy;
    this.#isBusy = true;
    try {
      work();
    } finally {
      if (isOutermost) this.#isBusy = false;
    }
    if (!isOutermost || this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let tell = this.#untold.shift(); tell !== undefined; tell = this.#untold.shift()) tell();
    } finally {
      this.#isTelling = false;
    }
  }

  #become(news: ConnectionNews, context: ConnectionContext): void {
    const before = this.#state;
    this.#state = this.#stateOf(news, context);
    const state = this.#state;
    if (news === 'closed') this.#leaveEnvironment();
    this.#untold.push(() => {
      // Waiting messages are sent before listeners can send more, so that messages leave in the order of the calls.
      if (state.name === 'connected') this.#events.opened(state.connected);
      if (before.name === 'connected') this.#events.lost();
      if (before.name === 'refreshing' && state.name === 'waiting') {
        this.#events.error(clientError('token', state.reason, true));
      }
      this.#events.state(state);
    });
  }

  #stateOf(news: ConnectionNews, context: ConnectionContext): ClientState {
    const { failures, loss, retryAt, retryMs } = context;
    const { code, reason } = loss ?? { code: ABNORMAL, reason: '' };
    if (news === 'refreshing' || news === 'connecting')
      return { name: news, attempt: failures + 1 };
    if (news === 'waiting')
      return { name: news, failures, retryAt: retryAt ?? 0, retryMs, code, reason };
    const connected = this.#connected;
    if (news === 'connected' && connected !== null) {
      return { name: news, user: connected.user, connected };
    }
    const cause = endCause({
      code,
      isClosedByApplication: this.#isClosing,
      wasConnected: context.session !== null,
      hadExpired: context.isTokenExpired,
      refusal: this.#refused?.code ?? null
    });
    const error = this.#isClosing
      ? clientError('closed', 'the client is closed')
      : (this.#refused ?? endError(cause, code, reason));
    return { name: 'closed', code, reason, cause, error };
  }

  #sense(change: EnvironmentChange): void {
    if (this.#state.name === 'connected') this.#heartbeat.probe(PROBE_MS);
    // Offline does not stop attempts: the server may be on this machine.
    else if (change !== 'offline') this.retryNow();
  }

  /** Asks the application for a token; the returned function cancels the request. */
  #fetchToken(expired: boolean): () => void {
    this.#isFresh = expired;
    return askToken(
      this.#settings.getToken,
      expired,
      (token) => {
        this.#token = token;
        this.#send({ type: 'token.fetched' });
      },
      (reason) => {
        this.#send({ type: 'token.failed', reason });
      }
    );
  }

  /** Opens a socket; the returned function drops it. */
  #open(): () => void {
    const { user, client, url } = this.#settings;
    const token = this.#token;
    let socket: Socket;
    let badInARow = 0;
    const events: SocketEvents = {
      open: () => {
        socket.send({
          type: 'connect',
          id: 'connect',
          ...(token === null ? {} : { token }),
          ...(user === null ? {} : { user }),
          client
        });
      },
      frame: (frame) => {
        badInARow = 0;
        this.#heartbeat.heard();
        this.#take(frame);
      },
      bad: (line) => {
        const start = line.slice(0, 80);
        badInARow += 1;
        this.#events.error(new RollcallError('bad_frame', `the server sent no frame: ${start}`));
        if (badInARow > BAD_FRAMES_MAX) {
          this.#lose(ABNORMAL, 'the server sends no frames of rollcall.v1');
        }
      },
      gone: (code, reason) => {
        this.#lose(code, reason);
      }
    };
    try {
      socket = new Socket(this.#settings.WebSocket, url, this.#settings.clock, events);
    } catch (cause) {
      // A browser refuses ws:// to a page from https://, each time: another attempt is useless.
      const reason = `no WebSocket can be opened to ${url}: ${reasonOf(cause)}`;
      this.#refused = clientError('bad_url', reason);
      this.#lose(ABNORMAL, reason, null, true);
      return () => undefined;
    }
    this.#socket = socket;
    return () => {
      this.#heartbeat.stop();
      socket.drop();
      if (this.#socket === socket) this.#socket = null;
    };
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'ping') this.#socket?.send({ type: 'pong' });
    else if (frame.type === 'disconnect') {
      if (this.#state.name === 'connected') this.#events.frame(frame);
      this.#lose(frame.code, frame.reason, frame.afterMs, !frame.reconnect);
    } else if (this.#state.name === 'connected') {
      if (frame.type !== 'pong') this.#events.frame(frame);
    } else if (frame.type === 'connected') this.#greeted(frame);
    else if (frame.type === 'error') this.#refuse(serverError(frame));
  }

  #greeted(frame: Connected): void {
    const { user, connection, node } = frame;
    this.#advice = frame.reconnect;
    this.#connected = frame;
    this.#heartbeat.start(frame.ping);
    this.#send({ type: 'server.connected', session: { user, connection, node } });
  }

  /** Handles an error in answer to `connect`. The server closes after it; the error says more than the close code. */
  #refuse(error: RollcallError): void {
    const reason = error.message;
    if (error.retry) {
      this.#lose(ABNORMAL, reason, error.afterMs);
      return;
    }
    if (error.code === 'expired' && this.#token !== null && !this.#isFresh) {
      this.#lose(TOKEN_EXPIRED, reason);
      return;
    }
    this.#refused = error;
    this.#lose(error.code === 'forbidden' ? 3507 : 3500, reason, null, true);
  }

  /** Handles the end of an attempt or a connection; by default the client reconnects if the close code allows it. */
  #lose(
    code: number,
    reason: string,
    afterMs: number | null = null,
    isFinal = !mayReconnect(code)
  ): void {
    this.#send({ type: 'link.lost', isFinal, code, reason, afterMs });
  }
}

/** Wraps an observer: an error that it throws would otherwise reach the chart. */
function contained(inspect: (event: InspectionEvent) => void): (event: InspectionEvent) => void {
  return (event) => {
    try {
      inspect(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}
