/**
 * What the server needs of a WebSocket and HTTP engine, and nothing more. Two engines fill it: uWebSockets.js
 * (`uws-transport.ts`) and `ws` on `node:http` (`ws-transport.ts`); `pick-transport.ts` decides once at start.
 */
import { OPERATOR_ERRORS } from '../../actors/operator-errors.js';

const { port_in_use, listen } = OPERATOR_ERRORS;

/** An HTTP request, or a WebSocket upgrade, as the server sees it; valid for as long as it is held. */
export interface TransportRequest {
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  /** Raw query string without `?`; empty when there is none. */
  readonly query: string;
  /** Address of the peer as text, without a port. */
  readonly address: string;
  /** Value of a header by its lower-case name; undefined when absent. */
  header(name: string): string | undefined;
  /** Request body as text; rejects with {@link BodyTooLargeError} past `limitBytes`, or when the peer goes away. */
  body(limitBytes: number): Promise<string>;
}

/** A whole HTTP answer. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/**
 * An event stream (`text/event-stream`): an HTTP answer that stays open and is written bit by bit. Engines put empty
 * comments between its chunks, so every chunk is whole lines.
 */
export interface HttpStreamReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Called once with the open stream, after the head has been written. */
  stream(out: HttpStream): void;
}

/** The writing end of an open HTTP answer. */
export interface HttpStream {
  /** Writes a chunk; false means that it was buffered and `onDrain` will tell when there is room again. */
  write(chunk: string): boolean;
  end(): void;
  /** Sets the one listener for "the buffer is empty again". */
  onDrain(listener: () => void): void;
  /** Sets the one listener for the end of the stream, from either side; called exactly once. */
  onClose(listener: () => void): void;
}

/** What the server says to an upgrade: let it in with the state to carry, or answer as plain HTTP. */
export type UpgradeDecision<S> =
  | { readonly accept: true; readonly protocol: string | null; readonly state: S }
  | { readonly accept: false; readonly reply: HttpReply };

/** One open WebSocket. All methods are safe to call after it has closed: they do nothing. */
export interface Socket<S> {
  /** The server's own state of this connection, as given at the upgrade. */
  readonly state: S;
  /** Sends a text frame; false when it was not taken because the buffer is past `lagBytes` or the socket is closed. */
  send(frame: string): boolean;
  /** Bytes accepted but not yet handed to the kernel. */
  buffered(): number;
  /** Adds the socket to a topic: from now on `publish` reaches it, after everything sent before. */
  join(topic: string): void;
  leave(topic: string): void;
  /** Runs `work` with its sends put into as few writes as possible, as all sends of one turn are anyway. */
  cork(work: () => void): void;
  /** Sends a close frame with the code and closes. */
  end(code: number, reason: string): void;
  /** Cuts the connection without a close frame. */
  terminate(): void;
}

/** What a transport calls of whoever answers the WebSockets of one path. None of these may throw. */
export interface SocketEvents<S> {
  /** Decides about an upgrade of the path. One let in may still break before `open`: count connections there. */
  upgrade(request: TransportRequest): UpgradeDecision<S>;
  open(socket: Socket<S>): void;
  /** A whole text message. Binary ones arrive with `text` null. */
  message(socket: Socket<S>, text: string | null): void;
  /**
   * A published frame was not given to this socket because its buffer is past `lagBytes`. Called once for every such
   * frame, before `publish` returns and after all other sockets have taken it; frames that are not reported were
   * taken, in order. The socket may leave, join, send and end in here; publishing to a topic that it is still in
   * leads back here.
   */
  dropped(socket: Socket<S>, frame: string): void;
  /** The send buffer has gone down; `buffered()` tells how far. */
  drain(socket: Socket<S>): void;
  /**
   * Called exactly once per opened socket, with the code that the peer or the server gave (1005 for a close frame
   * without one, 1006 for no close frame); before `end` or `terminate` returns where the server is the one.
   */
  close(socket: Socket<S>, code: number): void;
}

/** What a transport calls: for requests, and for the WebSockets of `/ws`. None of these may throw. */
export interface TransportEvents<S> extends SocketEvents<S> {
  request(
    request: TransportRequest
  ): HttpReply | HttpStreamReply | Promise<HttpReply | HttpStreamReply>;
}

/** WebSockets of another path beside `/ws`, with bounds of their own. */
export interface Endpoint<S> {
  readonly path: string;
  readonly events: SocketEvents<S>;
  readonly limits: TransportLimits;
}

/** Bounds of the WebSockets of a path. */
export interface TransportLimits {
  /** A WebSocket message past this many bytes closes the connection with 1009; one past twice as many may cut it. */
  readonly messageBytes: number;
  /** A socket whose buffer is past this many bytes takes no more frames until it drains. */
  readonly lagBytes: number;
}

/** A listening engine. */
export interface Transport {
  readonly kind: 'uws' | 'ws';
  /**
   * Binds and answers the port that was taken (`port` 0 takes a free one).
   * @throws {ListenError} when the address is in use or may not be bound
   */
  listen(host: string, port: number): Promise<number>;
  /** Gives a text frame to every socket in the topic, encoded once; ordered with `send` per socket. */
  publish(topic: string, frame: string): void;
  /** Sockets now in a topic. */
  subscribers(topic: string): number;
  /** Stops taking new TCP connections; open ones live on. */
  stopListening(): void;
  /** Cuts everything that is still open and resolves when nothing of the transport is left. */
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

/** Thrown by `TransportRequest.body` when more came than was allowed. */
export class BodyTooLargeError extends Error {
  constructor(limitBytes: number) {
    super(`the request body is over ${String(limitBytes)} bytes`);
    this.name = 'BodyTooLargeError';
  }
}
