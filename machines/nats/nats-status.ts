/** State of the connection to the brokers: the context of its chart, and its row in `/status`. */
import { untilDue, type NextAttempt } from '../supervision/next-attempt.js';

/** Values of `status` of the brokers in `/status`. */
export type NatsState = 'connecting' | 'connected' | 'degraded' | 'failed';

/** The broker that the connection goes to. */
export interface Broker {
  /** Its address, `host:port`. */
  readonly address: string;
  /** Version of its nats-server, as it reports it. */
  readonly version: string;
  /** What is wrong with a broker that is used all the same, and what to do; null when nothing is. */
  readonly warning: string | null;
}

/** Result of an attempt. `isPermanent`: it cannot succeed before somebody has acted. */
export type Opened =
  | { readonly ok: true; readonly broker: Broker }
  | { readonly ok: false; readonly reason: string; readonly isPermanent: boolean };

/** Context of the chart, with the plan for the next attempt. Times are Unix milliseconds. */
export interface NatsContext extends NextAttempt {
  readonly id: string;
  status: NatsState;
  /** When `status` last changed. */
  since: number;
  /** The same moment of a clock that never goes back. */
  becameAt: number;
  /** Why no broker is connected, and what to do; null when one is. */
  error: string | null;
  isPermanent: boolean;
  /** The broker of the last connection; null before the first. */
  broker: Broker | null;
  /** Attempts since the connection was last open. */
  attempt: number;
  retryMs: number;
  /** How often an open connection was lost. */
  losses: number;
}

/** The brokers in `/status`; `nextAttemptMs` counts from now. */
export interface NatsStatus {
  readonly status: NatsState;
  readonly error: string | null;
  readonly broker: Broker | null;
  readonly since: number;
  readonly losses: number;
  readonly attempt: number;
  readonly nextAttemptMs: number | null;
}

/** Returns the row for `/status` as of `elapsedMs`, a moment of `elapsed()`. */
export function natsStatus(context: NatsContext, elapsedMs: number): NatsStatus {
  const { status, error, broker, since, losses, attempt, attemptDueAt } = context;
  return {
    status,
    error,
    broker,
    since,
    losses,
    attempt,
    nextAttemptMs: untilDue(attemptDueAt, elapsedMs)
  };
}
