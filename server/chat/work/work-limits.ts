/**
 * Limits the work that each user may cause, over all connections and HTTP together. Work is charged when its size is
 * known, so one request may exceed the limit; the next one is refused until the debt is paid.
 */
import type { Clock } from '../../../actors/clock.js';
import { TokenBucket } from './token-bucket.js';

/** Number of users above which those with a full bucket are dropped. */
const USERS_KEPT = 1_024;

/** The buckets of all users. */
export class WorkLimits {
  private readonly clock: Pick<Clock, 'elapsed'>;
  private readonly pointsPerSecond: number;
  private readonly buckets = new Map<string, TokenBucket>();
  private forgetAt = USERS_KEPT;

  /** `pointsPerSecond` is a whole number; 0 means no limit. */
  constructor(pointsPerSecond: number, clock: Pick<Clock, 'elapsed'>) {
    this.pointsPerSecond = pointsPerSecond;
    this.clock = clock;
  }

  /** Number of users with a bucket. */
  get size(): number {
    return this.buckets.size;
  }

  /** Message of a refusal. */
  get reason(): string {
    return `this user has asked for more than ${String(this.pointsPerSecond)} points of work in a second`;
  }

  /** Returns the milliseconds until a user may send a request that reads; 0 means now. */
  waitMs(user: string): number {
    return this.buckets.get(user)?.wait(this.clock.elapsed()) ?? 0;
  }

  /** Charges a user for finished work. */
  charge(user: string, points: number): void {
    if (this.pointsPerSecond === 0) return;
    const now = this.clock.elapsed();
    let bucket = this.buckets.get(user);
    if (bucket === undefined) {
      if (this.buckets.size >= this.forgetAt) this.forget(now);
      bucket = new TokenBucket(this.pointsPerSecond, now);
      this.buckets.set(user, bucket);
    }
    bucket.charge(now, points);
  }

  /** Drops full buckets, which are the same as new ones. A bucket is full again within twice {@link BUCKET_SECONDS}. */
  private forget(now: number): void {
    for (const [user, bucket] of this.buckets) if (bucket.isFull(now)) this.buckets.delete(user);
    this.forgetAt = Math.max(USERS_KEPT, this.buckets.size * 2);
  }
}
