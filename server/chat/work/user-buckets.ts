/** One rate limit for each user. Full buckets are the same as new ones, so only the others need to be kept. */
import type { Clock } from '../../../actors/clock.js';
import { TokenBucket } from './token-bucket.js';

/** Number of users above which those with a full bucket are dropped. */
const USERS_KEPT = 1_024;

/** The buckets of all users. */
export class UserBuckets {
  private readonly clock: Pick<Clock, 'elapsed'>;
  private readonly perSecond: number;
  private readonly buckets = new Map<string, TokenBucket>();
  private dropAt = USERS_KEPT;

  /** `perSecond` is a whole number; 0 means no limit. */
  constructor(perSecond: number, clock: Pick<Clock, 'elapsed'>) {
    this.perSecond = perSecond;
    this.clock = clock;
  }

  /** Number of users with a bucket. */
  get size(): number {
    return this.buckets.size;
  }

  /** Returns a user's bucket; undefined when it is full or was never used. */
  known(user: string): TokenBucket | undefined {
    return this.buckets.get(user);
  }

  /** Returns a user's bucket, a full one when there is none. */
  of(user: string): TokenBucket {
    const known = this.buckets.get(user);
    if (known !== undefined) return known;
    const now = this.clock.elapsed();
    if (this.buckets.size >= this.dropAt) this.dropFull(now);
    const bucket = new TokenBucket(this.perSecond, now);
    this.buckets.set(user, bucket);
    return bucket;
  }

  /** Drops full buckets. A bucket is full again within twice `BUCKET_SECONDS`. */
  private dropFull(now: number): void {
    for (const [user, bucket] of this.buckets) if (bucket.isFull(now)) this.buckets.delete(user);
    this.dropAt = Math.max(USERS_KEPT, this.buckets.size * 2);
  }
}
