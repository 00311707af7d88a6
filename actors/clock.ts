/** Time for the actors: XState's timers, plus the `now()` that its `Clock` lacks. Specs replace both. */
import type { ActorOptions, AnyActorLogic } from 'xstate';

type TimerClock = NonNullable<ActorOptions<AnyActorLogic>['clock']>;

/** Timers and the current time from one source. `now()` returns Unix milliseconds. */
export interface Clock extends TimerClock {
  now(): number;
}

/** The system's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, timeoutMs) => setTimeout(fn, timeoutMs),
  clearTimeout: (id: NodeJS.Timeout) => {
    clearTimeout(id);
  }
};
