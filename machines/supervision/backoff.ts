/**
 * Exponential backoff with full jitter. Pure: the caller gives the random number.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */

/** Bounds of a backoff, in milliseconds. */
export interface BackoffBounds {
  /** Longest wait before the first retry; it doubles with each further one. */
  readonly baseMs: number;
  /** Longest wait of any retry. */
  readonly maxMs: number;
}

/**
 * Returns the wait before retry number `retry` (1 = the first), in whole milliseconds: evenly spread from 0 up to the
 * smaller of `maxMs` and `baseMs` × 2^(retry − 1). The spread keeps many that failed together from retrying together.
 * @param random a number in [0, 1)
 * @throws {RangeError} when `retry` is not a positive integer, `random` is outside [0, 1) or a bound is negative
 */
export function fullJitterMs(retry: number, random: number, bounds: BackoffBounds): number {
  if (!Number.isInteger(retry) || retry < 1) {
    throw new RangeError(`retry must be a positive integer, got ${String(retry)}`);
  }
  if (!(random >= 0 && random < 1)) {
    throw new RangeError(`random must be in [0, 1), got ${String(random)}`);
  }
  if (!(bounds.baseMs >= 0 && bounds.maxMs >= 0)) {
    throw new RangeError(
      `bounds must not be negative, got baseMs ${String(bounds.baseMs)}, maxMs ${String(bounds.maxMs)}`
    );
  }
  const ceilingMs = Math.min(bounds.maxMs, bounds.baseMs * 2 ** (retry - 1));
  return Math.floor(random * ceilingMs);
}
