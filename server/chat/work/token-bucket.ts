/** A rate limit that allows bursts: a bucket holds one or more times the rate and fills at the rate. */

/** A full bucket holds the tokens of this many seconds; the protocol documents it ("buckets hold twice the rate"). */
export const BUCKET_SECONDS = 2;

/** Longest absence of the server, in milliseconds, for which clients get tokens. After longer ones they have gone. */
export const CREDIT_MAX_MS = 60_000;

/** Shortest absence, in milliseconds, for which clients get tokens. A full bucket is enough for shorter ones. */
export const CREDIT_MIN_MS = BUCKET_SECONDS * 1_000;

/** What a rate is meant for. */
export interface BucketShape {
  /** The time in which so many tokens come as the rate says, in milliseconds. It is also the number of parts of one token. */
  readonly periodMs: number;
  /** How many times the rate a full bucket holds. */
  readonly holds: number;
}

/** Tokens a second, and twice as many in a burst. */
export const PER_SECOND: BucketShape = { periodMs: 1_000, holds: BUCKET_SECONDS };

/** Tokens an hour: all at once or evenly. What was taken comes back over an hour, not at its end. */
export const PER_HOUR: BucketShape = { periodMs: 3_600_000, holds: 1 };

/**
 * One bucket. Times are milliseconds of any one clock; fractions of a millisecond are dropped. It counts whole parts of
 * a token, of which each millisecond adds as many as the rate, because sums of fractions would be a little below 1 after exactly the time that a client was told to wait.
 */
export class TokenBucket {
  private readonly rate: number;
  private readonly shape: BucketShape;
  private parts: number;
  private filledAt: number;

  /** `rate` is a whole number of tokens, by default for a second; 0 means no limit. */
  constructor(rate: number, now: number, shape = PER_SECOND) {
    this.rate = rate;
    this.shape = shape;
    this.parts = this.fullParts;
    this.filledAt = Math.floor(now);
  }

  /** Takes one token and returns 0, or returns the milliseconds until there is one. */
  take(now: number): number {
    const afterMs = this.wait(now);
    if (afterMs === 0) this.parts -= this.shape.periodMs;
    return afterMs;
  }

  /** Returns the milliseconds until there is a token, and takes none; 0 when there is one. */
  wait(now: number): number {
    if (this.rate === 0) return 0;
    this.fill(now);
    const missing = this.shape.periodMs - this.parts;
    return missing <= 0 ? 0 : Math.ceil(missing / this.rate);
  }

  /**
   * Takes tokens for work whose cost is known only afterwards, also more than there are; a negative number gives them
   * back. The debt is at most a full bucket, so that the wait is at most the time that fills one, and that of one token.
   */
  charge(now: number, tokens: number): void {
    this.fill(now);
    const left = this.parts - tokens * this.shape.periodMs;
    const full = this.fullParts;
    // What an absence has given may be more than full.
    this.parts = Math.max(-full, tokens < 0 ? Math.min(left, Math.max(full, this.parts)) : left);
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
    this.parts += Math.floor(Math.min(awayMs, CREDIT_MAX_MS)) * this.rate;
  }

  private get fullParts(): number {
    return this.rate * this.shape.holds * this.shape.periodMs;
  }

  private fill(now: number): void {
    const atMs = Math.floor(now);
    const passed = Math.max(0, atMs - this.filledAt) * this.rate;
    const full = this.fullParts;
    this.parts =
      this.parts > full ? Math.max(full, this.parts - passed) : Math.min(full, this.parts + passed);
    this.filledAt = atMs;
  }
}
