import type { RollcallError } from '../rollcall-error.js';

/** Shortest wait after a temporary refusal, in milliseconds; it prevents a busy loop when the server names no wait. */
export const RETRY_AFTER_MIN_MS = 100;

/** Longest wait after a temporary refusal, in milliseconds: a server that names more has mistaken the unit. */
export const RETRY_AFTER_MAX_MS = 60_000;

/** Returns the wait before a temporarily refused request is tried again, in milliseconds. */
export function retryAfterMs(error: RollcallError, fallbackMs: number): number {
  const waitMs = error.afterMs ?? fallbackMs;
  return Math.min(Math.max(waitMs, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS);
}
