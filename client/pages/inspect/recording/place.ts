/**
 * The place in a recording that the page shows: its moving end, or one message. A message is named by its `seq`, because
 * positions shift when old messages are dropped.
 */
import { concerns, type Subject } from '../states/actor-key.js';
import type { RecordedTimeline } from './recorded-timeline.js';

/** What a step moves to: any message, any change of state, or a change of the subject. */
export type Stride = 'messages' | 'changes' | 'subject';

/** A place in a recording: the `seq` of the last message included; null = the end. */
export type Place = number | null;

/** Number of messages up to a place. */
export function positionAt(timeline: RecordedTimeline, place: Place): number {
  return place === null ? timeline.length : timeline.positionOf(place);
}

/** The place after a number of messages. */
export function placeAfter(timeline: RecordedTimeline, position: number): Place {
  const message = timeline.message(Math.min(position, timeline.length) - 1);
  // Before the first message, only the actors' earlier states are known.
  return message?.seq ?? timeline.firstSeq - 1;
}

/** The place that a step leads to. It stays the same when there is none further in that direction. */
export function stepped(
  timeline: RecordedTimeline,
  place: Place,
  direction: -1 | 1,
  stride: Stride,
  subject: Subject,
  nameOf: (sessionId: string) => string
): Place {
  const from = positionAt(timeline, place);
  const isWanted = (position: number): boolean => {
    const message = timeline.message(position - 1);
    if (message === undefined) return position === 0;
    if (stride === 'messages') return true;
    if (!timeline.isChange(position - 1)) return false;
    // It says only that something is no longer recorded: a step to it would change nothing on the page.
    if (message.type === 'inspect.unwatched') return false;
    return stride === 'changes' || concerns(message, subject, nameOf);
  };
  for (let at = from + direction; at >= 0 && at <= timeline.length; at += direction) {
    if (isWanted(at)) return placeAfter(timeline, at);
  }
  return place ?? placeAfter(timeline, from);
}
