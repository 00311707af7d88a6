/** A rate limit that allows bursts: a bucket holds twice the rate and fills at the rate. */

/** A full bucket holds the tokens of this many seconds; the protocol documents it ("buckets hold twice the rate"). */
export const BUCKET_SECONDS = 2;

/** Parts of one token: at `perSecond` 1, each millisecond adds one part. */
const TOKEN_PARTS = 1_000;

/**
 * One bucket. Times are milliseconds of any one clock; fractions of a millisecond are dropped. It counts whole parts of
 * a token, because sums of fractions would be a little below 1 after exactly the time that a client was told to wait.
 */
export class TokenBucket {
  private readonly perSecond: number;
  private parts: number;
  private filledAt: number;

  /** `perSecond` is a whole number; 0 means no limit. */
  constructor(perSecond: number, now: number) {
    this.perSecond = perSecond;
    this.parts = perSecond * BUCKET_SECONDS * TOKEN_PARTS;
    this.filledAt = Math.floor(now);
  }

  /** Takes one token and returns 0, or returns the milliseconds until there is one. */
  take(now: number): number {
    if (this.perSecond === 0) return 0;
    const atMs = Math.floor(now);
    const gained = Math.max(0, atMs - this.filledAt) * this.perSecond;
    this.parts = Math.min(this.perSecond * BUCKET_SECONDS * TOKEN_PARTS, this.parts + gained);
    this.filledAt = atMs;
    if (this.parts < TOKEN_PARTS) return Math.ceil((TOKEN_PARTS - this.parts) / this.perSecond);
    this.parts -= TOKEN_PARTS;
    return 0;
  }
}
