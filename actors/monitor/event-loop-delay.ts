/**
 * How late the event loop is, measured by Node itself outside of JavaScript: what is measured pays nothing for it.
 */
import { monitorEventLoopDelay, performance, type IntervalHistogram } from 'node:perf_hooks';

/** How often it looks, in milliseconds: well below the least lateness that is judged, and nothing on an idle server. */
export const LOOP_RESOLUTION_MS = 50;

const NANOSECONDS_PER_MS = 1e6;

/** Measures the event loop between `start` and `stop`. */
export interface LoopDelay {
  start(): void;
  stop(): void;
  /** The most that the loop was late since this was last asked, in milliseconds. */
  takeWorstMs(): number;
}

/** The process's own event loop. */
export class EventLoopDelay implements LoopDelay {
  private readonly histogram: IntervalHistogram = monitorEventLoopDelay({
    resolution: LOOP_RESOLUTION_MS
  });
  /** When it began to measure anew; null while it does not. */
  private sinceMs: number | null = null;

  start(): void {
    this.histogram.enable();
    this.sinceMs = performance.now();
  }

  stop(): void {
    this.histogram.disable();
    this.sinceMs = null;
  }

  takeWorstMs(): number {
    const { max, mean, count } = this.histogram;
    if (this.sinceMs === null) return 0;
    const now = performance.now();
    // It measures from one look to the next. After a reset the first look is only a beginning, and before this the last
    // one may be due: a delay that hid there is what is missing of the time.
    const seenMs = count === 0 ? 0 : (mean * count) / NANOSECONDS_PER_MS;
    const unseenMs = now - this.sinceMs - seenMs - 2 * LOOP_RESOLUTION_MS;
    const worstMs = count === 0 ? 0 : max / NANOSECONDS_PER_MS - LOOP_RESOLUTION_MS;
    this.histogram.reset();
    this.sinceMs = now;
    return Math.max(0, worstMs, unseenMs);
  }
}
