/**
 * Records which state each chart left, when and why, as facts for the analytics store. It sees transitions only, never
 * messages.
 */
import type { InspectionEvent, StateValue } from 'xstate';
import type { Clock } from '../clock.js';
import type { Fact } from './fact.js';

/** Most facts kept before the log is open; a start makes a few dozen. Facts after the log has closed are lost. */
export const EARLY_FACTS_MAX = 256;

/** Charts that are not recorded. Every batch of the sink would make new facts for the next batch, without an end. */
const UNRECORDED: ReadonlySet<string> = new Set(['sink']);

/** State of an actor that has ended or was stopped. */
const GONE = 'gone';

/** Options of {@link Transitions}. */
export interface TransitionsOptions {
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  /** Returns the function that records facts while the log is open; null before and after. */
  readonly record: () => ((fact: Fact) => void) | null;
}

/** Returns a state value as text: nested ones joined with dots, parallel ones with commas. */
export function stateText(value: StateValue): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([name, inner]) => (inner === undefined ? name : `${name}.${stateText(inner)}`))
    .join(',');
}

/** Records the transitions of actors by name. It remembers one state per living actor. */
export class Transitions {
  private readonly options: TransitionsOptions;
  private readonly actors = new Map<string, { state: string; entered: number }>();
  private readonly early: Fact[] = [];

  constructor(options: TransitionsOptions) {
    this.options = options;
  }

  /** An observer for XState's `inspect`; it follows every chart of a system. */
  readonly observe = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.snapshot') return;
    const { snapshot, actorRef } = event;
    if (!('machine' in snapshot && 'value' in snapshot)) return;
    const chart = idOf(snapshot.machine);
    if (
      chart === null ||
      UNRECORDED.has(chart) ||
      !isStateValue(snapshot.value) ||
      !('id' in actorRef)
    )
      return;
    const actor = String(actorRef.id);
    this.note(chart, actor, snapshot.value, event.event.type);
    if (snapshot.status !== 'active') this.end(chart, actor, event.event.type);
  };

  /** Notes an actor's state. It records nothing for the first state, nor when the state has not changed. */
  note(chart: string, actor: string, value: StateValue, event: string): void {
    const key = `${chart} ${actor}`;
    const known = this.actors.get(key);
    const to = stateText(value);
    if (known?.state === to) return;
    const entered = this.options.clock.elapsed();
    this.actors.set(key, { state: to, entered });
    if (known !== undefined) this.leave(chart, actor, known, { to, event });
  }

  /** Notes that an actor has ended. */
  end(chart: string, actor: string, event: string): void {
    const key = `${chart} ${actor}`;
    const known = this.actors.get(key);
    if (known === undefined) return;
    this.actors.delete(key);
    this.leave(chart, actor, known, { to: GONE, event });
  }

  private leave(
    chart: string,
    actor: string,
    { state: from, entered }: { state: string; entered: number },
    move: { to: string; event: string }
  ): void {
    const { clock } = this.options;
    const spentMs = clock.elapsed() - entered;
    const at = clock.now();
    const fact: Fact = { kind: 'transition', chart, actor, from, ...move, at, spentMs };
    const record = this.options.record();
    if (record === null) {
      if (this.early.length < EARLY_FACTS_MAX) this.early.push(fact);
      return;
    }
    for (const waiting of this.early.splice(0)) record(waiting);
    record(fact);
  }
}

function idOf(machine: unknown): string | null {
  return typeof machine === 'object' &&
    machine !== null &&
    'id' in machine &&
    typeof machine.id === 'string'
    ? machine.id
    : null;
}

function isStateValue(value: unknown): value is StateValue {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}
