/** A rate limit that allows bursts: a bucket holds twice the rate and fills at the rate. */

/** A full bucket holds the tokens of this many seconds; the protocol documents it ("buckets hold twice the rate"). */
export const BUCKET_SECONDS = 2;

/** Longest absence of the server, in milliseconds, for which clients get tokens. After longer ones they have gone. */
export const CREDIT_MAX_MS = 60_000;

/** Shortest absence, in milliseconds, for which clients get tokens. A full bucket is enough for shorter ones. */
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
    this.parts = this.fullParts;
    this.filledAt = Math.floor(now);
  }

  /** Takes one token and returns 0, or returns the milliseconds until there is one. */
  take(now: number): number {
    const afterMs = this.wait(now);
    if (afterMs === 0) this.parts -= TOKEN_PARTS;
    return afterMs;
  }

  /** Returns the milliseconds until there is a token, and takes none; 0 when there is one. */
  wait(now: number): number {
    if (this.perSecond === 0) return 0;
    this.fill(now);
    return this.parts >= TOKEN_PARTS ? 0 : Math.ceil((TOKEN_PARTS - this.parts) / this.perSecond);
  }

  /**
   * Takes tokens for work whose cost is known only afterwards, also more than there are. The debt is at most a full
   * bucket, so that the wait is at most {@link BUCKET_SECONDS} and the time of one token.
   */
  charge(now: number, tokens: number): void {
    this.fill(now);
    this.parts = Math.max(-this.fullParts, this.parts - tokens * TOKEN_PARTS);
  }

  /** Returns whether the bucket is full. */
  isFull(now: number): boolean {
    this.fill(now);
    return this.parts >= this.fullParts;
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

  private get fullParts(): number {
    return this.perSecond * BUCKET_SECONDS * TOKEN_PARTS;
  }

  private fill(now: number): void {
    const atMs = Math.floor(now);
    const passed = Math.max(0, atMs - this.filledAt) * this.perSecond;
    const full = this.fullParts;
    this.parts =
      this.parts > full ? Math.max(full, this.parts - passed) : Math.min(full, this.parts + passed);
    this.filledAt = atMs;
  }
}
