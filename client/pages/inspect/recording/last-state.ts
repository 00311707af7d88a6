import { isOf } from '../states/actor-key.js';
import { isStanding, stateAfter, type ActorState } from '../states/actor-state.js';
import type { Moment } from './moment.js';

/** The last recorded state of a subject that has no actor at a moment; null when nothing is recorded of it until then. */
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
