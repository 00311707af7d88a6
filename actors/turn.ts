/**
 * One turn of the event loop, as far as those are concerned who do work in it that can wait. A point is the work of one
 * small frame, about 20 µs of CPU.
 * @see server/chat/work/turn-budget.ts
 */
export interface Turn {
  /** Whether this turn should do no more work that can wait. */
  readonly isSpent: boolean;
  /** Notes work that was done, in points. */
  spend(points: number): void;
  /** Calls `work` in the next turn; it looks at {@link isSpent} itself. */
  next(work: () => void): void;
}

/** A turn without a bound, for tools that serve nobody. */
export const ENDLESS_TURN: Turn = {
  isSpent: false,
  spend: () => undefined,
  next: (work) => {
    setImmediate(work);
  }
};
