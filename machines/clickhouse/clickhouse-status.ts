/**
 * What is known of the connection to ClickHouse: the context of its chart, and the row of `/status` made of it.
 */

/** Where ClickHouse is: in a child process, on a server, or switched off. */
export type ClickhouseMode = 'embedded' | 'remote' | 'off';

/** `services[].status` of `/status`. */
export type ClickhouseState = 'connecting' | 'connected' | 'skipped' | 'failed' | 'degraded';

/** Why the latest attempt came to nothing. `permanent` = a retry alone will not mend it. */
export interface Miss {
  readonly reason: string;
  readonly permanent: boolean;
}

/** All that the chart remembers; times are Unix milliseconds. */
export interface ClickhouseContext {
  readonly id: string;
  readonly mode: ClickhouseMode;
  readonly required: boolean;
  status: ClickhouseState;
  /** When `status` became what it is. */
  since: number;
  /** Why it is not connected, null when it is. */
  error: string | null;
  /** What the server says of itself, null until it has been connected once. */
  version: string | null;
  /** Attempts made since it was last settled. */
  attempt: number;
  /** How the running attempt has gone wrong, null as long as it has not. */
  miss: Miss | null;
  retryMs: number;
  nextAttemptAt: number | null;
  /** Attempts after which it gives up, null when it never does. */
  of: number | null;
  /** When it gives up whatever its attempts are doing, null when it never does. */
  deadlineAt: number | null;
  /** How often a connection has been lost. */
  restarts: number;
  /** Why startup was given up, null unless it was. */
  gaveUp: string | null;
}

/** One row of `services` in `/status`, with what `waitingFor` needs; `nextAttemptMs` and `deadlineMs` are from now. */
export interface ClickhouseStatus {
  service: 'clickhouse';
  required: boolean;
  status: ClickhouseState;
  error: string | null;
  mode: ClickhouseMode;
  since: number;
  restarts: number;
  attempt: number;
  /** Attempts in all, null when there is no end to them. */
  of: number | null;
  nextAttemptMs: number | null;
  deadlineMs: number | null;
}

/** Says for `/status` how ClickHouse is at `nowMs`. */
export function clickhouseStatus(
  { context }: { readonly context: ClickhouseContext },
  nowMs: number
): ClickhouseStatus {
  const fromNow = (at: number | null) => (at === null ? null : Math.max(0, at - nowMs));
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
    nextAttemptMs: fromNow(context.nextAttemptAt),
    deadlineMs: fromNow(context.deadlineAt)
  };
}
