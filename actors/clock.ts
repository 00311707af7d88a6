/**
 * Time for the actors: XState's timers, plus the two readings that its `Clock` lacks. Specs replace all of them.
 *
 * The wall clock may jump: somebody sets it, or a virtual machine is resumed. So it is only read for times that are
 * stored or shown, and for deadlines that outlive the process. Durations and deadlines in memory use `elapsed()`.
 */
import type { ActorOptions, AnyActorLogic } from 'xstate';

type TimerClock = NonNullable<ActorOptions<AnyActorLogic>['clock']>;

/** Timers and the current time from one source. */
export interface Clock extends TimerClock {
  /** Returns the time of the wall clock in Unix milliseconds. It may jump, forward and back. */
  now(): number;
  /** Returns whole milliseconds of a clock that never goes back. Only differences between two readings mean something. */
  elapsed(): number;
}

/** The system's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => Math.floor(performance.now()),
  setTimeout: (fn, timeoutMs) => setTimeout(fn, timeoutMs),
  clearTimeout: (id: NodeJS.Timeout) => {
    clearTimeout(id);
  }
};

/** Returns the time of the wall clock, in Unix milliseconds, for a moment that `elapsed()` has given: to show it. */
export function wallTime(clock: Pick<Clock, 'now' | 'elapsed'>, elapsed: number): number {
  return clock.now() - (clock.elapsed() - elapsed);
}
