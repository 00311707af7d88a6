/** A rate limit that allows bursts: a bucket holds twice the rate and fills at the rate. */

/** A full bucket holds the tokens of this many seconds; the protocol documents it ("buckets hold twice the rate"). */
export const BUCKET_SECONDS = 2;

/** Longest absence of the server, in milliseconds, that clients get tokens for; a client that silent has gone by then. */
export const CREDIT_MAX_MS = 60_000;

/** A shorter absence, in milliseconds, needs none: a full bucket lets through what comes after it. */
export const CREDIT_MIN_MS = BUCKET_SECONDS * 1_000;

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
    this.fill(now);
    if (this.parts < TOKEN_PARTS) return Math.ceil((TOKEN_PARTS - this.parts) / this.perSecond);
    this.parts -= TOKEN_PARTS;
    return 0;
  }

  /**
   * Adds the tokens of a time in which the server itself was away, from {@link CREDIT_MIN_MS} to {@link CREDIT_MAX_MS}: what a client sent meanwhile comes all at once, and was sent at its rate. What is more than
   * a full bucket holds runs out at the rate.
   */
  credit(awayMs: number, now: number): void {
    if (awayMs < CREDIT_MIN_MS) return;
    this.fill(now);
    this.parts += Math.floor(Math.min(awayMs, CREDIT_MAX_MS)) * this.perSecond;
  }

  private fill(now: number): void {
    const atMs = Math.floor(now);
    const passed = Math.max(0, atMs - this.filledAt) * this.perSecond;
    const full = this.perSecond * BUCKET_SECONDS * TOKEN_PARTS;
    this.parts =
      this.parts > full ? Math.max(full, this.parts - passed) : Math.min(full, this.parts + passed);
    this.filledAt = atMs;
  }
}
