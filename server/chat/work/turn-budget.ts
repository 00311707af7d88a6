/**
 * How much work one turn of the event loop may do for clients. Whoever works for clients notes what it has done, stops
 * when the turn's points are spent, and goes on in the next turn, so that everybody else has a turn in between.
 */

/**
 * Points of one turn, about 8 ms. One piece of work may go beyond it: the largest is a page of 524,288 characters, about
 * 180 points. Together they stay below 20 ms.
 */
export const TURN_POINTS = 400;

/** Runs a function in the next turn. */
export type Defer = (work: () => void) => void;

/** The points of this turn. */
export class TurnBudget {
  private readonly defer: Defer;
  private readonly onTurn: (points: number) => void;
  private waiting: (() => void)[] = [];
  /** Those who wait for room, in order. */
  private askers: (() => void)[] = [];
  private turns = 0;
  private spent = 0;
  private isScheduled = false;
  private readonly renew = (): void => {
    this.isScheduled = false;
    this.onTurn(this.spent);
    this.spent = 0;
    this.turns++;
    const due = this.waiting;
    this.waiting = [];
    // Another one is the first each time, since the first may spend all points.
    const first = this.turns % Math.max(1, due.length);
    for (const work of due.slice(first)) work();
    for (const work of due.slice(0, first)) work();
    // One a turn: what it does is noted only after this.
    this.askers.shift()?.();
    if (this.askers.length > 0) this.schedule();
  };

  /** `onTurn` is told what each turn has spent. */
  constructor(
    defer: Defer = (work) => {
      setImmediate(work);
    },
    onTurn: (points: number) => void = () => undefined
  ) {
    this.defer = defer;
    this.onTurn = onTurn;
  }

  /** Whether this turn should do no more work that can wait. Half of its points are left to those who wait for room. */
  get isSpent(): boolean {
    return this.spent >= (this.askers.length > 0 ? TURN_POINTS / 2 : TURN_POINTS);
  }

  /** Notes work that was done. */
  spend(points: number): void {
    this.spent += points;
    this.schedule();
  }

  /** Calls `work` in the next turn. It looks at {@link isSpent} itself: others may have been called before it. */
  next(work: () => void): void {
    this.waiting.push(work);
    this.schedule();
  }

  /** Resolves as soon as a turn has points left; those who wait come one a turn, in order. */
  room(): Promise<void> {
    if (this.spent < TURN_POINTS && this.askers.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.askers.push(resolve);
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.defer(this.renew);
  }
}
