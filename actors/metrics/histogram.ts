/**
 * A histogram of Prometheus. Its counts are in an array that is made once, so that counting a value allocates nothing.
 */

/** Upper bounds of durations on the way of a message, in seconds. `1` is the objective of acks. */
export const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Upper bounds of durations of runs of agents, in seconds. */
export const LONG_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** Upper bounds of numbers of jobs and messages. */
export const NUMBERS = [0, 1, 4, 16, 64, 256, 1_024, 4_096, 16_384];

/** What a histogram has counted. */
export interface Distribution {
  /** Upper bounds, rising; above the last one everything counts together. */
  readonly bounds: readonly number[];
  /** Values up to each bound and not up to the one before, and those above all bounds. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
}

/** Counts values by size. */
export class Histogram implements Distribution {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Counts a value. */
  observe(value: number): void {
    const { bounds, counts } = this;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? Infinity)) index++;
    counts[index] = (counts[index] ?? 0) + 1;
    this.sum += value;
  }
}
