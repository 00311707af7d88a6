/** Remembers for a short time that a run was cancelled before its message came. */
import type { Clock } from '../../clock.js';

/** How long a cancellation is remembered, in milliseconds: far longer than a message takes to arrive. */
export const CANCELLED_FOR_MS = 60_000;

/** Most messages remembered; above it the oldest is forgotten. */
export const CANCELLED_MAX = 10_000;

/** Cancellations of runs whose messages have not come yet. */
export class Cancellations {
  private readonly clock: Pick<Clock, 'elapsed'>;
  private readonly noted = new Map<string, number>();

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.clock = clock;
  }

  note(thread: string, mid: string, user: string): void {
    const key = keyOf(thread, mid, user);
    this.noted.delete(key);
    this.noted.set(key, this.clock.elapsed());
    for (const [oldest, atMs] of this.noted) {
      const isOld = this.clock.elapsed() - atMs >= CANCELLED_FOR_MS;
      if (!isOld && this.noted.size <= CANCELLED_MAX) break;
      this.noted.delete(oldest);
    }
  }

  /** Returns whether the user cancelled the message's run before it came, and forgets the cancellation. */
  take(thread: string, mid: string, user: string): boolean {
    const key = keyOf(thread, mid, user);
    const atMs = this.noted.get(key);
    this.noted.delete(key);
    return atMs !== undefined && this.clock.elapsed() - atMs < CANCELLED_FOR_MS;
  }
}

function keyOf(thread: string, mid: string, user: string): string {
  return JSON.stringify([thread, mid, user]);
}
