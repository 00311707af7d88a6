/** Context of a supervisor, and the questions that its chart asks of it. Pure functions. */
import type { ChildSpec, RestartPolicy } from './child-spec.js';
import type { ChildState, ChildStatus, SupervisionReport } from './child-state.js';
import type { ChildInput, ChildStop, StartResults } from './child.js';
import type { KeeperReport } from './keeper.machine.js';
import { isOver, withRestart } from './restart-intensity.js';

/** Sources of time and random numbers. */
export interface SupervisorSettings {
  /** Unix milliseconds, for times that are shown. */
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back, for the restart window and for waits. */
  readonly elapsed: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** What a supervisor reports to its parent; `id` is its own. Other children report the first two as well. */
export type SupervisorReport =
  | { type: 'child.ready'; id: string; results: StartResults; children: readonly ChildState[] }
  | { type: 'child.waiting'; id: string; on: string }
  | { type: 'child.changed'; id: string; children: readonly ChildState[] };

/** How a supervisor ended. `service` is the child that failed it; `report` is null when no child did. */
export type SupervisorOutput =
  | { status: 'stopped' }
  | { status: 'failed'; service: string; error: string; report: SupervisionReport | null };

/** Input of the supervisor. */
export interface SupervisorInput extends ChildInput {
  readonly children: readonly ChildSpec[];
  readonly policy: RestartPolicy;
}

/** Events of a supervisor. */
export type SupervisorEvent = KeeperReport | ChildStop;

/** Context of a supervisor. */
export interface SupervisorContext {
  readonly id: string;
  readonly policy: RestartPolicy;
  /** In start order, like `children`. */
  readonly specs: readonly ChildSpec[];
  readonly children: readonly ChildState[];
  readonly results: StartResults;
  /** Ids still to be started, in order; the first is starting. */
  readonly queue: readonly string[];
  /** Ids to be stopped together; they are started again unless the supervisor ends. */
  readonly group: readonly string[];
  /** Wait before the group is started again. */
  readonly restMs: number;
  /** Times of the restarts of required children inside the window: milliseconds of a clock that never goes back. */
  readonly restarts: readonly number[];
  readonly failure: Exclude<SupervisorOutput, { status: 'stopped' }> | null;
  /** Whether it has reported ready once. */
  readonly hasRun: boolean;
}

/** Statuses of children that need no stop. */
const AT_REST: readonly ChildStatus[] = ['waiting', 'stopped', 'failed'];

/** Statuses in which a child serves those that require it. */
const UP: readonly ChildStatus[] = ['ready', 'degraded'];

/** Returns the spec of a child. */
export function specOf({ specs }: SupervisorContext, id: string): ChildSpec | undefined {
  return specs.find((spec) => spec.id === id);
}

/** Returns the state of a child. */
export function childOf({ children }: SupervisorContext, id: string): ChildState | undefined {
  return children.find((child) => child.id === id);
}

/** Returns the last child of the group that still has to be stopped; it is stopped next. */
export function lastOfGroup({ children, group }: SupervisorContext): ChildState | undefined {
  return children.findLast(({ id, status }) => group.includes(id) && !AT_REST.includes(status));
}

/** Returns whether all children that this one requires are up. */
export function hasRequired(context: SupervisorContext, id: string): boolean {
  return (specOf(context, id)?.requires ?? []).every((other) =>
    UP.includes(childOf(context, other)?.status ?? 'waiting')
  );
}

/** Returns the ids that go down and come up together with this one, itself included, in start order. */
export function groupOf({ specs, policy }: SupervisorContext, id: string): readonly string[] {
  const ids = specs.map((spec) => spec.id);
  if (policy.strategy === 'one_for_all') return ids;
  return policy.strategy === 'rest_for_one' ? ids.slice(ids.indexOf(id)) : [id];
}

/** Returns whether the event is about the first child of the queue, the one that is starting. */
export function isFirst({ queue }: SupervisorContext, event: SupervisorEvent): boolean {
  return 'id' in event && event.id === queue[0];
}

/** Returns whether the event says that a child ended and that its spec does not start it again. */
export function isToStayDown(context: SupervisorContext, event: SupervisorEvent): boolean {
  if (event.type !== 'keeper.down') return false;
  const restart = specOf(context, event.id)?.restart;
  return restart === 'temporary' || (restart === 'transient' && !event.isFailure);
}

/** Returns whether a lost child takes its group down: it was up, or was starting again with its group. */
export function isGroupLoss(context: SupervisorContext, event: SupervisorEvent): boolean {
  return (
    event.type === 'keeper.down' &&
    context.hasRun &&
    (event.wasUp || isFirst(context, event)) &&
    groupOf(context, event.id).length > 1
  );
}

/** Returns the restarts inside the window, with one more at `nowMs`. */
export function restartsWith(context: SupervisorContext, nowMs: number): readonly number[] {
  return withRestart(context.restarts, nowMs, context.policy.intensity);
}

/**
 * Returns whether the event ends the supervisor: a required child failed before the first ready, or was restarted too
 * often.
 */
export function isFatal(
  context: SupervisorContext,
  event: SupervisorEvent,
  nowMs: number
): boolean {
  if (event.type !== 'keeper.down' || specOf(context, event.id)?.required !== true) return false;
  if (isToStayDown(context, event)) return !event.wasUp;
  return !context.hasRun || isOver(restartsWith(context, nowMs), context.policy.intensity);
}
