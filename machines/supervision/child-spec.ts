/**
 * What a supervisor is told of each child, and of itself; and what of that is impossible, said before anything starts.
 * @see https://www.erlang.org/doc/apps/stdlib/supervisor.html the semantics, and the source of the defaults
 */
import type { AnyActorLogic } from 'xstate';
import type { BackoffBounds } from './backoff.js';

/**
 * Which children are started again when one that was up is lost: only that one · it and those started after it · all.
 */
export type Strategy = 'one_for_one' | 'rest_for_one' | 'one_for_all';

/** When a child is started again: whenever it ends · when it ends in a failure · never. */
export type Restart = 'permanent' | 'transient' | 'temporary';

/** How a supervisor is to treat one child. */
export interface ChildSpec {
  readonly id: string;
  /** Takes {@link ChildInput}, sends `child.ready` to its parent, ends on `child.stop` with a `ChildOutput`. */
  readonly logic: AnyActorLogic;
  /** What its input holds beside {@link ChildInput}. */
  readonly input?: Readonly<Record<string, unknown>>;
  /** Whether the supervisor can be without it. */
  readonly required: boolean;
  readonly restart: Restart;
  /** Siblings that must be ready before it is started. They order the start; what a loss means is the strategy's. */
  readonly requires?: readonly string[];
  /** How long it may take to say that it is ready. */
  readonly startTimeoutMs: number;
  /** How long it may take to end after `child.stop`; then it is cut off. */
  readonly shutdownMs: number;
}

/** How a supervisor restarts. */
export interface RestartPolicy {
  readonly strategy: Strategy;
  /**
   * Restarts of required children, all together, within the sliding window at most; one more and the supervisor fails.
   * Optional children do not count: they are tried for ever, at the backoff's pace.
   */
  readonly intensity: { readonly restarts: number; readonly withinMs: number };
  /** Waits before restarts, by how often the child was lost since it was last well for `settledMs`. */
  readonly backoff: BackoffBounds;
  /** How long a child must have been up to count as well again. */
  readonly settledMs: number;
}

/** Policy of a supervisor whose children cannot be started twice in one process: the first loss is the end. */
export const NO_RESTARTS: RestartPolicy = {
  strategy: 'one_for_one',
  intensity: { restarts: 0, withinMs: 1 },
  backoff: { baseMs: 0, maxMs: 0 },
  settledMs: 1
};

/** Policy for children that can: a crash by chance is over in a moment, a crash at every start ends within seconds. */
export const RESTARTS: RestartPolicy = {
  strategy: 'one_for_one',
  intensity: { restarts: 5, withinMs: 30_000 },
  backoff: { baseMs: 100, maxMs: 10_000 },
  settledMs: 10_000
};

/** Children of one supervisor at most, more are refused: spawn and stop cost O(children) in XState. */
export const MAX_CHILDREN = 64;

/** Longest deadline that may be given, in milliseconds: what timers can hold. */
const DEADLINE_MAX_MS = 2 ** 31 - 1;

/** Says everything that is impossible in these specs, each with the child's name; nothing when they can be supervised. */
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

/** The specs in the order in which they start: as they are given, but each after those that it requires. */
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

/** Strategies that would let the loss of an optional child take a required one down. */
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
