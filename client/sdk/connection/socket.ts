import type {
  ClientFrame,
  ServerFrame,
  SUBPROTOCOL as Subprotocol
} from '../../../protocol/frames.js';
import type { ClientClock } from '../clock.js';
import { readFrames } from '../frames.js';
import { clientError } from '../rollcall-error.js';

// Restated, and checked by its type, because importing the value would carry the schema library along.
const SUBPROTOCOL: typeof Subprotocol = 'rollcall.v1';

/** `readyState` of an open WebSocket. */
const OPEN = 1;

/** `readyState` of a WebSocket that is gone. */
const CLOSED = 3;

/** How long the server may take to answer the close frame of one that is dropped, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000;

/** What the SDK needs of a WebSocket; those of browsers, Node ≥ 22 and the package `ws` have it. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Cuts the connection without waiting for the other side; browsers have no such thing. */
  terminate?(): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void
  ): void;
}

/** A WebSocket class. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** What a {@link Socket} tells. Nothing is told after `gone`, nor after `drop()`. */
export interface SocketEvents {
  open(): void;
  frame(frame: ServerFrame): void;
  /** A line came that is no frame of the protocol. */
  bad(line: string): void;
  /** The connection has ended or never was; called once. */
  gone(code: number, reason: string): void;
}

/**
 * Makes the address of a server the address of its WebSocket: `http` becomes `ws`, and a bare host gets `/ws`.
 * @throws {RollcallError} `bad_url`
 */
export function socketUrl(address: string): string {
  if (!URL.canParse(address)) {
    throw clientError(
      'bad_url',
      `${address} is no address: give one like wss://chat.example.org/ws`
    );
  }
  const url = new URL(address);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw clientError('bad_url', `${address} is not ws://, wss://, http:// or https://`);
  }
  if (url.pathname === '/') url.pathname = '/ws';
  url.hash = '';
  return url.href;
}

function isConstructor(value: unknown): value is WebSocketConstructor {
  return typeof value === 'function';
}

/**
 * Answers the platform's own WebSocket class.
 * @throws {RollcallError} `no_websocket` where there is none (Node 20): pass the one of `ws`
 */
export function platformWebSocket(): WebSocketConstructor {
  const found: unknown = Reflect.get(globalThis, 'WebSocket');
  if (isConstructor(found)) return found;
  throw clientError(
    'no_websocket',
    'this platform has no WebSocket: pass one, for instance `connect(url, { WebSocket })` with the class of `ws`'
  );
}

/** One WebSocket, speaking frames. */
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
        // Whoever is told of the first ones may have had enough.
        if (!this.#isOver()) events.bad(line);
      }
      for (const frame of frames) {
        // A frame may end the connection (`disconnect`); what came behind it in the same message is void.
        if (!this.#isOver()) events.frame(frame);
      }
    });
    // A refused upgrade (503 while the server starts) is an `error` and then a `close` with 1006; the first says
    // nothing more, but unheard it would end a Node process.
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

  /** Sends a frame that is JSON text already; false when the socket is not open. */
  sendText(frame: string): boolean {
    if (this.#over || this.#socket.readyState !== OPEN) return false;
    this.#socket.send(frame);
    return true;
  }

  /** Lets go of the connection: nothing is heard of it any more, and after a second it is cut where that is possible. */
  drop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.close(1000, 'client is done');
    if (this.#socket.readyState === CLOSED || this.#socket.terminate === undefined) return;
    // A server that does not answer the close frame would keep the socket, and a Node process, for half a minute.
    this.#cancelTerminate = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#socket.terminate?.());
  }

  #isOver(): boolean {
    return this.#over;
  }
}
