/**
 * How far the sink is behind though it could go on: while the store is away or takes no rows, that is told by others, and
 * afterwards the time to catch up in begins anew.
 */
import type { SinkStatus } from './sink.js';

/** How far the sink is behind, in milliseconds, and how many threads have messages that wait. */
export interface SinkDelay {
  readonly behindMs: number;
  readonly threads: number;
}

/** Follows the sink from look to look. */
export class SinkLag {
  /** Since when the store has taken rows; null while it does not. */
  private takesSince: number | null = null;

  /** Looks at the sink at `now`; `asOf` is the latest time of which everything is stored, null when that is not known. */
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
