/** What actors said to each other as a sequence: who, in which order; where it is drawn is `sequence-drawing.ts`'s. */
import type { EventMessage } from '../../../../protocol/inspection.js';
import { isAbout, type AboutMessage } from '../states/actor-state.js';
import { valueWords } from '../states/active-states.js';
import { eventText, type RecordedPosition } from './event-list.js';

/** Most steps of a sequence: the newest are kept. */
export const SEQUENCE_STEPS_MAX = 80;

/** Most lifelines; who is heard of later than so many others is left out, and said to be. */
export const LIFELINES_MAX = 8;

/** Name of the lifeline of whoever is no actor, such as a connection or a timer of the server. */
export const OUTSIDE = '';

/** One step of a sequence, oldest first. */
export type SequenceStep =
  | {
      readonly kind: 'event';
      readonly seq: number;
      readonly at: number;
      /** Sessions; {@link OUTSIDE} when the sender is not known. */
      readonly from: string;
      readonly to: string;
      readonly words: string;
    }
  | {
      readonly kind: 'state';
      readonly seq: number;
      readonly at: number;
      readonly of: string;
      readonly words: string;
    };

/** A sequence. */
export interface Sequence {
  /** Sessions, the one that it is about first, then in the order in which they are heard of. */
  readonly lifelines: readonly string[];
  readonly steps: readonly SequenceStep[];
  /** Steps that are left out because their actors have no lifeline. */
  readonly omitted: number;
}

/** The newest of what the wanted actors said and heard. */
export function sequenceOf(
  { message, position }: RecordedPosition,
  isOwn: (one: AboutMessage) => boolean,
  isFrom: (sessionId: string) => boolean
): Sequence {
  const newest: SequenceStep[] = [];
  const own = new Set<string>();
  const lastState = new Map<string, { index: number; value: string }>();
  for (let index = position - 1; index >= 0 && newest.length < SEQUENCE_STEPS_MAX; index--) {
    const one = message(index);
    if (one === undefined || !isAbout(one)) continue;
    if (one.type === '@xstate.event') {
      const isTo = isOwn(one);
      if (isTo) own.add(one.sessionId);
      if (isTo || (one.sourceId !== undefined && isFrom(one.sourceId))) newest.push(eventStep(one));
      continue;
    }
    if (one.type === '@xstate.actor' || !isOwn(one)) continue;
    const { sessionId, seq, at, snapshot } = one;
    own.add(sessionId);
    const value = valueWords(snapshot.value);
    // What was newer and the same was no change: it goes.
    const newer = lastState.get(sessionId);
    if (newer?.value === value) newest.splice(newer.index, 1, skipped);
    lastState.set(sessionId, { index: newest.length, value });
    const ended = snapshot.status === 'active' ? value : `${value} ${snapshot.status}`.trim();
    newest.push({ kind: 'state', seq, at, of: sessionId, words: ended });
  }
  return bounded(newest.filter((step) => step !== skipped && step.words !== '').reverse(), own);
}

const skipped: SequenceStep = { kind: 'state', seq: 0, at: 0, of: OUTSIDE, words: '' };

function eventStep({ seq, at, sessionId, sourceId = OUTSIDE, event }: EventMessage): SequenceStep {
  const outcome = eventText(event, 'outcome');
  const words = outcome === '' ? event.type : `${event.type}: ${outcome}`;
  return { kind: 'event', seq, at, from: sourceId, to: sessionId, words };
}

function bounded(steps: readonly SequenceStep[], own: ReadonlySet<string>): Sequence {
  const lifelines = new Set([...own].slice(0, LIFELINES_MAX));
  // Whoever was heard of last is of most interest.
  for (const step of [...steps].reverse()) {
    for (const session of sessionsOf(step)) {
      if (lifelines.size < LIFELINES_MAX) lifelines.add(session);
    }
  }
  const kept = steps.filter((step) => sessionsOf(step).every((session) => lifelines.has(session)));
  return { lifelines: [...lifelines], steps: kept, omitted: steps.length - kept.length };
}

function sessionsOf(step: SequenceStep): string[] {
  return step.kind === 'event' ? [step.from, step.to] : [step.of];
}
