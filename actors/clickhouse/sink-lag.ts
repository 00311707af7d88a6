/**
 * Measures how far the sink is behind while the store accepts rows. While the store is away or refuses rows, others
 * report that; afterwards the time to catch up counts from zero.
 */
import type { SinkStatus } from './sink.js';

/** How far the sink is behind, in milliseconds, and how many threads have messages that are not stored. */
export interface SinkDelay {
  readonly behindMs: number;
  readonly threads: number;
}

/** Measures the delay at each call of `look`. */
export class SinkLag {
  /** Since when the store has accepted rows, Unix milliseconds; null while it does not. */
  private takesSince: number | null = null;

  /**
   * Returns the delay at `now`. `asOf`: everything up to this time is stored; null when not known. Both are Unix
   * milliseconds.
   */
  look(
    status: Pick<SinkStatus, 'status' | 'backlog'> | null,
    asOf: number | null,
    now: number
  ): SinkDelay {
    const isTaking = status?.status === 'idle' || status?.status === 'storing';
    this.takesSince = isTaking ? (this.takesSince ?? now) : null;
    const threads = status?.backlog?.threads ?? 0;
    if (threads === 0 || this.takesSince === null) return { behindMs: 0, threads };
    return { behindMs: Math.max(0, now - Math.max(this.takesSince, asOf ?? 0)), threads };
  }
}
