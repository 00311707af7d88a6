/**
 * A rate limit that allows bursts: a bucket holds twice the rate and fills at the rate.
 */

/** Seconds of the rate that a full bucket holds; a number of the protocol ("buckets hold twice the rate"). */
export const BUCKET_SECONDS = 2;

/** One bucket. Times are milliseconds of any one clock. */
export class TokenBucket {
  private readonly perSecond: number;
  private tokens: number;
  private filledAt: number;

  /** `perSecond` 0 means no limit. */
  constructor(perSecond: number, now: number) {
    this.perSecond = perSecond;
    this.tokens = perSecond * BUCKET_SECONDS;
    this.filledAt = now;
  }

  /** Takes one token and answers 0, or how many milliseconds until there is one. */
  take(now: number): number {
    if (this.perSecond === 0) return 0;
    const gained = ((now - this.filledAt) / 1_000) * this.perSecond;
    this.tokens = Math.min(this.perSecond * BUCKET_SECONDS, this.tokens + Math.max(0, gained));
    this.filledAt = now;
    if (this.tokens < 1) return Math.ceil(((1 - this.tokens) / this.perSecond) * 1_000);
    this.tokens -= 1;
    return 0;
  }
}
