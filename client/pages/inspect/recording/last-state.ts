import { isOf } from '../states/actor-key.js';
import { isStanding, stateAfter, type ActorState } from '../states/actor-state.js';
import type { Moment } from './moment.js';

/** Returns the last recorded state of a subject whose actor has ended by this moment; null when none is recorded. */
export function lastState({
  timeline,
  position,
  subject,
  nameOf
}: Pick<Moment, 'timeline' | 'position' | 'subject' | 'nameOf'>): ActorState | null {
  for (let index = position - 1; index >= 0; index--) {
    const message = timeline.message(index);
    if (message === undefined || !isStanding(message)) continue;
    if (isOf(message, subject, nameOf)) return stateAfter(null, message);
  }
  return null;
}
