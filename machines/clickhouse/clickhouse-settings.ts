/** Settings of the chart of ClickHouse: how often, for how long and at what intervals it tries to connect. */
import type { ClickhouseMode } from './clickhouse-status.js';

/**
 * Attempts to connect to a required ClickHouse at startup. When it refuses connections, the waits between them add up
 * to at most 7.5 s, enough for a restart. When ClickHouse boots for longer, the process manager has to wait, or to
 * start this server again.
 */
export const CONNECT_ATTEMPTS = 5;

/**
 * Longest attempt to start the embedded engine. On a machine without free time it needs longer than the limit of the
 * first attempt, and each attempt begins anew: with a fixed limit it would never connect.
 */
export const EMBEDDED_ATTEMPT_MAX_MS = 60_000;

/** Longest time that a required ClickHouse may delay startup, whatever its attempts are doing. */
export const CONNECT_DEADLINE_MS = 60_000;

/**
 * Longest wait before the first retry. It is short because most outages are restarts. It doubles with each retry, up to
 * `retryMaxMs`.
 */
export const RETRY_BASE_MS = 500;

/**
 * Settings of the chart. `now` (Unix milliseconds, for times that are shown), `elapsed` (milliseconds of a clock that
 * never goes back) and `random` ([0, 1)) are its only sources of time and chance.
 */
export interface ClickhouseSettings {
  readonly mode: ClickhouseMode;
  readonly required: boolean;
  /** Limit of one attempt, which connects and migrates; of the first one when it is embedded: {@link attemptLimitMs}. */
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly deadlineMs: number;
  /** Longest wait between two attempts, at least {@link RETRY_BASE_MS}. */
  readonly retryMaxMs: number;
  readonly now: () => number;
  readonly elapsed: () => number;
  readonly random: () => number;
}

/**
 * Returns the limit of an attempt, counted from 1, in milliseconds. For the embedded engine it doubles with each
 * attempt, up to {@link EMBEDDED_ATTEMPT_MAX_MS}.
 */
export function attemptLimitMs(
  { mode, timeoutMs }: Pick<ClickhouseSettings, 'mode' | 'timeoutMs'>,
  attempt: number
): number {
  if (mode !== 'embedded') return timeoutMs;
  const grown = timeoutMs * 2 ** (Math.max(1, attempt) - 1);
  return Math.max(timeoutMs, Math.min(grown, EMBEDDED_ATTEMPT_MAX_MS));
}
