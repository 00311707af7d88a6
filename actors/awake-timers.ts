/**
 * Timers for charts that leave out the time in which the process did not run, because it was stopped (SIGSTOP, a paused
 * virtual machine) or busy for seconds. After such a pause all plain timers fire at once, before the messages that have
 * arrived are read: a grace would end although subscribers are there, an attempt although the server has answered.
 *
 * Each timer runs in stretches. A stretch that ends much too late does not count and is repeated. After two late
 * stretches in a row they do count: such a process is slow, not away, and its deadlines must end at some time.
 */
import type { Clock } from './clock.js';

/** Longest stretch of a timer, in milliseconds. After an absence a timer ends at most this much too late. */
export const STRETCH_MS = 1_000;

/** A stretch that ends later than this, in milliseconds, shows that the process was away; a busy event loop stays far below. */
export const LATE_MS = 1_000;

/** One timer, with the id that its present stretch has in the underlying clock. */
class AwakeTimer {
  stretch: unknown = null;
}

/** Returns a clock with the same readings, whose timers leave out the time in which the process did not run. */
export function awakeTimers(clock: Clock): Clock {
  const run = (timer: AwakeTimer, work: () => void, leftMs: number, wasLate: boolean): void => {
    const stretchMs = Math.min(leftMs, STRETCH_MS);
    const dueAt = clock.elapsed() + stretchMs;
    timer.stretch = clock.setTimeout(() => {
      const isLate = clock.elapsed() - dueAt > LATE_MS;
      const restMs = isLate && !wasLate ? leftMs : leftMs - stretchMs;
      if (restMs > 0) run(timer, work, restMs, isLate);
      else work();
    }, stretchMs);
  };
  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    setTimeout: (work, timeoutMs) => {
      const timer = new AwakeTimer();
      run(timer, work, timeoutMs, false);
      return timer;
    },
    clearTimeout: (id) => {
      if (id instanceof AwakeTimer) clock.clearTimeout(id.stretch);
    }
  };
}
