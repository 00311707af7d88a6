/**
 * A TCP proxy before a clickhouse-server. It can refuse connections, delay answers, and hold all traffic at a chosen
 * stage of a chosen insert.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stage of an insert: nothing was passed on · half of its rows were · all of it was · ClickHouse has stored the rows
 * and answered · the answer was passed on. At every stage but the last, the gate holds the rest until it is shut.
 */
export const INSERT_STAGES = ['asked', 'halved', 'sent', 'answered', 'passed'] as const;

/** One of {@link INSERT_STAGES}. */
export type InsertStage = (typeof INSERT_STAGES)[number];

const INSERT = /^POST \/[^ ]*query=INSERT(?:%20|\+)INTO/;
const END_OF_HEADERS = '\r\n\r\n';
const END_OF_BODY = '0\r\n\r\n';

/** An insert that a spec waits for. */
interface Wanted {
  left: number;
  readonly stage: InsertStage;
  readonly reached: () => void;
}

/** The TCP proxy; while shut, it refuses connections. */
export class ClickhouseGate {
  /** Delay of every answer, in milliseconds. */
  delayMs = 0;
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #wanted: Wanted | null = null;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((socket) => {
      this.#join(socket);
    });
  }

  /** Starts an open gate before a port of loopback. */
  static async start(target: number): Promise<ClickhouseGate> {
    const gate = new ClickhouseGate(target);
    await gate.open();
    return gate;
  }

  /** Returns the URL of the server behind the gate, changed so that requests go through the gate. */
  url(behind: string): string {
    const url = new URL(behind);
    url.port = String(this.#port);
    return url.toString();
  }

  /** Resolves when the nth insert from now has reached this stage. */
  async insert(nth: number, stage: InsertStage): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wanted = { left: nth, stage, reached: resolve };
    });
  }

  /** Listens again, on the same port as before. */
  async open(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
  }

  /** Cuts every connection and refuses new ones. */
  async shut(): Promise<void> {
    this.#wanted = null;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of [...this.#sockets]) socket.destroy();
    await closed;
  }

  #join(client: Socket): void {
    const upstream = connect(this.#target, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client]
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    /** The insert on this connection that a spec waits for. */
    let caught: Wanted | null = null;
    let isHeld = false;
    const reach = (wanted: Wanted): void => {
      isHeld = wanted.stage !== 'passed';
      caught = null;
      wanted.reached();
    };
    client.on('data', (chunk) => {
      if (isHeld) return;
      const text = chunk.toString('latin1');
      if (INSERT.test(text)) caught = this.#next();
      if (caught === null) {
        upstream.write(chunk);
      } else if (caught.stage === 'asked') {
        reach(caught);
      } else if (caught.stage === 'halved' && !text.endsWith(END_OF_HEADERS)) {
        upstream.write(chunk.subarray(0, chunk.length / 2));
        reach(caught);
      } else {
        upstream.write(chunk);
        if (caught.stage === 'sent' && text.endsWith(END_OF_BODY)) reach(caught);
      }
    });
    const answer = (chunk: Buffer): void => {
      if (isHeld) return;
      if (caught === null) {
        client.write(chunk);
        return;
      }
      if (caught.stage === 'passed') client.write(chunk);
      reach(caught);
    };
    upstream.on('data', (chunk) => {
      if (this.delayMs === 0) answer(chunk);
      else {
        setTimeout(() => {
          answer(chunk);
        }, this.delayMs);
      }
    });
  }

  #next(): Wanted | null {
    const wanted = this.#wanted;
    if (wanted === null || --wanted.left > 0) return null;
    this.#wanted = null;
    return wanted;
  }
}
