import type { RollcallError } from '../rollcall-error.js';

/** Least wait after a passing refusal, in milliseconds: a server that names none, or less, is not asked in a circle. */
export const RETRY_AFTER_MIN_MS = 100;

/** Longest such wait, in milliseconds: a server that names more has mistaken its unit. */
export const RETRY_AFTER_MAX_MS = 60_000;

/** Answers how long to wait before what was refused for a moment is tried again, in milliseconds. */
export function retryAfterMs(error: RollcallError, fallbackMs: number): number {
  const waitMs = error.afterMs ?? fallbackMs;
  return Math.min(Math.max(waitMs, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS);
}
