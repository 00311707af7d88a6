/**
 * Source of time for the SDK; specs pass a virtual one. The wall clock can be set and then jumps, so durations are
 * measured with `elapsed`.
 */
export interface ClientClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds of a clock that never goes back, such as `performance.now()`. When absent, `now` is used instead. */
  elapsed?(): number;
  /** Runs `work` once after `delayMs`; the returned function cancels it and may be called at any time. */
  after(delayMs: number, work: () => void): () => void;
}

/** Longest wait of a timer in milliseconds, 24.8 days; browsers and Node run a longer one at once. */
const TIMER_MAX_MS = 2_147_483_647;

/** The real clock, for everything but specs. */
export const systemClock: Required<ClientClock> = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (delayMs, work) => {
    const timer = setTimeout(work, Math.min(delayMs, TIMER_MAX_MS));
    return () => {
      clearTimeout(timer);
    };
  }
};

/** Returns a reading of the clock for durations, in milliseconds. Only the difference of two readings has a meaning. */
export function elapsedOf(clock: ClientClock): number {
  return clock.elapsed?.() ?? clock.now();
}
