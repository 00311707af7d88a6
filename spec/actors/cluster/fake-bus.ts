import type { CommandOrder, Consumption, Ordered, Stored } from '../../../actors/cluster/order.js';
import type { Clock } from '../../../actors/clock.js';

/** Time in which an id is recognized, as the streams are configured. */
const DUPLICATE_WINDOW_MS = 120_000;

/** What goes wrong, each as a probability from 0 to 1, and how long things take at most. */
export interface BusFaults {
  readonly delayMs: number;
  readonly lostRequest: number;
  readonly lostAnswer: number;
  /** A message that was told is told again. */
  readonly repeat: number;
  /** A reader tells nothing more, and does not say so. */
  readonly stall: number;
}

/** Nothing goes wrong, and everything takes a moment. */
export const NO_FAULTS: BusFaults = {
  delayMs: 2,
  lostRequest: 0,
  lostAnswer: 0,
  repeat: 0,
  stall: 0
};

interface Partition {
  messages: Ordered[];
  readonly ids: Map<string, { readonly sequence: number; readonly at: number }>;
  readonly readers: Set<Reader>;
}

/** Returns a function that gives numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The streams of a cluster in memory, with delays and faults that a seed decides. Time is the clock's. */
export class FakeBus {
  readonly clock: Clock;
  readonly random: () => number;
  faults: BusFaults;
  readonly #partitions: Partition[];
  #stamps = 0;

  constructor(clock: Clock, partitions: number, seed = 1, faults: BusFaults = NO_FAULTS) {
    this.clock = clock;
    this.random = seeded(seed);
    this.faults = faults;
    this.#partitions = Array.from({ length: partitions }, () => ({
      messages: [],
      ids: new Map(),
      readers: new Set()
    }));
  }

  get partitions(): number {
    return this.#partitions.length;
  }

  /** A node's connection. */
  connect(): FakeOrder {
    return new FakeOrder(this);
  }

  of(partition: number): Partition {
    const found = this.#partitions[partition];
    if (found === undefined) throw new RangeError(`no partition ${String(partition)}`);
    return found;
  }

  /** Loses the messages after a sequence, as brokers do that lose power. */
  truncate(partition: number, last: number): void {
    const { messages, ids } = this.of(partition);
    messages.splice(last);
    for (const [id, { sequence }] of ids) if (sequence > last) ids.delete(id);
  }

  store(partition: number, id: string, bytes: Uint8Array): Stored {
    const { messages, ids, readers } = this.of(partition);
    const now = this.clock.elapsed();
    const known = ids.get(id);
    if (known !== undefined && now - known.at < DUPLICATE_WINDOW_MS) {
      return { sequence: known.sequence, isDuplicate: true };
    }
    const sequence = messages.length + 1;
    this.#stamps += 1;
    messages.push({
      sequence,
      stamp: `${id}/${String(this.#stamps)}`,
      bytes: Uint8Array.from(bytes)
    });
    ids.set(id, { sequence, at: now });
    for (const reader of readers) reader.wake();
    return { sequence, isDuplicate: false };
  }

  isHit(probability: number): boolean {
    return probability > 0 && this.random() < probability;
  }

  delay(): number {
    return Math.floor(this.random() * this.faults.delayMs);
  }
}

/** Tells the messages of a partition one after the other. */
class Reader implements Consumption {
  readonly #bus: FakeBus;
  readonly #partition: number;
  readonly #told: (message: Ordered) => void;
  readonly #isCut: () => boolean;
  #next: number;
  #timer: unknown = null;
  #isStalled = false;

  constructor(
    bus: FakeBus,
    partition: number,
    from: number,
    told: (message: Ordered) => void,
    isCut: () => boolean
  ) {
    this.#bus = bus;
    this.#partition = partition;
    this.#next = from;
    this.#told = told;
    this.#isCut = isCut;
    bus.of(partition).readers.add(this);
    this.wake();
  }

  wake(): void {
    if (this.#timer !== null || this.#isStalled) return;
    this.#timer = this.#bus.clock.setTimeout(() => {
      this.#timer = null;
      this.#tell();
    }, this.#bus.delay());
  }

  stop(): void {
    this.#bus.of(this.#partition).readers.delete(this);
    if (this.#timer !== null) this.#bus.clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#isStalled = true;
  }

  #tell(): void {
    if (this.#isCut() || this.#bus.isHit(this.#bus.faults.stall)) {
      this.#isStalled = true;
      return;
    }
    const { messages } = this.#bus.of(this.#partition);
    const message = messages[this.#next - 1];
    if (message === undefined) return;
    this.#next += 1;
    this.#told(message);
    if (this.#bus.isHit(this.#bus.faults.repeat)) this.#told(message);
    if (messages.length >= this.#next) this.wake();
  }
}

/** One node's connection to the bus. */
export class FakeOrder implements CommandOrder {
  isSynced = false;
  readonly maxBytes = 1_048_576;
  readonly #bus: FakeBus;
  readonly #readers = new Set<Consumption>();
  #listener: (isReached: boolean) => void = () => undefined;
  #isCut = false;
  #isClosed = false;

  constructor(bus: FakeBus) {
    this.#bus = bus;
  }

  get partitions(): number {
    return this.#bus.partitions;
  }

  /** Cuts the node off from the bus, or lets it back. */
  cut(isCut: boolean): void {
    this.#isCut = isCut;
    this.#listener(!isCut);
  }

  publish(partition: number, id: string, bytes: Uint8Array): Promise<Stored> {
    return this.#ask(() => this.#bus.store(partition, id, bytes));
  }

  async found(partition: number, bytes: Uint8Array): Promise<void> {
    await this.#ask(() => {
      if (this.#bus.of(partition).messages.length === 0) {
        this.#bus.store(partition, 'genesis', bytes);
      }
    });
  }

  message(partition: number, sequence: number): Promise<Ordered | null> {
    return this.#ask(() => this.#bus.of(partition).messages[sequence - 1] ?? null);
  }

  last(partition: number): Promise<number> {
    return this.#ask(() => this.#bus.of(partition).messages.length);
  }

  consume(partition: number, from: number, told: (message: Ordered) => void): Consumption {
    const isCut = (): boolean => this.#isCut || this.#isClosed;
    const reader = new Reader(this.#bus, partition, from, told, isCut);
    this.#readers.add(reader);
    return reader;
  }

  onReach(listener: (isReached: boolean) => void): void {
    this.#listener = listener;
  }

  /** Ends everything at once, as a crash does. */
  drop(): void {
    this.#isClosed = true;
    for (const reader of this.#readers) reader.stop();
    this.#readers.clear();
  }

  async close(): Promise<void> {
    this.drop();
  }

  #ask<T>(answer: () => T): Promise<T> {
    const { clock, faults } = this.#bus;
    return new Promise((resolve, reject) => {
      const lose = (): void => {
        if (!this.#isClosed) reject(new Error('no answer'));
      };
      clock.setTimeout(() => {
        if (this.#isCut || this.#bus.isHit(faults.lostRequest)) {
          clock.setTimeout(lose, 500);
          return;
        }
        const result = answer();
        clock.setTimeout(() => {
          if (this.#isCut || this.#bus.isHit(faults.lostAnswer)) clock.setTimeout(lose, 500);
          else if (!this.#isClosed) resolve(result);
        }, this.#bus.delay());
      }, this.#bus.delay());
    });
  }
}
