/**
 * The time that the retention by days goes by: the wall clock, as long as the monotonic clock bears it out. A wall clock
 * that jumps ahead would make messages of seconds ago look days old.
 */
import type { Clock } from '../../clock.js';

/** Difference of the two clocks that counts as drift and is followed; anything above it is a jump. */
export const DRIFT_MS = 60_000; // far above what time synchronization corrects at once

/** Options of {@link RetentionClock}. */
export interface RetentionClockOptions {
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  /** Called once for a jump ahead, with its milliseconds. */
  readonly onJump: (byMs: number) => void;
}

/** Tells a time that never runs ahead of the monotonic clock by a jump. A start takes the wall clock as it is. */
export class RetentionClock {
  readonly #options: RetentionClockOptions;
  /** Readings of both clocks at the same moment, when they last agreed. */
  #agreed: { readonly now: number; readonly elapsed: number };
  #isJumpTold = false;

  constructor(options: RetentionClockOptions) {
    this.#options = options;
    const { clock } = options;
    this.#agreed = { now: clock.now(), elapsed: clock.elapsed() };
  }

  /** Unix milliseconds: the earlier one of the wall clock and of what the monotonic clock makes of its last agreement. */
  now(): number {
    const { clock, onJump } = this.#options;
    const now = clock.now();
    const elapsed = clock.elapsed();
    const expected = this.#agreed.now + (elapsed - this.#agreed.elapsed);
    const ahead = now - expected;
    if (Math.abs(ahead) <= DRIFT_MS) {
      this.#agreed = { now, elapsed };
      this.#isJumpTold = false;
      return now;
    }
    if (ahead > 0 && !this.#isJumpTold) {
      this.#isJumpTold = true;
      onJump(ahead);
    }
    return Math.min(now, expected);
  }
}
