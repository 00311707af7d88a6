import type { Clock } from '../actors/clock.js';
import type { ClientClock } from '../client/sdk/clock.js';

/** Lets everything that waits for microtasks run. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A clock that stands still until it is moved, for the server's actors and for the SDK. */
export class VirtualClock implements Clock, ClientClock {
  #now = 1_767_225_600_000;
  /** Far from `#now`, so that a duration computed from one reading of each clock is obviously wrong. */
  #elapsed = 4_000_000;
  #nextId = 1;
  readonly #timers = new Map<number, { at: number; work: () => void }>();
  /** Makes the next timers fail, once each: a fault in the middle of an actor. */
  faults = 0;

  now(): number {
    return this.#now;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  /** Sets the wall clock forward or back, while no time passes. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Lets time pass while the process itself does not run: timers that are due meanwhile run late, afterwards. */
  async sleep(ms: number): Promise<void> {
    this.pass(ms);
    await this.advance(0);
  }

  /** Like `sleep`, but something else runs before those timers. */
  pass(ms: number): void {
    this.#now += ms;
    this.#elapsed += ms;
  }

  setTimeout(work: () => void, timeoutMs: number): number {
    if (this.faults > 0) {
      this.faults -= 1;
      throw new Error('the clock is out of timers');
    }
    this.#timers.set(this.#nextId, { at: this.#elapsed + timeoutMs, work });
    return this.#nextId++;
  }

  clearTimeout(id: unknown): void {
    if (typeof id === 'number') this.#timers.delete(id);
  }

  after(delayMs: number, work: () => void): () => void {
    const id = this.setTimeout(work, delayMs);
    return () => {
      this.clearTimeout(id);
    };
  }

  /** Timers that have not run. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer; null when there is none. */
  get nextMs(): number | null {
    const next = this.#next();
    return next === null ? null : next.at - this.#elapsed;
  }

  /** Moves time, deadline by deadline, and lets each one's consequences happen before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let next = this.#next(); next !== null && next.at <= end; next = this.#next()) {
      this.#pass(next.at);
      this.#timers.delete(next.id);
      next.work();
      await settle();
    }
    this.#pass(end);
  }

  #pass(until: number): void {
    const passedMs = Math.max(0, until - this.#elapsed);
    this.#elapsed += passedMs;
    this.#now += passedMs;
  }

  /** The timer that is due first; of several at one moment the one that was set first. */
  #next(): { id: number; at: number; work: () => void } | null {
    let first: { id: number; at: number; work: () => void } | null = null;
    for (const [id, { at, work }] of this.#timers) {
      if (first === null || at < first.at) first = { id, at, work };
    }
    return first;
  }
}
