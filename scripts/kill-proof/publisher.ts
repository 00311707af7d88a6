/**
 * A client that publishes in bursts. On every new connection it sends each message without an ack again, under the same
 * `mid`. Each message that was acked must be stored exactly once.
 */
import type { Farewells } from './farewells.js';
import { Faults } from './faults.js';
import { Link, type Frame } from './link.js';
import { between, type Random } from './random.js';

/** Most messages without an ack: enough that a kill can hit a commit of several messages. */
const UNACKED_MAX = 64;

/** Most messages of one burst, and the longest pause until the next. */
const BURST_MAX = 12;
const PAUSE_MOST_MS = 25;

/** Wait before a message that the server cannot take now is sent again. */
const REFUSED_WAIT_MS = 100;

/** A message as it was sent. */
export interface Sent {
  readonly thread: string;
  readonly mid: string;
  readonly text: string;
}

/** What the server has said of a message. */
export interface Acked {
  readonly thread: string;
  readonly mid: string;
  readonly offset: number;
  readonly epoch: string;
}

/** Who publishes, and where. */
export interface PublisherOptions {
  readonly url: string;
  readonly user: string;
  readonly threads: readonly string[];
  readonly random: Random;
  /** What every ack must promise. */
  readonly durability: string;
}

/** Publishes until it is told to finish. */
export class Publisher {
  readonly sent = new Map<string, Sent>();
  readonly acked = new Map<string, Acked>();
  readonly faults = new Faults();
  /** Acks that said `duplicate`: the message was stored, its first ack died with the server. */
  duplicates = 0;
  readonly #options: PublisherOptions;
  readonly #link: Link;
  readonly #unacked = new Map<string, Sent>();
  #next = 1;
  #burst: NodeJS.Timeout | null = null;
  #settled: (() => void) | null = null;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#link = new Link({
      url: options.url,
      user: options.user,
      random: options.random,
      connected: () => {
        for (const message of this.#unacked.values()) this.#send(message);
      },
      frame: (frame) => {
        this.#take(frame);
      }
    });
    this.#burstLater();
  }

  /** Connections it has had. */
  get connections(): number {
    return this.#link.connections;
  }

  /** How they ended. */
  get farewells(): Farewells {
    return this.#link.farewells;
  }

  /** Messages without an ack. */
  get unacked(): number {
    return this.#unacked.size;
  }

  /** Stops making new messages; resolves when all have their ack. */
  async finish(): Promise<void> {
    if (this.#burst !== null) clearTimeout(this.#burst);
    this.#burst = null;
    if (this.#unacked.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#settled = resolve;
    });
  }

  /** Ends the connection. */
  close(): void {
    if (this.#burst !== null) clearTimeout(this.#burst);
    this.#link.close();
  }

  #burstLater(): void {
    const { random } = this.#options;
    this.#burst = setTimeout(
      () => {
        const size = between(random, 1, BURST_MAX);
        for (let n = 0; n < size && this.#unacked.size < UNACKED_MAX; n += 1) this.#publish();
        this.#burstLater();
      },
      between(random, 0, PAUSE_MOST_MS)
    );
  }

  #publish(): void {
    const { user, threads, random } = this.#options;
    const thread = threads[between(random, 0, threads.length - 1)] ?? '';
    const mid = `${user}-${String(this.#next++)}`;
    const message = { thread, mid, text: `${mid} to ${thread}` };
    this.sent.set(mid, message);
    this.#unacked.set(mid, message);
    this.#send(message);
  }

  #send({ thread, mid, text }: Sent): void {
    this.#link.send({ type: 'publish', id: mid, thread, mid, body: { text } });
  }

  #take(frame: Frame): void {
    if (frame.type === 'ack') this.#ack(frame);
    else if (frame.type === 'error') {
      if (frame.retry !== true) this.faults.add(`refused for good: ${JSON.stringify(frame)}`);
      else setTimeout(() => this.#sendAgain(frame), REFUSED_WAIT_MS).unref();
    }
  }

  /** The id of an error is the mid of what it refuses. */
  #sendAgain(refusal: object): void {
    const mid = 'id' in refusal && typeof refusal.id === 'string' ? refusal.id : '';
    const message = this.#unacked.get(mid);
    if (message !== undefined) this.#send(message);
  }

  #ack(frame: Frame & { readonly duplicate?: unknown }): void {
    const { thread, mid, offset, epoch, durable } = frame;
    if (frame.duplicate === true) this.duplicates += 1;
    const before = this.acked.get(mid);
    if (durable !== this.#options.durability) {
      this.faults.add(`the ack of ${mid} promises ${String(durable)}`);
    }
    if (this.sent.get(mid)?.thread !== thread) {
      this.faults.add(`an ack for ${mid} in thread ${thread}, where it was not sent`);
    } else if (before === undefined) {
      this.acked.set(mid, { thread, mid, offset, epoch });
    } else if (before.offset !== offset || before.epoch !== epoch) {
      this.faults.add(
        `${mid} was acked at ${String(before.offset)} and again at ${String(offset)} of ${thread}`
      );
    }
    this.#unacked.delete(mid);
    if (this.#unacked.size === 0) this.#settled?.();
  }
}
