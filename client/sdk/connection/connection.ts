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
  createConnectionMachine,
  type ConnectionContext,
  type ConnectionEvent,
  type ConnectionMachine,
  type ConnectionNews
} from '../../../machines/client-connection.machine.js';
import type { ClientFrame, ServerFrame } from '../../../protocol/frames.js';
import type { ClientClock } from '../clock.js';
import type { ClientEnvironment, EnvironmentChange } from './environment.js';
import { Heartbeat } from './heartbeat.js';
import { mayReconnect, reconnectDelayMs, type ReconnectAdvice } from './reconnect.js';
import { RollcallError, clientError, serverError } from '../rollcall-error.js';
import { Socket, type SocketEvents, type WebSocketConstructor } from './socket.js';

/** How long a connection has to show that it lives when the network or the page has come back, in milliseconds. */
export const PROBE_MS = 5_000;

/** Lines in a row that may be no frames; one more, and another connection is looked for: the server has its like. */
export const BAD_FRAMES_MAX = 10;

/** Why a token is asked for. */
export interface TokenQuestion {
  /** The server ended the connection because the latest token ran out: a kept one will not do. */
  readonly expired: boolean;
}

/** What the server said about this connection. */
export type Connected = ServerFrame<'connected'>;

/** Where a client stands. */
export type ClientState =
  /** Waits for `getToken`. */
  | { readonly name: 'refreshing'; readonly attempt: number }
  | { readonly name: 'connecting'; readonly attempt: number }
  | { readonly name: 'connected'; readonly user: string; readonly connected: Connected }
  | {
      readonly name: 'waiting';
      /** Attempts that have failed since the last connection that held. */
      readonly failures: number;
      /** When the next attempt starts, in Unix milliseconds. */
      readonly retryAt: number;
      /** Close code of the connection that was lost; 1006 when there was none. */
      readonly code: number;
      readonly reason: string;
    }
  | {
      /** For good: the server asked not to come back, refused the token, or `close()` was called (code 1000). */
      readonly name: 'closed';
      readonly code: number;
      readonly reason: string;
      readonly error: RollcallError;
    };

/** Settings of a connection. */
export interface ConnectionSettings {
  readonly url: string;
  readonly WebSocket: WebSocketConstructor;
  readonly clock: ClientClock;
  readonly random: () => number;
  /** What holds until the server has advised. */
  readonly reconnect: ReconnectAdvice;
  /** A fresh token for every attempt; null where authentication is off. */
  readonly getToken: ((question: TokenQuestion) => string | Promise<string>) | null;
  readonly user: string | null;
  readonly client: { readonly name: string; readonly version: string };
  readonly environment: ClientEnvironment;
  /** Is told of everything that the chart does. */
  readonly inspect: ((event: InspectionEvent) => void) | null;
}

/** What a connection tells. */
export interface ConnectionEvents {
  /** Connected: frames may be sent from now on. */
  opened(connected: Connected): void;
  /** A frame that is not the connection's own business. */
  frame(frame: ServerFrame): void;
  /** Was connected and is no longer. */
  lost(): void;
  state(state: ClientState): void;
  error(error: RollcallError): void;
}

/** One client's way to the server, run by its chart; at most one socket at any time. */
export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #events: ConnectionEvents;
  readonly #heartbeat: Heartbeat;
  readonly #actor: Actor<ConnectionMachine>;
  #state: ClientState = { name: 'connecting', attempt: 1 };
  #advice: ReconnectAdvice;
  #token: string | null = null;
  #connected: Connected | null = null;
  #socket: Socket | null = null;
  /** Why it is closed, when something better than the close code is known. */
  #refused: RollcallError | null = null;
  /** Told to listeners when the chart has come to rest: what they do then happens at once, in order. */
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
        this.#lose(ABNORMAL, 'the server has gone silent', null);
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

  /** Where the connection stands now. */
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
    return this.#state.name === 'connected' && this.#socket?.send(frame) === true;
  }

  /** Sends a frame that is JSON text already; false when not connected. */
  sendText(text: string): boolean {
    return this.#state.name === 'connected' && this.#socket?.sendText(text) === true;
  }

  /** Whether it was the application that closed it. */
  get isClosedByApplication(): boolean {
    return this.#isClosing;
  }

  /** Cuts a wait for the next attempt short; does nothing in any other state. */
  retryNow(): void {
    this.#send({ type: 'connection.retry' });
  }

  /** Ends for good. */
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

  /** Lets the chart work, and then tells what has come of it. */
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
      // What waits goes out before listeners hear of it and send more: order of calls stays order of sending.
      if (state.name === 'connected') this.#events.opened(state.connected);
      if (before.name === 'connected') this.#events.lost();
      if (before.name === 'refreshing' && state.name === 'waiting') {
        this.#events.error(clientError('token', state.reason, true));
      }
      this.#events.state(state);
    });
  }

  #stateOf(news: ConnectionNews, { failures, loss, retryAt }: ConnectionContext): ClientState {
    const { code, reason } = loss ?? { code: ABNORMAL, reason: '' };
    if (news === 'refreshing' || news === 'connecting')
      return { name: news, attempt: failures + 1 };
    if (news === 'waiting') return { name: news, failures, retryAt: retryAt ?? 0, code, reason };
    const connected = this.#connected;
    if (news === 'connected' && connected !== null) {
      return { name: news, user: connected.user, connected };
    }
    const error = this.#isClosing
      ? clientError('closed', 'the client is closed')
      : (this.#refused ?? refusal(code, reason));
    return { name: 'closed', code, reason, error };
  }

  #sense(change: EnvironmentChange): void {
    if (this.#state.name === 'connected') this.#heartbeat.probe(PROBE_MS);
    // Without a network there may still be a server on this very machine: attempts go on at their pace.
    else if (change !== 'offline') this.retryNow();
  }

  /** Asks the application for a token; the answer gives it up. */
  #fetchToken(expired: boolean): () => void {
    const { getToken } = this.#settings;
    let isOver = false;
    void new Promise<unknown>((resolve, reject) => {
      if (getToken === null) reject(new Error('there is no getToken'));
      else resolve(getToken({ expired }));
    }).then(
      (token: unknown) => {
        if (isOver) return;
        if (typeof token !== 'string') {
          this.#send({ type: 'token.failed', reason: `getToken gave ${typeof token}, not text` });
          return;
        }
        this.#token = token;
        this.#send({ type: 'token.fetched' });
      },
      (cause: unknown) => {
        if (isOver) return;
        const reason = reasonOf(cause);
        this.#send({ type: 'token.failed', reason });
      }
    );
    return () => {
      isOver = true;
    };
  }

  /** Opens a socket; the answer lets go of it. */
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
          this.#lose(ABNORMAL, 'the server sends what are no frames of rollcall.v1', null);
        }
      },
      gone: (code, reason) => {
        this.#lose(code, reason, null);
      }
    };
    try {
      socket = new Socket(this.#settings.WebSocket, url, this.#settings.clock, events);
    } catch (cause) {
      // A browser does not let a page of https:// speak ws://, and there is no sense in asking it again.
      const reason = `no WebSocket can be opened to ${url}: ${reasonOf(cause)}`;
      this.#refused = clientError('bad_url', reason);
      this.#send({ type: 'link.lost', isFinal: true, code: ABNORMAL, reason, afterMs: null });
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
      const { code, reason } = frame;
      this.#send({
        type: 'link.lost',
        isFinal: !frame.reconnect,
        code,
        reason,
        afterMs: frame.afterMs ?? null
      });
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

  /** `connect` was answered by an error. The server closes after it; its words are worth more than the close code. */
  #refuse(error: RollcallError): void {
    const reason = error.message;
    if (error.retry) {
      this.#lose(ABNORMAL, reason, error.afterMs);
      return;
    }
    this.#refused = error;
    const code = error.code === 'forbidden' ? 3507 : 3500;
    this.#send({ type: 'link.lost', isFinal: true, code, reason, afterMs: null });
  }

  /** The attempt or the connection is over; it comes back by itself where the code allows it. */
  #lose(code: number, reason: string, afterMs: number | null): void {
    this.#send({ type: 'link.lost', isFinal: !mayReconnect(code), code, reason, afterMs });
  }
}

function refusal(code: number, reason: string): RollcallError {
  const words = reason === '' ? String(code) : reason;
  return new RollcallError(
    code === 3500 ? 'unauthorized' : 'closed',
    `the server closed the connection for good: ${words}`
  );
}

/** An observer that throws would throw at the chart that it observes. */
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
