/** Finds the events between actors, in order, for a sequence diagram. `sequence-drawing.ts` draws it. */
import type { EventMessage } from '../../../../protocol/inspection.js';
import { isAbout, type AboutMessage } from '../states/actor-state.js';
import { valueWords } from '../states/active-states.js';
import { eventText, type RecordedPosition } from './event-list.js';

/** Most steps of a sequence: the newest are kept. */
export const SEQUENCE_STEPS_MAX = 80;

/** Most lifelines; steps of further actors are omitted and counted. */
export const LIFELINES_MAX = 8;

/** Session of the lifeline for senders that are no actors, such as a connection or a timer of the server. */
export const OUTSIDE = '';

/** One step of a sequence, oldest first. */
export type SequenceStep =
  | {
      readonly kind: 'event';
      readonly seq: number;
      readonly at: number;
      /** Session id of the sender; {@link OUTSIDE} when it is unknown. */
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

/** The steps between one actor and those that it exchanged events with, in order. */
export interface Sequence {
  /** Session ids: the subject's first, then those of the newest steps first. */
  readonly lifelines: readonly string[];
  readonly steps: readonly SequenceStep[];
  /** Number of steps left out because an actor of theirs has no lifeline. */
  readonly omitted: number;
}

/** Returns the newest events that the wanted actors sent or received, and their changes of state. */
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
    // The newer snapshot has the same state, so it was no change: remove its step.
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
  // The actors of the newest steps get the remaining lifelines.
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
