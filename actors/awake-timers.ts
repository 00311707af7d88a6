/**
 * Timers for charts that do not count the time in which the process itself did not run: while it was stopped (SIGSTOP,
 * a paused virtual machine), or busy for seconds. Plain timers all run at once after that, before anything that came
 * meanwhile is read: a grace would be over for subscribers who are there, and an attempt for a server that answered.
 *
 * Each timer runs in stretches. A stretch that ends much later than it should have is repeated, so that what was left
 * is given again. Two late stretches in a row are counted: such a process is slow and not away, and no deadline of it
 * may take for ever.
 */
import type { Clock } from './clock.js';

/** Longest stretch of a timer, in milliseconds: what is given again after an absence is at most this much too long. */
export const STRETCH_MS = 1_000;

/** Lateness of a stretch, in milliseconds, that shows that the process was away; far above that of a busy event loop. */
export const LATE_MS = 1_000;

/** One timer: the stretch that runs now, as the clock below knows it. */
class AwakeTimer {
  stretch: unknown = null;
}

/** Returns a clock with the same readings whose timers do not count the time in which the process did not run. */
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
