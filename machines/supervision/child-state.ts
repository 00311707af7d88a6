/** State of each child of a supervisor, and the one shape of every report on it. */
import type { ChildSpec } from './child-spec.js';
import { NO_ATTEMPT, untilDue, type NextAttempt } from './next-attempt.js';

/**
 * - `waiting`: not started yet, or a child that it requires is down
 * - `starting`: starting, for the first time or again
 * - `ready`: up
 * - `degraded`: up, but it reports a fault
 * - `restarting`: went down and will be started again
 * - `stopping`: asked to stop
 * - `stopped`: ended as expected, and will not be started again
 * - `failed`: ended with a failure, and will not be started again
 */
export type ChildStatus =
  'waiting' | 'starting' | 'ready' | 'degraded' | 'restarting' | 'stopping' | 'stopped' | 'failed';

/** State of one child, with the plan to start it again. Times are Unix milliseconds. */
export interface ChildState extends NextAttempt {
  readonly id: string;
  readonly required: boolean;
  readonly status: ChildStatus;
  /** Why it is degraded or failed, or why it went down before this start; null when it is well. */
  readonly error: string | null;
  /** When `status` last changed. */
  readonly since: number;
  /** How often it was started. */
  readonly starts: number;
  /** How often it went down since it last held for the policy's `settledMs`; the backoff grows with it. */
  readonly losses: number;
}

/** What a supervisor is doing about a child. */
export type SupervisionAction =
  | 'none'
  | 'waiting'
  | 'starting'
  | 'watching'
  | 'restarting'
  | 'stopping'
  | 'given_up'
  | 'escalated';

/** The one shape of every report on a supervised service. */
export interface SupervisionReport {
  readonly service: string;
  /** Why it is not well, as text; null when it is well. */
  readonly reason: string | null;
  readonly action: SupervisionAction;
  /** When its status last changed, Unix milliseconds. */
  readonly since: number;
  /** How often it was restarted. */
  readonly restarts: number;
  /** Milliseconds until it is started again; null when that is not planned. */
  readonly nextAttemptMs: number | null;
}

const ACTIONS: Readonly<Record<ChildStatus, SupervisionAction>> = {
  waiting: 'waiting',
  starting: 'starting',
  ready: 'none',
  degraded: 'watching',
  restarting: 'restarting',
  stopping: 'stopping',
  stopped: 'none',
  failed: 'given_up'
};

/** The state of a child that was not started yet. */
export function newChild({ id, required }: ChildSpec, nowMs: number): ChildState {
  return {
    id,
    required,
    status: 'waiting',
    error: null,
    since: nowMs,
    starts: 0,
    losses: 0,
    ...NO_ATTEMPT
  };
}

/** Reports on a child as of `elapsedMs`, a moment of `elapsed()`. Pass `action` when the supervisor does something that the child's status does not tell. */
export function reportOf(
  child: ChildState,
  elapsedMs: number,
  action: SupervisionAction = ACTIONS[child.status]
): SupervisionReport {
  const { id, error, since, starts, attemptDueAt } = child;
  return {
    service: id,
    reason: error,
    action,
    since,
    restarts: Math.max(0, starts - 1),
    nextAttemptMs: untilDue(attemptDueAt, elapsedMs)
  };
}

/** Returns whether the child is neither `ready` nor `stopped`. */
export function isMissed({ status }: ChildState): boolean {
  return status !== 'ready' && status !== 'stopped';
}

/** Changes the children with these ids; `since` becomes `nowMs` where the status changes. */
export function withChanged(
  children: readonly ChildState[],
  ids: readonly string[],
  nowMs: number,
  change: (child: ChildState) => Partial<ChildState>
): readonly ChildState[] {
  return children.map((child) => {
    if (!ids.includes(child.id)) return child;
    const changed = { ...child, ...change(child) };
    return changed.status === child.status ? changed : { ...changed, since: nowMs };
  });
}
