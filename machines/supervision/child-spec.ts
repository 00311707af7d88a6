/**
 * How to supervise a child and how to restart it, and a check that refuses impossible combinations before anything
 * starts.
 * @see https://www.erlang.org/doc/apps/stdlib/supervisor.html the semantics, and the source of the defaults
 */
import type { AnyActorLogic } from 'xstate';
import type { BackoffBounds } from './backoff.js';

/** Which children are restarted when one goes down: only that one · that one and those started after it · all. */
export type Strategy = 'one_for_one' | 'rest_for_one' | 'one_for_all';

/** When a child is restarted: whenever it ends · when it ends with a failure · never. */
export type Restart = 'permanent' | 'transient' | 'temporary';

/** How a supervisor treats one child. */
export interface ChildSpec {
  readonly id: string;
  /**
   * Actor logic that takes {@link ChildInput}, sends `child.ready` to its parent, and ends on `child.stop` with a
   * `ChildOutput`.
   */
  readonly logic: AnyActorLogic;
  /** Further input, besides {@link ChildInput}. */
  readonly input?: Readonly<Record<string, unknown>>;
  /** Whether the supervisor fails without it. */
  readonly required: boolean;
  readonly restart: Restart;
  /**
   * Siblings that must be ready before this one starts. They order the start only; what a loss means depends on the
   * strategy.
   */
  readonly requires?: readonly string[];
  /** How long it may take to report ready. */
  readonly startTimeoutMs: number;
  /** How long it may take to end after `child.stop`; after that it is cut off. */
  readonly shutdownMs: number;
}

/** How a supervisor restarts its children. */
export interface RestartPolicy {
  readonly strategy: Strategy;
  /**
   * Most restarts of required children, counted together, within the sliding window; with one more the supervisor
   * fails. Optional children do not count: they are restarted without a limit, after the backoff.
   */
  readonly intensity: { readonly restarts: number; readonly withinMs: number };
  /** Waits before restarts. They grow with the losses since the child last held for `settledMs`. */
  readonly backoff: BackoffBounds;
  /** How long a child must have been up before its losses are forgotten. */
  readonly settledMs: number;
}

/** Policy for children that cannot start twice in one process: the first loss ends the supervisor. */
export const NO_RESTARTS: RestartPolicy = {
  strategy: 'one_for_one',
  intensity: { restarts: 0, withinMs: 1 },
  backoff: { baseMs: 0, maxMs: 0 },
  settledMs: 1
};

/**
 * Policy for children that can start again: one crash is repaired within seconds; a crash at every start fails the
 * supervisor within seconds.
 */
export const RESTARTS: RestartPolicy = {
  strategy: 'one_for_one',
  intensity: { restarts: 5, withinMs: 30_000 },
  backoff: { baseMs: 100, maxMs: 10_000 },
  settledMs: 10_000
};

/** Most children of one supervisor; more are refused, since spawn and stop cost O(children) in XState. */
export const MAX_CHILDREN = 64;

/** Longest deadline, in milliseconds: the most that a Node timer holds. */
const DEADLINE_MAX_MS = 2 ** 31 - 1;

/** Returns every fault of these specs and this policy, each with the child's id; empty when they can be supervised. */
export function impossibleIn(specs: readonly ChildSpec[], policy: RestartPolicy): string[] {
  if (specs.length > MAX_CHILDREN) {
    return [
      `${String(specs.length)} children are more than the ${String(MAX_CHILDREN)} of one supervisor`
    ];
  }
  return [
    ...impossiblePolicy(policy),
    ...duplicates(specs).map((id) => `two children have the id ${id}`),
    ...specs.flatMap((spec) => [...impossibleChild(spec), ...impossibleRequires(spec, specs)]),
    ...impossibleMix(specs, policy.strategy),
    ...cycleIn(specs)
  ];
}

/** Returns the specs in start order: the given order, but each after those that it requires. */
export function startOrder(specs: readonly ChildSpec[]): readonly ChildSpec[] {
  const ordered: ChildSpec[] = [];
  const add = (spec: ChildSpec): void => {
    if (ordered.includes(spec)) return;
    for (const id of spec.requires ?? []) {
      const required = specs.find((other) => other.id === id);
      if (required !== undefined) add(required);
    }
    ordered.push(spec);
  };
  specs.forEach(add);
  return ordered;
}

function impossiblePolicy({ intensity, backoff, settledMs }: RestartPolicy): string[] {
  const faults: string[] = [];
  if (!Number.isInteger(intensity.restarts) || intensity.restarts < 0) {
    faults.push(`intensity.restarts must be 0 or more, got ${String(intensity.restarts)}`);
  }
  if (!isDeadline(intensity.withinMs)) {
    faults.push(`intensity.withinMs must be more than 0, got ${String(intensity.withinMs)}`);
  }
  if (
    !(backoff.baseMs >= 0 && backoff.baseMs <= backoff.maxMs) ||
    !Number.isFinite(backoff.maxMs)
  ) {
    const got = `${String(backoff.baseMs)} and ${String(backoff.maxMs)}`;
    faults.push(`backoff must have 0 ≤ baseMs ≤ maxMs, got ${got}`);
  }
  if (!isDeadline(settledMs)) {
    faults.push(`settledMs must be more than 0, got ${String(settledMs)}`);
  }
  return faults;
}

function impossibleChild({
  id,
  required,
  restart,
  startTimeoutMs,
  shutdownMs
}: ChildSpec): string[] {
  const faults: string[] = [];
  if (id === '') faults.push('a child has an empty id');
  if (required && restart === 'temporary') {
    faults.push(`${id} is required but temporary: what is never restarted cannot be counted on`);
  }
  if (!isDeadline(startTimeoutMs)) {
    faults.push(`${id} has startTimeoutMs ${String(startTimeoutMs)}: it must be more than 0`);
  }
  if (!isDeadline(shutdownMs)) {
    faults.push(`${id} has shutdownMs ${String(shutdownMs)}: it must be more than 0`);
  }
  return faults;
}

function impossibleRequires(spec: ChildSpec, specs: readonly ChildSpec[]): string[] {
  return (spec.requires ?? []).flatMap((id) => {
    const other = specs.find((candidate) => candidate.id === id);
    if (other === undefined) return [`${spec.id} requires ${id}, which is not there`];
    if (spec.required && !other.required) {
      return [`${spec.id} is required but requires ${id}, which is optional`];
    }
    return other.restart === 'temporary'
      ? [`${spec.id} requires ${id}, which is temporary: once ended it never comes back`]
      : [];
  });
}

/** Strategies in which the loss of an optional child would take a required one down. */
function impossibleMix(specs: readonly ChildSpec[], strategy: Strategy): string[] {
  if (strategy === 'one_for_one') return [];
  const ordered = startOrder(specs);
  return ordered.flatMap((spec, index) => {
    const dragged =
      strategy === 'one_for_all'
        ? ordered.find((other) => other.required)
        : ordered.slice(index + 1).find((other) => other.required);
    return spec.required || dragged === undefined
      ? []
      : [
          `the loss of ${spec.id}, which is optional, would by ${strategy} restart ${dragged.id}, which is required`
        ];
  });
}

function cycleIn(specs: readonly ChildSpec[]): string[] {
  const done = new Set<string>();
  const walk = (id: string, path: readonly string[]): string | null => {
    const from = path.indexOf(id);
    if (from >= 0) return `the requires go in a circle: ${[...path.slice(from), id].join(' → ')}`;
    if (done.has(id)) return null;
    const spec = specs.find((candidate) => candidate.id === id);
    for (const next of spec?.requires ?? []) {
      const found = walk(next, [...path, id]);
      if (found !== null) return found;
    }
    done.add(id);
    return null;
  };
  for (const { id } of specs) {
    const found = walk(id, []);
    if (found !== null) return [found];
  }
  return [];
}

function duplicates(specs: readonly ChildSpec[]): string[] {
  const ids = specs.map(({ id }) => id);
  return [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
}

function isDeadline(ms: number): boolean {
  return ms > 0 && ms <= DEADLINE_MAX_MS;
}
