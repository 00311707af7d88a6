/**
 * Measures how late the event loop is. Node does so outside of JavaScript, so measuring costs the event loop nothing.
 */
import { Histogram, SECONDS } from '../metrics/histogram.js';
import { monitorEventLoopDelay, performance, type IntervalHistogram } from 'node:perf_hooks';

/**
 * Time between two measurements, in milliseconds: well below the smallest delay that matters, and costing nothing on an
 * idle server.
 */
export const LOOP_RESOLUTION_MS = 50;

const NANOSECONDS_PER_MS = 1e6;

/** Measures the event loop between `start` and `stop`. */
export interface LoopDelay {
  start(): void;
  stop(): void;
  /** Returns the longest delay since the last call, in milliseconds. */
  takeWorstMs(): number;
}

/** Measures the event loop of this process. */
export class EventLoopDelay implements LoopDelay {
  private readonly histogram: IntervalHistogram = monitorEventLoopDelay({
    resolution: LOOP_RESOLUTION_MS
  });
  /** The longest delay of each measurement, in seconds. */
  readonly worstSeconds = new Histogram(SECONDS);
  /** Start of the current measurement, by `performance.now()`; null while stopped. */
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
    // The histogram measures from one sample to the next. After a reset the first sample only starts the next
    // measurement, and the last sample may still be due now. A delay in either of those gaps shows as time that the
    // samples do not cover.
    const seenMs = count === 0 ? 0 : (mean * count) / NANOSECONDS_PER_MS;
    const unseenMs = now - this.sinceMs - seenMs - 2 * LOOP_RESOLUTION_MS;
    const worstMs = count === 0 ? 0 : max / NANOSECONDS_PER_MS - LOOP_RESOLUTION_MS;
    this.histogram.reset();
    this.sinceMs = now;
    const longestMs = Math.max(0, worstMs, unseenMs);
    this.worstSeconds.observe(longestMs / 1_000);
    return longestMs;
  }
}
