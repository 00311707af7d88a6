/**
 * Measures how far the sink is behind while the store accepts rows. While the store is away or refuses rows, others
 * report that; afterwards the time to catch up counts from zero.
 */
import type { Clock } from '../clock.js';
import type { SinkStatus } from './sink.js';

/** How far the sink is behind, in milliseconds, and how many threads have messages that are not stored. */
export interface SinkDelay {
  readonly behindMs: number;
  readonly threads: number;
}

/** Measures the delay at each call of `look`. */
export class SinkLag {
  private readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  /** Since when the store has accepted rows, a moment of `Clock.elapsed()`; null while it does not. */
  private takesSince: number | null = null;
  /** When nothing waited the last time: whatever waits now came later. It was never seen when it is the earliest. */
  private emptyAt = -Infinity;
  /** Up to when everything is stored: the time that was told last, and the moment for it. */
  private stored = { asOf: 0, at: -Infinity };

  constructor(clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.clock = clock;
  }

  /**
   * Returns the present delay: the greatest age that the oldest waiting row can have. `asOf`: everything up to this time
   * is stored, Unix milliseconds; null when not known.
   */
  look(status: Pick<SinkStatus, 'status' | 'backlog'> | null, asOf: number | null): SinkDelay {
    const now = this.clock.elapsed();
    // Its age is taken when it is new, so that a wall clock that jumps afterwards does not change it.
    if (asOf !== null && asOf !== this.stored.asOf) {
      this.stored = { asOf, at: now - Math.max(0, this.clock.now() - asOf) };
    }
    const isTaking = status?.status === 'idle' || status?.status === 'storing';
    this.takesSince = isTaking ? (this.takesSince ?? now) : null;
    const threads = status?.backlog?.threads ?? 0;
    if (status?.backlog?.threads === 0) this.emptyAt = now;
    if (threads === 0 || this.takesSince === null) return { behindMs: 0, threads };
    const since = Math.max(this.takesSince, this.stored.at, this.emptyAt);
    return { behindMs: now - since, threads };
  }
}
