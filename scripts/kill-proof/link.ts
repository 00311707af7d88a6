/**
 * A WebSocket that comes back: `ws` and the protocol document, nothing of the server's or the SDK's code, so that a
 * fault of theirs cannot hide itself here.
 */
import { WebSocket } from 'ws';
import { Farewells, type Farewell } from './farewells.js';
import { between, type Random } from './random.js';

/** Time before the next attempt to connect: shorter than any client's, so that every life of the server sees traffic. */
const RETRY_LEAST_MS = 20;
const RETRY_MOST_MS = 120;

/** A frame of the server; what a type does not have is not there, whatever the compiler thinks. */
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
}

/** Who connects, where, and what is done with what comes. */
export interface LinkOptions {
  /** `http://host:port`. */
  readonly url: string;
  readonly user: string;
  readonly random: Random;
  /** The server has said `connected`. */
  readonly connected: () => void;
  readonly frame: (frame: Frame) => void;
}

/** Says whether a value is an object with a `type`. */
export function isFrame(value: unknown): value is Frame {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  );
}

/** One user's connection, made again whenever it ends. */
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

  /** Sends a frame; false when there is no connection to send it on. */
  send(frame: object): boolean {
    if (!this.#isConnected || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Cuts the connection, without a word; it comes back. */
  cut(): void {
    this.#farewell?.ours();
    this.#socket?.terminate();
  }

  /** Ends it for good. */
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
