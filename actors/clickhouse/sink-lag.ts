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
  /** When nothing waited the last time, Unix milliseconds: whatever waits now came later. 0 when it was never seen. */
  private emptyAt = 0;

  /**
   * Returns the delay at `now`: the greatest age that the oldest waiting row can have. `asOf`: everything up to this
   * time is stored; null when not known. Both are Unix milliseconds.
   */
  look(
    status: Pick<SinkStatus, 'status' | 'backlog'> | null,
    asOf: number | null,
    now: number
  ): SinkDelay {
    const isTaking = status?.status === 'idle' || status?.status === 'storing';
    this.takesSince = isTaking ? (this.takesSince ?? now) : null;
    const threads = status?.backlog?.threads ?? 0;
    if (status?.backlog?.threads === 0) this.emptyAt = now;
    if (threads === 0 || this.takesSince === null) return { behindMs: 0, threads };
    const since = Math.max(this.takesSince, asOf ?? 0, this.emptyAt);
    return { behindMs: Math.max(0, now - since), threads };
  }
}
