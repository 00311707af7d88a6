/**
 * Limits the work for clients in one turn of the event loop. Each part notes the points of its work, stops when the
 * turn's points are spent, and continues in the next turn, so that all others get a turn in between.
 */
import type { Turn } from '../../../actors/turn.js';

/**
 * Points of one turn, about 8 ms. The last piece of work may exceed it: the largest is a page of 524,288 characters,
 * about 180 points. So a turn stays below 20 ms.
 */
export const TURN_POINTS = 400;

/** Runs a function in the next turn. */
export type Defer = (work: () => void) => void;

/** Counts the points of the present turn. */
export class TurnBudget implements Turn {
  private readonly defer: Defer;
  private readonly onTurn: (points: number) => void;
  private waiting: (() => void)[] = [];
  /** Those who wait for room, in order, with the points that they ask for. */
  private askers: { readonly points: number; readonly resume: () => void }[] = [];
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
    // Begin with another one in each turn, because the first may spend all points.
    const first = this.turns % Math.max(1, due.length);
    for (const work of due.slice(first)) work();
    for (const work of due.slice(0, first)) work();
    // The first one, and others for which there is room too: the work of a resumed caller is noted only later.
    let resumed = 0;
    for (let next = this.askers[0]; next !== undefined; next = this.askers[0]) {
      if (resumed > 0 && resumed + next.points > TURN_POINTS / 2) break;
      resumed += next.points;
      this.askers.shift();
      next.resume();
    }
    if (this.askers.length > 0) this.schedule();
  };

  /** `onTurn` is called with the points that each turn has spent. */
  constructor(
    defer: Defer = (work) => {
      setImmediate(work);
    },
    onTurn: (points: number) => void = () => undefined
  ) {
    this.defer = defer;
    this.onTurn = onTurn;
  }

  /** Whether work that can wait should stop for this turn. Half of the points are left to callers that wait for room. */
  get isSpent(): boolean {
    return this.spent >= (this.askers.length > 0 ? TURN_POINTS / 2 : TURN_POINTS);
  }

  /** Notes work that was done. */
  spend(points: number): void {
    this.spent += points;
    this.schedule();
  }

  /** Calls `work` in the next turn. It must check {@link isSpent}, since others may have been called before it. */
  next(work: () => void): void {
    this.waiting.push(work);
    this.schedule();
  }

  /**
   * Resolves as soon as a turn has room for so many points. Callers that wait are resumed in order: one per turn, and with
   * it those that fit into half of the points.
   */
  room(points: number): Promise<void> {
    if (this.spent < TURN_POINTS && this.askers.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.askers.push({ points, resume: resolve });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.defer(this.renew);
  }
}
