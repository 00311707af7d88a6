/**
 * What a supervisor knows, and what it reads out of that: who belongs together, who is next, what a loss means. Pure.
 */
import type { ChildSpec, RestartPolicy } from './child-spec.js';
import type { ChildState, ChildStatus, SupervisionReport } from './child-state.js';
import type { ChildInput, ChildStop, StartResults } from './child.js';
import type { KeeperReport } from './keeper.machine.js';
import { isOver, withRestart } from './restart-intensity.js';

/** What a supervisor tells its parent; `id` is its own. The first two are also what any child tells. */
export type SupervisorReport =
  | { type: 'child.ready'; id: string; results: StartResults; children: readonly ChildState[] }
  | { type: 'child.waiting'; id: string; on: string }
  | { type: 'child.changed'; id: string; children: readonly ChildState[] };

/** How a supervisor ended; `service` is the child that took it down, `report` what is known of it. */
export type SupervisorOutput =
  | { status: 'stopped' }
  | { status: 'failed'; service: string; error: string; report: SupervisionReport | null };

/** Input of the supervisor: who it is, what it supervises, and how. */
export interface SupervisorInput extends ChildInput {
  readonly children: readonly ChildSpec[];
  readonly policy: RestartPolicy;
}

/** What reaches a supervisor. */
export type SupervisorEvent = KeeperReport | ChildStop;

/** What a supervisor knows of its children. */
export interface SupervisorContext {
  readonly id: string;
  readonly policy: RestartPolicy;
  /** In start order, as `children`. */
  readonly specs: readonly ChildSpec[];
  readonly children: readonly ChildState[];
  readonly results: StartResults;
  /** Ids yet to be started, in order; the first is the one that is starting. */
  readonly queue: readonly string[];
  /** Ids to be stopped, and then started again unless the supervisor ends. */
  readonly group: readonly string[];
  /** Wait before the group is started again. */
  readonly restMs: number;
  /** Moments of the restarts of required children that the window holds. */
  readonly restarts: readonly number[];
  readonly failure: Exclude<SupervisorOutput, { status: 'stopped' }> | null;
  /** Whether it has said that it is ready. */
  readonly hasRun: boolean;
}

/** Statuses of children that have nothing to stop. */
const AT_REST: readonly ChildStatus[] = ['waiting', 'stopped', 'failed'];

/** Statuses of children that others may build on. */
const UP: readonly ChildStatus[] = ['ready', 'degraded'];

/** The spec of a child. */
export function specOf({ specs }: SupervisorContext, id: string): ChildSpec | undefined {
  return specs.find((spec) => spec.id === id);
}

/** How a child stands. */
export function childOf({ children }: SupervisorContext, id: string): ChildState | undefined {
  return children.find((child) => child.id === id);
}

/** The last child of the group that is not at rest: the next to be stopped. */
export function lastOfGroup({ children, group }: SupervisorContext): ChildState | undefined {
  return children.findLast(({ id, status }) => group.includes(id) && !AT_REST.includes(status));
}

/** Whether all that a child requires is up. */
export function hasRequired(context: SupervisorContext, id: string): boolean {
  return (specOf(context, id)?.requires ?? []).every((other) =>
    UP.includes(childOf(context, other)?.status ?? 'waiting')
  );
}

/** Ids that go down and come up again with this one, itself included, in start order. */
export function groupOf({ specs, policy }: SupervisorContext, id: string): readonly string[] {
  const ids = specs.map((spec) => spec.id);
  if (policy.strategy === 'one_for_all') return ids;
  return policy.strategy === 'rest_for_one' ? ids.slice(ids.indexOf(id)) : [id];
}

/** Whether the event is about the child that is starting. */
export function isFirst({ queue }: SupervisorContext, event: SupervisorEvent): boolean {
  return 'id' in event && event.id === queue[0];
}

/** Whether a child has ended and is, by its spec, not to be started again. */
export function isToStayDown(context: SupervisorContext, event: SupervisorEvent): boolean {
  if (event.type !== 'keeper.down') return false;
  const restart = specOf(context, event.id)?.restart;
  return restart === 'temporary' || (restart === 'transient' && !event.isFailure);
}

/** Whether a lost child takes its group along: it was up, or was coming up with its group. */
export function isGroupLoss(context: SupervisorContext, event: SupervisorEvent): boolean {
  return (
    event.type === 'keeper.down' &&
    context.hasRun &&
    (event.wasUp || isFirst(context, event)) &&
    groupOf(context, event.id).length > 1
  );
}

/** The restarts that the window holds when one more is made at `nowMs`. */
export function restartsWith(context: SupervisorContext, nowMs: number): readonly number[] {
  return withRestart(context.restarts, nowMs, context.policy.intensity);
}

/** Whether the supervisor cannot go on after this: it has not run once, or would restart too often. */
export function isFatal(
  context: SupervisorContext,
  event: SupervisorEvent,
  nowMs: number
): boolean {
  if (event.type !== 'keeper.down' || specOf(context, event.id)?.required !== true) return false;
  if (isToStayDown(context, event)) return !event.wasUp;
  return !context.hasRun || isOver(restartsWith(context, nowMs), context.policy.intensity);
}
