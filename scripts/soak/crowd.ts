/**
 * The users of a soak. Residents stay in their rooms and publish at a steady rate. Guests join, read the latest messages,
 * publish once in a room and once in a thread of their own, and leave. Each message that a resident receives must have
 * the next offset of its room; each acked message must be in the log at the end.
 */
import { WebSocket } from 'ws';
import { isFrame, type Frame } from '../kill-proof/link.js';

const ROOMS = 20;
const RESIDENTS = 40;
/** Rooms of each resident, so that every room has ten. */
const ROOMS_EACH = 5;
/** How long a guest stays, in milliseconds. */
const STAY_MS = 10_000;
/** Most faults kept as sentences; further ones are only counted. */
const FAULTS_KEPT = 20;

/** Messages and guests per second. */
export interface CrowdOptions {
  readonly url: string;
  readonly messagesPerSecond: number;
  readonly guestsPerSecond: number;
}

/** The residents and guests of one server. */
export class Crowd {
  /** Acked messages by thread. */
  readonly acked = new Map<string, number>();
  readonly faults: string[] = [];
  faultCount = 0;
  guests = 0;
  delivered = 0;
  readonly #options: CrowdOptions;
  readonly #residents: WebSocket[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #visiting = new Set<WebSocket>();
  #mids = 0;
  #unacked = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Rooms by name. */
  get rooms(): readonly string[] {
    return Array.from({ length: ROOMS }, (_, index) => `room-${String(index)}`);
  }

  /** Messages that were sent and have no answer yet. */
  get unacked(): number {
    return this.#unacked;
  }

  /** Connects the residents and begins to publish. */
  async begin(): Promise<void> {
    for (let index = 0; index < RESIDENTS; index += 1)
      this.#residents.push(await this.#resident(index));
    const { messagesPerSecond, guestsPerSecond } = this.#options;
    this.#timers.push(
      every(messagesPerSecond, (turn) => {
        const index = turn % RESIDENTS;
        const socket = this.#residents[index];
        const room = roomOf(index, Math.floor(turn / RESIDENTS) % ROOMS_EACH);
        if (socket !== undefined) this.#publish(socket, room);
      }),
      every(guestsPerSecond, () => {
        this.#guest();
      })
    );
  }

  /** Stops publishing and sends no more guests; connections stay open. */
  rest(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Closes all connections. */
  end(): void {
    for (const socket of [...this.#residents, ...this.#visiting]) {
      socket.removeAllListeners('close');
      socket.terminate();
    }
  }

  async #resident(index: number): Promise<WebSocket> {
    const heads = new Map<string, number>();
    const name = `resident-${String(index)}`;
    const socket = this.#enter(name, (frame) => {
      if (frame.type !== 'message') return;
      const { thread, offset } = frame;
      const head = heads.get(thread);
      if (head !== undefined && offset !== head + 1) {
        this.#fault(`${name} got offset ${String(offset)} of ${thread} after ${String(head)}`);
      }
      heads.set(thread, offset);
      this.delivered += 1;
    });
    socket.on('close', (code: number) => {
      this.#fault(`${name} was closed with ${String(code)}`);
    });
    await opened(socket);
    send(socket, { type: 'connect', id: 0, user: name });
    for (let seat = 0; seat < ROOMS_EACH; seat += 1) {
      send(socket, { type: 'subscribe', id: seat + 1, thread: roomOf(index, seat) });
    }
    return socket;
  }

  #guest(): void {
    this.guests += 1;
    const number = this.guests;
    const name = `guest-${String(number)}`;
    const socket = this.#enter(name, () => undefined);
    this.#visiting.add(socket);
    socket.on('open', () => {
      const room = `room-${String(number % ROOMS)}`;
      send(socket, { type: 'connect', id: 0, user: name });
      send(socket, { type: 'subscribe', id: 1, thread: room });
      send(socket, { type: 'history', id: 3, thread: room, limit: 50 });
      send(socket, { type: 'subscribe', id: 2, thread: name });
      this.#publish(socket, room);
      this.#publish(socket, name);
      setTimeout(() => {
        this.#visiting.delete(socket);
        socket.close();
      }, STAY_MS);
    });
  }

  /** Opens a socket and counts its acks and errors. */
  #enter(name: string, onFrame: (frame: Frame) => void): WebSocket {
    const socket = new WebSocket(`${this.#options.url.replace('http', 'ws')}/ws`, {
      perMessageDeflate: false
    });
    socket.on('message', (data: Buffer) => {
      for (const line of data.toString().split('\n')) {
        const frame: unknown = JSON.parse(line);
        if (!isFrame(frame)) this.#fault(`${name} got ${line.slice(0, 200)}`);
        else if (frame.type === 'ping') send(socket, { type: 'pong' });
        else if (frame.type === 'ack') {
          this.#unacked -= 1;
          this.acked.set(frame.thread, (this.acked.get(frame.thread) ?? 0) + 1);
        } else if (frame.type === 'error' || frame.type === 'disconnect') {
          this.#fault(`${name} was told ${line.slice(0, 200)}`);
        } else onFrame(frame);
      }
    });
    socket.on('error', (error) => {
      this.#fault(`${name}: ${error.message}`);
    });
    return socket;
  }

  #publish(socket: WebSocket, thread: string): void {
    this.#mids += 1;
    this.#unacked += 1;
    const mid = `soak-${String(this.#mids)}`;
    const body = { text: `${mid} ${'x'.repeat(150)}` };
    send(socket, { type: 'publish', id: 1_000 + this.#mids, thread, mid, body });
  }

  #fault(sentence: string): void {
    this.faultCount += 1;
    if (this.faults.length < FAULTS_KEPT) this.faults.push(sentence);
  }
}

function roomOf(resident: number, seat: number): string {
  return `room-${String((resident * ROOMS_EACH + seat) % ROOMS)}`;
}

function send(socket: WebSocket, frame: object): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

async function opened(socket: WebSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => {
      resolve();
    });
    socket.once('error', reject);
  });
}

/** Calls a function so many times a second, in batches every 20 ms. A late batch makes up for the missed calls. */
function every(perSecond: number, act: (turn: number) => void): NodeJS.Timeout {
  const startedMs = performance.now();
  let turns = 0;
  return setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / 1_000) * perSecond);
    for (; turns < due; turns += 1) act(turns);
  }, 20);
}
