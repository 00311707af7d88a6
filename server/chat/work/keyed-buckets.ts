/**
 * One rate limit for each user, or for each address. Full buckets are the same as new ones, so only the others need to be
 * kept; there is a bound on these too.
 */
import type { Clock } from '../../../actors/clock.js';
import { PER_SECOND, TokenBucket, type BucketShape } from './token-bucket.js';

/** Number of buckets above which full ones are dropped. */
const KEPT = 1_024;

/** Most buckets, about 10 MB. Above it the oldest quarter is dropped: who has one of them starts with a full one. */
export const BUCKETS_MAX = 50_000;

/** The buckets by user or address. */
export class KeyedBuckets {
  private readonly clock: Pick<Clock, 'elapsed'>;
  private readonly rate: number;
  private readonly shape: BucketShape;
  private readonly buckets = new Map<string, TokenBucket>();
  private dropAt = KEPT;

  /** `rate` is a whole number of tokens, by default for a second; 0 means no limit. */
  constructor(rate: number, clock: Pick<Clock, 'elapsed'>, shape = PER_SECOND) {
    this.rate = rate;
    this.clock = clock;
    this.shape = shape;
  }

  /** Number of buckets. */
  get size(): number {
    return this.buckets.size;
  }

  /** Returns the milliseconds until there is a token, and takes none; 0 when there is one. */
  wait(key: string): number {
    return this.buckets.get(key)?.wait(this.clock.elapsed()) ?? 0;
  }

  /** Takes tokens, also more than there are; a negative number gives them back. */
  charge(key: string, tokens: number): void {
    if (this.rate > 0) this.of(key).charge(this.clock.elapsed(), tokens);
  }

  /** Returns a bucket, a full one when there is none. */
  of(key: string): TokenBucket {
    const known = this.buckets.get(key);
    if (known !== undefined) return known;
    const now = this.clock.elapsed();
    if (this.buckets.size >= this.dropAt) this.dropFull(now);
    const bucket = new TokenBucket(this.rate, now, this.shape);
    this.buckets.set(key, bucket);
    return bucket;
  }

  private dropFull(now: number): void {
    const most = (BUCKETS_MAX * 3) / 4;
    for (const [key, bucket] of this.buckets) if (bucket.isFull(now)) this.buckets.delete(key);
    for (const key of this.buckets.keys()) {
      if (this.buckets.size <= most) break;
      this.buckets.delete(key);
    }
    this.dropAt = Math.min(BUCKETS_MAX, Math.max(KEPT, this.buckets.size * 2));
  }
}
