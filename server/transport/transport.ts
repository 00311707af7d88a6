/**
 * The interface that the server needs of a WebSocket and HTTP engine. Two engines implement it: uWebSockets.js
 * (`uws/uws-transport.ts`) and `ws` on `node:http` (`ws-transport.ts`). `pick-transport.ts` picks one at the start.
 */
import type { ByteBudget } from '../../actors/memory/byte-budget.js';
import { OPERATOR_ERRORS } from '../../actors/operator-errors.js';
import type { OutFrame } from './out-frame.js';

const { port_in_use, listen } = OPERATOR_ERRORS;

/** An HTTP request or a WebSocket upgrade. It stays valid for as long as it is referenced. */
export interface TransportRequest {
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  /** Raw query string without `?`; empty when there is none. */
  readonly query: string;
  /** Address of the peer as text, without a port. */
  readonly address: string;
  /** Returns a header by its lower-case name; undefined when absent. */
  header(name: string): string | undefined;
  /**
   * Returns the request body as text. Nothing is kept before this is called. Rejects with {@link BodyTooLargeError} above
   * `limitBytes`, with {@link BodiesFullError} when the budget of all bodies is used up, and when the peer disconnects.
   */
  body(limitBytes: number): Promise<string>;
}

/** A complete HTTP reply. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/**
 * An event stream (`text/event-stream`), or lines of another type: an HTTP reply that stays open and is written in chunks.
 * Engines put empty comments between chunks, so every chunk must consist of whole lines.
 */
export interface HttpStreamReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What engines put between chunks, for a body that is no event stream. Default: an empty comment. */
  readonly filler?: string;
  /** Called once with the open stream, after the headers have been written. */
  stream(out: HttpStream): void;
}

/** Writer of an open HTTP reply. */
export interface HttpStream {
  /** Writes a chunk. False means that it was buffered; `onDrain` is called when there is room again. */
  write(chunk: string | Uint8Array): boolean;
  /** Returns the bytes that were accepted but not yet passed to the kernel, as far as the engine knows. */
  buffered(): number;
  end(): void;
  /** Sets the one listener for "the buffer is empty again". */
  onDrain(listener: () => void): void;
  /** Sets the one listener for the end of the stream, from either side; called exactly once. */
  onClose(listener: () => void): void;
}

/** Decision about an upgrade: accept it, with the state of its connection, or reply as plain HTTP. */
export type UpgradeDecision<S> =
  | { readonly accept: true; readonly protocol: string | null; readonly state: S }
  | { readonly accept: false; readonly reply: HttpReply };

/** An open WebSocket, or an open event stream. All methods may be called after it has closed and then do nothing. */
export interface Socket<S> {
  /** The server's state of this connection, from the upgrade. */
  readonly state: S;
  /** Sends a frame. False when it was not accepted, because the buffer is above `lagBytes` or the socket is closed. */
  send(frame: OutFrame): boolean;
  /** Returns the bytes that were accepted but not yet passed to the kernel. */
  buffered(): number;
  /** Sets the number of bytes that are kept for this socket outside of it. */
  setAside(bytes: number): void;
  /** Adds the socket to a topic: from now on it gets what `FanOut.publish` sends, after everything sent before. */
  join(topic: string): void;
  leave(topic: string): void;
  /** Sends a close frame with the code and closes. */
  end(code: number, reason: string): void;
  /** Cuts the connection without a close frame. */
  terminate(): void;
}

/** Events of the WebSockets of one path. None of these may throw. */
export interface SocketEvents<S> {
  /** Decides about an upgrade. An accepted one may still break before `open`, so count connections in `open`. */
  upgrade(request: TransportRequest): UpgradeDecision<S>;
  open(socket: Socket<S>): void;
  /** A complete text message; `text` is null for a binary one. */
  message(socket: Socket<S>, text: string | null): void;
  /**
   * A published frame was not sent to this socket because its buffer is above `lagBytes`. Called once for every such
   * frame, before `publish` returns and after all other sockets have accepted it. Frames that are not reported were
   * accepted, in order. The socket may leave, join, send and end in here. Publishing to a topic that it is still in
   * calls this again.
   */
  dropped(socket: Socket<S>, frame: OutFrame): void;
  /** The send buffer has shrunk; `buffered()` returns its size. */
  drain(socket: Socket<S>): void;
  /**
   * Called exactly once per opened socket, with the code of the peer or the server (1005 for a close frame without one,
   * 1006 for no close frame). When the server closes, it is called before `end` or `terminate` returns.
   */
  close(socket: Socket<S>, code: number): void;
}

/** Answers a request that opens no WebSocket; when it throws, the reply is 500. */
export type RequestHandler = (
  request: TransportRequest
) => HttpReply | HttpStreamReply | Promise<HttpReply | HttpStreamReply>;

/** The HTTP side of a port. */
export interface HttpSide {
  readonly handler: RequestHandler;
  /** Budget of all request bodies while they arrive. */
  readonly bodies: ByteBudget;
  /** Whether a TCP connection that was just accepted may stay; otherwise it is cut at once. */
  readonly admits: () => boolean;
  /** Whether a proxy says truly how a request came to it (`TRUST_PROXY`). */
  readonly trustProxy: boolean;
}

/** A path for WebSockets beside `/ws`, with limits of its own. */
export interface Endpoint<S> {
  readonly path: string;
  readonly events: SocketEvents<S>;
  readonly limits: TransportLimits;
  /**
   * Whether the engine finds dead peers by protocol pings, which browsers answer by themselves. Default: no, since other
   * clients are pinged by frames.
   */
  readonly pings?: boolean;
}

/** Limits of the WebSockets of a path. */
export interface TransportLimits {
  /** A longer WebSocket message closes the connection with 1009; one of more than twice as many bytes may cut it. */
  readonly messageBytes: number;
  /**
   * A socket with more bytes in its buffer accepts no frames until it drains. While the budget of all sockets is used up,
   * a few kilobytes are enough.
   */
  readonly lagBytes: number;
  /** Fewest sockets of a topic that the engine's own topics carry. Default: `NATIVE_MIN`. */
  readonly nativeMin?: number;
}

/** An engine. */
export interface Transport {
  readonly kind: 'uws' | 'ws';
  /**
   * Binds and returns the port (`port` 0 takes a free one).
   * @throws {ListenError} when the address is in use or may not be bound
   */
  listen(host: string, port: number): Promise<number>;
  /** Accepts no new TCP connections; open ones stay. */
  stopListening(): void;
  /** Cuts everything that is still open; resolves when nothing of the transport is left. */
  close(): Promise<void>;
}

/** Thrown when the address could not be bound; `code` is `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` or `ELISTEN`. */
export class ListenError extends Error {
  readonly code: string;
  constructor(code: string, host: string, port: number) {
    super(
      code === 'EADDRINUSE'
        ? `port ${String(port)} on ${host} ${port_in_use.message}: ${port_in_use.action}`
        : `${listen.message} ${host}:${String(port)} (${code}): ${listen.action}`
    );
    this.name = 'ListenError';
    this.code = code;
  }
}

/** Thrown by `TransportRequest.body` when the body is longer than allowed. */
export class BodyTooLargeError extends Error {
  constructor(limitBytes: number) {
    super(`the request body is over ${String(limitBytes)} bytes`);
    this.name = 'BodyTooLargeError';
  }
}

/** Thrown by `TransportRequest.body` when the budget of all request bodies is used up. */
export class BodiesFullError extends Error {
  constructor() {
    super('too many request bodies come at once; send it again');
    this.name = 'BodiesFullError';
  }
}

/** Thrown by `TransportRequest.body` when the body is not UTF-8: read all the same, it would be stored as another text. */
export class BodyNotUtf8Error extends Error {
  constructor() {
    super('the request body is not UTF-8');
    this.name = 'BodyNotUtf8Error';
  }
}
