import type { ClientClock } from '../../../client/sdk/clock.js';
import { VirtualClock } from '../../virtual-clock.js';

/** How often the time of the clients moves, in real milliseconds. */
const TICK_MS = 5;

/** How many times faster than real time it passes at most: a silence of 50 s is over after half a second. */
const TIMES = 100;

/** How far it moves at most for one round trip: whoever waits 10 s has waited ten round trips of a server that lives. */
const PER_ROUND_TRIP_MS = 1_000;

/**
 * Time for clients of a real server: many times faster than real time, and no faster than the server answers. On a
 * machine that is busy the server is slow, and so is the time in which it has to answer.
 */
export class PacedClock implements ClientClock {
  private readonly clock = new VirtualClock();
  private readonly roundTrip: () => Promise<void>;
  private timer: NodeJS.Timeout | null = null;
  private ticking = Promise.resolve();
  private lastTick = performance.now();

  /** Starts to run; `roundTrip` resolves once whoever is waited for has been asked something and has answered. */
  constructor(roundTrip: () => Promise<void>) {
    this.roundTrip = roundTrip;
    this.plan();
  }

  now(): number {
    return this.clock.now();
  }

  elapsed(): number {
    return this.clock.elapsed();
  }

  after(delayMs: number, work: () => void): () => void {
    return this.clock.after(delayMs, work);
  }

  /** Stands still from when this resolves. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    await this.ticking;
  }

  private plan(): void {
    this.timer = setTimeout(() => {
      this.ticking = this.tick();
    }, TICK_MS);
  }

  private async tick(): Promise<void> {
    await this.roundTrip();
    const passedMs = (performance.now() - this.lastTick) * TIMES;
    this.lastTick = performance.now();
    await this.clock.advance(Math.min(passedMs, PER_ROUND_TRIP_MS));
    if (this.timer !== null) this.plan();
  }
}
