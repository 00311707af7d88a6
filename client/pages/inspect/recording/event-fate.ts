/** Finds in the recording what became of an event that was sent by hand. */
import { stateWords } from '../states/state-tone.js';
import { isAbout } from '../states/actor-state.js';
import type { RecordedTimeline } from './recorded-timeline.js';

/** An event that was sent by hand. */
export interface SentEvent {
  readonly sessionId: string;
  readonly type: string;
  /** `seq` of the newest message when it was sent. Its effects have a higher one. */
  readonly afterSeq: number;
  /** State of the actor when it was sent. */
  readonly before: string;
}

/** What became of an event. `words` end a sentence that begins with the event and its actor. */
export interface EventFate {
  readonly isIgnored: boolean;
  readonly words: string;
}

/** Returns what became of an event; null while nothing is recorded of it. */
export function fateOf(
  timeline: RecordedTimeline,
  { sessionId, type, afterSeq, before }: SentEvent
): EventFate | null {
  let isSent = false;
  for (let index = timeline.positionOf(afterSeq); index < timeline.length; index++) {
    const message = timeline.message(index);
    if (message === undefined || !isAbout(message) || message.sessionId !== sessionId) continue;
    // An actor may send the same event at the same time. One sent by hand has no sender.
    if (message.type === '@xstate.event') {
      isSent ||= message.event.type === type && message.sourceId === undefined;
    }
    if (!isSent || message.type !== '@xstate.snapshot' || message.event.type !== type) continue;
    const { snapshot, transitions } = message;
    const after = stateWords({ snapshot });
    if (snapshot.status !== 'active') return { isIgnored: false, words: `ended: ${after}` };
    if (transitions.length === 0) {
      return { isIgnored: true, words: `ignored it: no transition is taken for it in ${after}` };
    }
    const words =
      after === before ? `took it and is still in ${after}` : `took it and is in ${after}`;
    return { isIgnored: false, words };
  }
  return null;
}
