import type { ClientClock } from '../../../client/sdk/clock.js';
import { VirtualClock } from '../../virtual-clock.js';

/** Real time between two steps of the clients' clock. */
const TICK_MS = 5;

/** Highest speed relative to real time: a silence of 50 s takes half a second. */
const TIMES = 100;

/** Longest step for one round trip to the server: a client that waits 10 s gives the server at least ten of them. */
const PER_ROUND_TRIP_MS = 1_000;

/**
 * A clock for clients of a real server. It runs many times faster than real time, but never faster than the server
 * answers: on a busy machine both slow down, so that timeouts of the clients still mean a missing answer.
 */
export class PacedClock implements ClientClock {
  private readonly clock = new VirtualClock();
  private readonly roundTrip: () => Promise<void>;
  private timer: NodeJS.Timeout | null = null;
  private ticking = Promise.resolve();
  private lastTick = performance.now();

  /** Starts the clock. `roundTrip` asks the server something and resolves once it has answered. */
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

  /** Stops the clock; it stands still once this resolves. */
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
