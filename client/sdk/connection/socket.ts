import type {
  ClientFrame,
  ServerFrame,
  SUBPROTOCOL as Subprotocol
} from '../../../protocol/frames.js';
import type { ClientClock } from '../clock.js';
import { readFrames } from '../frames.js';
import { clientError } from '../rollcall-error.js';

// A copy, checked by its type: importing the value would bundle the schema library.
const SUBPROTOCOL: typeof Subprotocol = 'rollcall.v1';

/** `readyState` of an open WebSocket. */
const OPEN = 1;

/** `readyState` of a closed WebSocket. */
const CLOSED = 3;

/** Time for the server to answer the close frame of a dropped socket, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000;

/** The part of a WebSocket that the SDK uses; browsers, Node ≥ 22 and the package `ws` provide it. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Cuts the connection without waiting for the server; browsers do not have it. */
  terminate?(): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void
  ): void;
}

/** Opens a socket to `url` and offers the subprotocols `protocols`. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** Callbacks of a {@link Socket}. None is called after `gone`, or after `drop()`. */
export interface SocketEvents {
  open(): void;
  frame(frame: ServerFrame): void;
  /** A received line is not a frame of the protocol. */
  bad(line: string): void;
  /** The connection has ended or could not be opened; called once. */
  gone(code: number, reason: string): void;
}

/**
 * Returns the WebSocket address for a server's address: `http` becomes `ws`, and a bare host gets the path `/ws`.
 * @throws {RollcallError} `bad_url`
 */
export function socketUrl(address: string): string {
  if (!/^(ws|http)s?:/i.test(address.trim()) || !URL.canParse(address)) {
    throw clientError('bad_url', `${address} is not ws://, wss://, http:// or https://`);
  }
  const url = new URL(address);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  if (url.pathname === '/') url.pathname = '/ws';
  url.hash = '';
  return url.href;
}

function isConstructor(value: unknown): value is WebSocketConstructor {
  return typeof value === 'function';
}

/**
 * Returns the platform's own WebSocket class.
 * @throws {RollcallError} `no_websocket` where there is none (Node 20): pass the one of `ws`
 */
export function platformWebSocket(): WebSocketConstructor {
  const found: unknown = Reflect.get(globalThis, 'WebSocket');
  if (isConstructor(found)) return found;
  throw clientError(
    'no_websocket',
    'this platform has no WebSocket: pass one, such as that of `ws`'
  );
}

/** One WebSocket that sends and receives frames. */
export class Socket {
  readonly #socket: WebSocketLike;
  readonly #clock: ClientClock;
  #over = false;
  #cancelTerminate: () => void = () => undefined;

  constructor(create: WebSocketConstructor, url: string, clock: ClientClock, events: SocketEvents) {
    this.#clock = clock;
    const socket = new create(url, [SUBPROTOCOL]);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      if (!this.#over) events.open();
    });
    socket.addEventListener('message', ({ data }) => {
      if (this.#over || typeof data !== 'string') return;
      const { frames, bad } = readFrames(data);
      for (const line of bad) {
        // The listener of an earlier line may have dropped the socket.
        if (!this.#isOver()) events.bad(line);
      }
      for (const frame of frames) {
        // A frame may end the connection (`disconnect`); later frames of the same message are ignored.
        if (!this.#isOver()) events.frame(frame);
      }
    });
    // A refused upgrade (503 while the server starts) is an `error` and then a `close` with 1006; the `error`
    // adds nothing, but without a listener it would end a Node process.
    socket.addEventListener('error', () => undefined);
    socket.addEventListener('close', ({ code, reason }) => {
      this.#cancelTerminate();
      if (this.#over) return;
      this.#over = true;
      events.gone(code, reason);
    });
  }

  /** Sends a frame; false when the socket is not open. */
  send(frame: ClientFrame): boolean {
    return this.sendText(JSON.stringify(frame));
  }

  /** Sends a frame that is already JSON text; false when the socket is not open. */
  sendText(frame: string): boolean {
    if (this.#over || this.#socket.readyState !== OPEN) return false;
    this.#socket.send(frame);
    return true;
  }

  /** Closes the connection without further callbacks; after a second it is cut, where the platform can do that. */
  drop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.close(1000, 'client is done');
    if (this.#socket.readyState === CLOSED || this.#socket.terminate === undefined) return;
    // A server that does not answer the close frame would keep the socket, and so a Node process, open for half a minute.
    this.#cancelTerminate = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#socket.terminate?.());
  }

  #isOver(): boolean {
    return this.#over;
  }
}
