/**
 * Time as the actors see it: XState's timers plus the `now()` that its `Clock` lacks, so that specs can move both.
 */
import type { ActorOptions, AnyActorLogic } from 'xstate';

type TimerClock = NonNullable<ActorOptions<AnyActorLogic>['clock']>;

/** Timers and the present moment, from one source. `now()` is milliseconds since the Unix epoch. */
export interface Clock extends TimerClock {
  now(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, timeoutMs) => setTimeout(fn, timeoutMs),
  clearTimeout: (id: NodeJS.Timeout) => {
    clearTimeout(id);
  }
};
