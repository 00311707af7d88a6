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

/** One timer: the id that its present stretch has in the underlying clock, and when that stretch is due. */
class AwakeTimer {
  stretch: unknown = null;
  dueAt = 0;
}

/** A clock whose timers leave out the time in which the process did not run. */
export interface AwakeClock extends Clock {
  /**
   * Returns milliseconds like `elapsed()`, less the time in which the process did not run: for deadlines that such a
   * timer keeps. An absence is noticed while at least one timer runs.
   */
  awake(): number;
}

/** How long the process has been away, as shown by late stretches. A slow process is not away, as with timers. */
class Absences {
  ms = 0;
  /** Absences are counted up to this moment: one absence makes the stretches of all timers late. */
  private upTo = -Infinity;
  private wasLate = false;

  /** Takes note that a stretch which was due at one moment was still running now; `seenAt` is when time was last seen. */
  note(dueAt: number, seenAt: number, now: number): void {
    if (dueAt <= this.upTo) return;
    const isLate = now - dueAt > LATE_MS;
    if (isLate && !this.wasLate) this.ms += now - seenAt;
    if (isLate) this.upTo = now;
    this.wasLate = isLate;
  }
}

/** Returns a clock with the same readings, whose timers leave out the time in which the process did not run. */
export function awakeTimers(clock: Clock): AwakeClock {
  const timers = new Set<AwakeTimer>();
  const absences = new Absences();
  /** When the time was last looked at. */
  let seenAt = -Infinity;
  const run = (timer: AwakeTimer, work: () => void, leftMs: number, wasLate: boolean): void => {
    const stretchMs = Math.min(leftMs, STRETCH_MS);
    seenAt = clock.elapsed();
    const dueAt = seenAt + stretchMs;
    timer.dueAt = dueAt;
    timer.stretch = clock.setTimeout(() => {
      const now = clock.elapsed();
      absences.note(dueAt, seenAt, now);
      seenAt = now;
      const isLate = now - dueAt > LATE_MS;
      const restMs = isLate && !wasLate ? leftMs : leftMs - stretchMs;
      if (restMs > 0) {
        run(timer, work, restMs, isLate);
      } else {
        timers.delete(timer);
        work();
      }
    }, stretchMs);
  };
  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    awake: () => {
      const now = clock.elapsed();
      // After an absence, what has arrived may be read before the timers fire that show it.
      if (now - seenAt > LATE_MS) {
        let dueAt = Infinity;
        for (const timer of timers) dueAt = Math.min(dueAt, timer.dueAt);
        if (now - dueAt > LATE_MS) absences.note(dueAt, seenAt, now);
      }
      seenAt = now;
      return now - absences.ms;
    },
    setTimeout: (work, timeoutMs) => {
      const timer = new AwakeTimer();
      run(timer, work, timeoutMs, false);
      timers.add(timer);
      return timer;
    },
    clearTimeout: (id) => {
      if (!(id instanceof AwakeTimer)) return;
      timers.delete(id);
      clock.clearTimeout(id.stretch);
    }
  };
}
