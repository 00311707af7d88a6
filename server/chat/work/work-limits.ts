/**
 * Limits the work that each user may cause, over all connections and HTTP together. Work is charged when its size is
 * known, so one request may exceed the limit; the next one is refused until the debt is paid.
 */
import type { Clock } from '../../../actors/clock.js';
import { UserBuckets } from './user-buckets.js';

/** The work of all users. */
export class WorkLimits {
  private readonly clock: Pick<Clock, 'elapsed'>;
  private readonly pointsPerSecond: number;
  private readonly buckets: UserBuckets;

  /** `pointsPerSecond` is a whole number; 0 means no limit. */
  constructor(pointsPerSecond: number, clock: Pick<Clock, 'elapsed'>) {
    this.pointsPerSecond = pointsPerSecond;
    this.clock = clock;
    this.buckets = new UserBuckets(pointsPerSecond, clock);
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
    return this.buckets.known(user)?.wait(this.clock.elapsed()) ?? 0;
  }

  /** Charges a user for finished work. */
  charge(user: string, points: number): void {
    if (this.pointsPerSecond === 0) return;
    this.buckets.of(user).charge(this.clock.elapsed(), points);
  }
}
