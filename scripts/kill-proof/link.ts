/**
 * A WebSocket client that reconnects. It is written from the protocol document on top of `ws` and shares no code with
 * the server or the SDK, so that a fault in their code cannot hide itself from the proof.
 */
import { WebSocket } from 'ws';
import { Farewells, type Farewell } from './farewells.js';
import { between, type Random } from './random.js';

/** Wait before the next attempt to connect. It is short, so that even a server that lives 30 ms may get traffic. */
const RETRY_LEAST_MS = 20;
const RETRY_MOST_MS = 120;

/** A frame of the server. A field that its type does not have is missing at run time, although it is declared here. */
export interface Frame {
  readonly type: string;
  readonly thread: string;
  readonly offset: number;
  readonly epoch: string;
  readonly mid: string;
  readonly gap: unknown;
  readonly recovered: unknown;
  readonly durable: unknown;
  readonly code: unknown;
  readonly retry: unknown;
  readonly message: unknown;
  readonly run: unknown;
  readonly at: unknown;
  readonly text: unknown;
}

/** Options of a link. */
export interface LinkOptions {
  /** `http://host:port`. */
  readonly url: string;
  readonly user: string;
  readonly random: Random;
  /** Called when the server has sent `connected`. */
  readonly connected: () => void;
  /** Called with each frame other than `connected` and `ping`. */
  readonly frame: (frame: Frame) => void;
}

/** Tells whether a value is an object with a `type`; other fields are not checked. */
export function isFrame(value: unknown): value is Frame {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  );
}

/** One user's connection. It reconnects whenever it ends, until `close`. */
export class Link {
  /** Connections that got as far as `connected`. */
  connections = 0;
  readonly farewells: Farewells;
  readonly #options: LinkOptions;
  #farewell: Farewell | null = null;
  #socket: WebSocket | null = null;
  #isConnected = false;
  #retry: NodeJS.Timeout | null = null;
  #isOver = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.farewells = new Farewells(options.user);
    this.#open();
  }

  /** Sends a frame; returns false, and sends nothing, when there is no connection. */
  send(frame: object): boolean {
    if (!this.#isConnected || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Cuts the connection without a close frame; the link reconnects. */
  cut(): void {
    this.#farewell?.ours();
    this.#socket?.terminate();
  }

  /** Ends the connection and does not reconnect. */
  close(): void {
    this.#isOver = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#farewell?.ours();
    this.#socket?.terminate();
  }

  #open(): void {
    this.#retry = null;
    const { url, user, random } = this.#options;
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, ['rollcall.v1']);
    this.#socket = socket;
    this.#farewell = this.farewells.watch(socket);
    socket.on('error', () => undefined);
    socket.on('open', () => {
      socket.send(JSON.stringify({ type: 'connect', user }));
    });
    socket.on('message', (data: Buffer) => {
      for (const line of data.toString().split('\n')) this.#take(line);
    });
    socket.on('close', () => {
      this.#isConnected = false;
      if (this.#isOver) return;
      this.#retry = setTimeout(
        () => {
          this.#open();
        },
        between(random, RETRY_LEAST_MS, RETRY_MOST_MS)
      );
    });
  }

  #take(line: string): void {
    const frame: unknown = JSON.parse(line);
    if (!isFrame(frame)) throw new Error(`the server sent what is no frame: ${line}`);
    if (frame.type === 'connected') {
      this.#isConnected = true;
      this.connections += 1;
      this.#options.connected();
    } else if (frame.type === 'ping') {
      this.send({ type: 'pong' });
    } else {
      this.#options.frame(frame);
    }
  }
}
