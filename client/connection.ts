import type { ClientFrame, ServerFrame } from '../server/protocol.js';
import type { ClientClock } from './clock.js';
import { Heartbeat } from './heartbeat.js';
import { mayReconnect, reconnectDelayMs, type ReconnectAdvice } from './reconnect.js';
import { RollcallError, clientError, serverError } from './rollcall-error.js';
import { Socket, type WebSocketConstructor } from './socket.js';

/** How long one attempt may take until `connected`, in milliseconds: as long as the server itself waits. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** A connection that held this long, in milliseconds, was a good one: the next loss starts counting anew. */
export const STABLE_MS = 5_000;

/** Close code that stands for "no close frame came". */
const ABNORMAL = 1006;

/** What the server said about this connection. */
export type Connected = ServerFrame<'connected'>;

/** Where a client stands. */
export type ClientState =
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
  readonly getToken: (() => string | Promise<string>) | null;
  readonly user: string | null;
  readonly client: { readonly name: string; readonly version: string };
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

/** One client's way to the server: attempts, backoff, heartbeat; at most one socket at any time. */
export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #events: ConnectionEvents;
  readonly #heartbeat: Heartbeat;
  #state: ClientState = { name: 'connecting', attempt: 1 };
  #advice: ReconnectAdvice;
  #socket: Socket | null = null;
  #failures = 0;
  /** Tells an attempt whose token comes late that it has been given up. */
  #attempt = 0;
  #cancelTimer: () => void = () => undefined;

  constructor(settings: ConnectionSettings, events: ConnectionEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#advice = settings.reconnect;
    this.#heartbeat = new Heartbeat(settings.clock, {
      ask: () => this.#socket?.send({ type: 'ping' }),
      dead: () => {
        this.#end(ABNORMAL, 'the server has gone silent', null);
      }
    });
  }

  /** Where the connection stands now. */
  get state(): ClientState {
    return this.#state;
  }

  /** Starts the first attempt. */
  start(): void {
    this.#connect();
  }

  /** Sends a frame; false when not connected. */
  send(frame: ClientFrame): boolean {
    return this.#state.name === 'connected' && this.#socket?.send(frame) === true;
  }

  /** Cuts a wait for the next attempt short; does nothing in any other state. */
  retryNow(): void {
    if (this.#state.name === 'waiting') this.#connect();
  }

  /** Ends for good. */
  close(): void {
    this.#stop(1000, 'closed by the application', clientError('closed', 'the client is closed'));
  }

  #connect(): void {
    const { clock, getToken } = this.#settings;
    const attempt = ++this.#attempt;
    this.#cancelTimer();
    this.#cancelTimer = clock.after(CONNECT_TIMEOUT_MS, () => {
      this.#end(ABNORMAL, 'the server did not answer in time', null);
    });
    this.#enter({ name: 'connecting', attempt: this.#failures + 1 });
    // A listener may have closed the client on hearing that.
    if (attempt !== this.#attempt) return;
    if (getToken === null) {
      this.#open(null);
      return;
    }
    void new Promise<string>((resolve) => {
      resolve(getToken());
    }).then(
      (token) => {
        if (attempt === this.#attempt) this.#open(token);
      },
      (cause: unknown) => {
        if (attempt !== this.#attempt) return;
        const words = cause instanceof Error ? cause.message : String(cause);
        this.#events.error(clientError('token', `no token: ${words}`, true));
        if (attempt === this.#attempt) this.#end(ABNORMAL, 'no token', null);
      }
    );
  }

  #open(token: string | null): void {
    const { user, client } = this.#settings;
    this.#socket = new Socket(this.#settings.WebSocket, this.#settings.url, {
      open: () => {
        this.#socket?.send({
          type: 'connect',
          id: 'connect',
          ...(token === null ? {} : { token }),
          ...(user === null ? {} : { user }),
          client
        });
      },
      frame: (frame) => {
        this.#heartbeat.heard();
        this.#take(frame);
      },
      bad: (line) => {
        const start = line.slice(0, 80);
        this.#events.error(new RollcallError('bad_frame', `the server sent no frame: ${start}`));
      },
      gone: (code, reason) => {
        this.#end(code, reason, null);
      }
    });
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'ping') this.#socket?.send({ type: 'pong' });
    else if (frame.type === 'disconnect') {
      if (frame.reconnect) this.#end(frame.code, frame.reason, frame.afterMs ?? null);
      else this.#stop(frame.code, frame.reason, refusal(frame.code, frame.reason));
    } else if (this.#state.name === 'connected') {
      if (frame.type !== 'pong') this.#events.frame(frame);
    } else if (frame.type === 'connected') this.#connected(frame);
    else if (frame.type === 'error') this.#refuse(serverError(frame));
  }

  #connected(frame: Connected): void {
    this.#advice = frame.reconnect;
    this.#cancelTimer();
    this.#cancelTimer = this.#settings.clock.after(STABLE_MS, () => {
      this.#failures = 0;
    });
    this.#heartbeat.start(frame.ping);
    this.#state = { name: 'connected', user: frame.user, connected: frame };
    // What waits goes out before listeners hear of it and send more: order of calls stays order of sending.
    this.#events.opened(frame);
    this.#events.state(this.#state);
  }

  /** `connect` was answered by an error. The server closes after it; its words are worth more than the close code. */
  #refuse(error: RollcallError): void {
    if (error.retry) this.#end(ABNORMAL, error.message, error.afterMs);
    else this.#stop(error.code === 'forbidden' ? 3507 : 3500, error.message, error);
  }

  /** The attempt or the connection is over; comes back by itself where the code allows it. */
  #end(code: number, reason: string, afterMs: number | null): void {
    if (!mayReconnect(code)) {
      this.#stop(code, reason, refusal(code, reason));
      return;
    }
    const wasConnected = this.#state.name === 'connected';
    this.#release();
    const { clock, random } = this.#settings;
    const delayMs = reconnectDelayMs({
      advice: this.#advice,
      failures: this.#failures,
      wasConnected,
      afterMs,
      random
    });
    this.#failures += 1;
    this.#cancelTimer = clock.after(delayMs, () => {
      this.#connect();
    });
    const failures = this.#failures;
    const retryAt = clock.now() + delayMs;
    this.#state = { name: 'waiting', failures, retryAt, code, reason };
    if (wasConnected) this.#events.lost();
    this.#events.state(this.#state);
  }

  #stop(code: number, reason: string, error: RollcallError): void {
    if (this.#state.name === 'closed') return;
    const wasConnected = this.#state.name === 'connected';
    this.#release();
    this.#state = { name: 'closed', code, reason, error };
    if (wasConnected) this.#events.lost();
    this.#events.state(this.#state);
  }

  #release(): void {
    this.#attempt += 1;
    this.#cancelTimer();
    this.#heartbeat.stop();
    this.#socket?.drop();
    this.#socket = null;
  }

  #enter(state: ClientState): void {
    this.#state = state;
    this.#events.state(state);
  }
}

function refusal(code: number, reason: string): RollcallError {
  const words = reason === '' ? String(code) : reason;
  return new RollcallError(
    code === 3500 ? 'unauthorized' : 'closed',
    `the server closed the connection for good: ${words}`
  );
}
