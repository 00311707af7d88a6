/**
 * How each child of a supervisor stands, and the one shape in which that is reported wherever it is.
 */
import type { ChildSpec } from './child-spec.js';

/**
 * Where a child is: not started yet, or what it requires is away · starting for the first time or again · up · up and
 * not well, by its own word · lost, and to be started again · told to stop · ended and not to be started again, as it
 * should · the same in a failure.
 */
export type ChildStatus =
  'waiting' | 'starting' | 'ready' | 'degraded' | 'restarting' | 'stopping' | 'stopped' | 'failed';

/** How one child stands. Times are milliseconds since the Unix epoch. */
export interface ChildState {
  readonly id: string;
  readonly required: boolean;
  readonly status: ChildStatus;
  /** Why it is not well, or why it was lost before it was started again; null when it is well. */
  readonly error: string | null;
  /** When `status` became what it is. */
  readonly since: number;
  /** How often it was started. */
  readonly starts: number;
  /** How often it was lost since it was last well for long enough: what the backoff goes by. */
  readonly losses: number;
  /** When it is started again; null when that is not planned. */
  readonly nextAttemptAt: number | null;
}

/** What a supervisor does about a child. */
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
  /** Why it is not well, in words; null when it is. */
  readonly reason: string | null;
  readonly action: SupervisionAction;
  /** Since when, milliseconds since the Unix epoch. */
  readonly since: number;
  /** How often it was started again. */
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

/** A child that has not been started yet. */
export function newChild({ id, required }: ChildSpec, nowMs: number): ChildState {
  return {
    id,
    required,
    status: 'waiting',
    error: null,
    since: nowMs,
    starts: 0,
    losses: 0,
    nextAttemptAt: null
  };
}

/** Reports on a child as of `nowMs`; `action` is given where the supervisor does more than the child's state says. */
export function reportOf(
  child: ChildState,
  nowMs: number,
  action: SupervisionAction = ACTIONS[child.status]
): SupervisionReport {
  const { id, error, since, starts, nextAttemptAt } = child;
  return {
    service: id,
    reason: error,
    action,
    since,
    restarts: Math.max(0, starts - 1),
    nextAttemptMs: nextAttemptAt === null ? null : Math.max(0, nextAttemptAt - nowMs)
  };
}

/** Whether a child is missed: it is not up, or not well, and has not simply done its work. */
export function isMissed({ status }: ChildState): boolean {
  return status !== 'ready' && status !== 'stopped';
}

/** The children with these ids changed; `since` moves where the status does. */
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
