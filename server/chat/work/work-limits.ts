/**
 * How much work each user may cause, over all connections and doors together. Work is charged when its size is known,
 * so one request may go beyond the limit; the next one waits until that is paid.
 */
import type { Clock } from '../../../actors/clock.js';
import { TokenBucket } from './token-bucket.js';

/** Users above whose number those with a full bucket are forgotten. */
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

  /** Number of users who are remembered. */
  get size(): number {
    return this.buckets.size;
  }

  /** What the refusal of a request says. */
  get reason(): string {
    return `this user has asked for more than ${String(this.pointsPerSecond)} points of work in a second`;
  }

  /** Returns the milliseconds until a user may ask for work; 0 means now. */
  waitMs(user: string): number {
    return this.buckets.get(user)?.wait(this.clock.elapsed()) ?? 0;
  }

  /** Charges a user for work that was done. */
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

  /** A full bucket is the same as none. The others are full within twice the seconds that a bucket holds. */
  private forget(now: number): void {
    for (const [user, bucket] of this.buckets) if (bucket.isFull(now)) this.buckets.delete(user);
    this.forgetAt = Math.max(USERS_KEPT, this.buckets.size * 2);
  }
}
