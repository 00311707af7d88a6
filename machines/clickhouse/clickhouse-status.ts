/** State of the connection to ClickHouse: the context of its chart, and its row in `/status`. */
import { untilDue, type NextAttempt } from '../supervision/next-attempt.js';

/** Beginning of the error text when a required ClickHouse never connected; the reason follows. */
export const REQUIRED_BUT = 'ClickHouse required but';

/** How ClickHouse runs: in a child process, on a server, or not at all. */
export type ClickhouseMode = 'embedded' | 'remote' | 'off';

/** Values of `services[].status` in `/status`. */
export type ClickhouseState = 'connecting' | 'connected' | 'skipped' | 'failed' | 'degraded';

/**
 * Why an attempt failed. `permanent`: retrying alone will not help, somebody has to act · `isLoss`: the connection or
 * engine that it had opened was lost.
 */
export interface Miss {
  readonly reason: string;
  readonly permanent: boolean;
  readonly isLoss?: boolean;
}

/** Context of the chart, with the plan for the next attempt. Times are Unix milliseconds. */
export interface ClickhouseContext extends NextAttempt {
  readonly id: string;
  readonly mode: ClickhouseMode;
  readonly required: boolean;
  status: ClickhouseState;
  /** When `status` last changed. */
  since: number;
  /** The same moment of a clock that never goes back; to measure from it. */
  becameAt: number;
  /** Why ClickHouse is not connected; null when it is. */
  error: string | null;
  /** Version that the ClickHouse server reports; null before the first connection. */
  version: string | null;
  /** Attempts since the last connection that held for `SETTLED_MS`. */
  attempt: number;
  /** Why the running attempt failed; null while it has not failed. */
  miss: Miss | null;
  retryMs: number;
  /** Number of attempts after which startup gives up; null when it never does. */
  of: number | null;
  /** When startup gives up, however many attempts are left; null when it never does. */
  deadlineAt: number | null;
  /** The same moment on a clock that never goes back. */
  deadlineDueAt: number | null;
  /** How often a connection was lost, open or being opened. */
  restarts: number;
  /** Why startup gave up; null when it did not. */
  gaveUp: string | null;
}

/**
 * A row of `services` in `/status`, and the values that `waitingFor` needs. `nextAttemptMs` and `deadlineMs` count from
 * now.
 */
export interface ClickhouseStatus {
  service: 'clickhouse';
  required: boolean;
  status: ClickhouseState;
  error: string | null;
  mode: ClickhouseMode;
  since: number;
  restarts: number;
  attempt: number;
  /** Most attempts; null when there is no limit. */
  of: number | null;
  nextAttemptMs: number | null;
  deadlineMs: number | null;
}

/** Returns the row for `/status` as of `elapsedMs`, a moment of `elapsed()`. */
export function clickhouseStatus(
  { context }: { readonly context: ClickhouseContext },
  elapsedMs: number
): ClickhouseStatus {
  return {
    service: 'clickhouse',
    required: context.required,
    status: context.status,
    error: context.error,
    mode: context.mode,
    since: context.since,
    restarts: context.restarts,
    attempt: context.attempt,
    of: context.of,
    nextAttemptMs: untilDue(context.attemptDueAt, elapsedMs),
    deadlineMs: untilDue(context.deadlineDueAt, elapsedMs)
  };
}
