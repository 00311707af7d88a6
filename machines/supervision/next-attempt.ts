/** The plan for the next attempt after a failure, the same for children, ClickHouse and the sink. */

/** When the next attempt starts; both are null when none is planned. */
export interface NextAttempt {
  /** Unix milliseconds, to be shown. */
  readonly nextAttemptAt: number | null;
  /** The same moment on a clock that never goes back, to compute the remaining time. */
  readonly attemptDueAt: number | null;
}

/** No attempt is planned. */
export const NO_ATTEMPT: NextAttempt = { nextAttemptAt: null, attemptDueAt: null };

/** Plans an attempt in `waitMs` milliseconds. */
export function attemptIn(
  waitMs: number,
  { now, elapsed }: { readonly now: () => number; readonly elapsed: () => number }
): NextAttempt {
  return { nextAttemptAt: now() + waitMs, attemptDueAt: elapsed() + waitMs };
}

/** Returns the milliseconds until a moment of the same clock as `elapsedMs`; 0 when it has passed, null when `atMs` is. */
export function untilDue(dueAt: number | null, elapsedMs: number): number | null {
  return dueAt === null ? null : Math.max(0, dueAt - elapsedMs);
}
