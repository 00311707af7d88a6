import type { ClientClock } from '../../client/clock.js';

/** Lets everything that waits for microtasks run. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A clock that stands still until it is moved. */
export class VirtualClock implements ClientClock {
  #now = 1_767_225_600_000;
  readonly #timers = new Set<{ at: number; work: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, work: () => void): () => void {
    const timer = { at: this.#now + delayMs, work };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Timers that have not run. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer; null when there is none. */
  get nextMs(): number | null {
    const next = this.#next();
    return next === null ? null : next.at - this.#now;
  }

  /** Moves time, deadline by deadline, and lets each one's consequences happen before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(); next !== null && next.at <= end; next = this.#next()) {
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.work();
      await settle();
    }
    this.#now = end;
  }

  #next(): { at: number; work: () => void } | null {
    return [...this.#timers].sort((one, other) => one.at - other.at)[0] ?? null;
  }
}
