/**
 * Counts how a client's connections ended: with a goodbye, or cut off. A server that is told to stop must say goodbye to
 * every client; a server that is killed cannot.
 */
import type { WebSocket } from 'ws';
import { Faults } from './faults.js';

/** Close code with which a stopping server says goodbye. */
const SHUTDOWN = 3001;

/** The connections of one client. */
export class Farewells {
  /** Connections that ended with a goodbye that says when to come back. */
  told = 0;
  /** Those that ended without one, though the client had not cut them. */
  readonly cut = new Faults();
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** Begins to watch one connection. */
  begin(): Farewell {
    return new Farewell(this.#name, this);
  }

  /** Watches a WebSocket from before its first frame. */
  watch(socket: WebSocket): Farewell {
    const farewell = this.begin();
    socket.on('message', (data: Buffer) => {
      for (const line of data.toString().split('\n')) {
        if (/^\{"type":"(dis)?connect/.test(line)) farewell.frame(JSON.parse(line));
      }
    });
    socket.on('close', (code) => {
      farewell.end(`with ${String(code)}`);
    });
    return farewell;
  }
}

/** Observes how one connection ends. */
export class Farewell {
  readonly #name: string;
  readonly #all: Farewells;
  #isIn = false;
  #isTold = false;
  #isOurs = false;

  constructor(name: string, all: Farewells) {
    this.#name = name;
    this.#all = all;
  }

  /** Notes a frame. An event stream has no `connected` frame, so `subscribed` counts there. */
  frame(frame: unknown): void {
    if (typeof frame !== 'object' || frame === null || !('type' in frame)) return;
    if (frame.type === 'connected' || frame.type === 'subscribed') this.#isIn = true;
    else if (frame.type === 'disconnect' && 'code' in frame && 'afterMs' in frame) {
      this.#isTold =
        frame.code === SHUTDOWN && typeof frame.afterMs === 'number' && frame.afterMs > 0;
    }
  }

  /** Notes that the client is about to cut the connection itself. */
  ours(): void {
    this.#isOurs = true;
  }

  /** Notes that the connection has ended. */
  end(how: string): void {
    if (this.#isTold) this.#all.told += 1;
    else if (this.#isIn && !this.#isOurs) {
      this.#all.cut.add(`${this.#name} was cut off ${how}, without a goodbye`);
    }
  }
}
