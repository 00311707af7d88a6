/**
 * Where in a recording the page is: at its end, which moves on, or at one message. It is kept as the `seq` of that message,
 * since places move when old messages give way.
 */
import { concerns, type Subject } from '../states/actor-key.js';
import type { RecordedTimeline } from './recorded-timeline.js';

/** What a step goes to. */
export type Stride = 'messages' | 'changes' | 'subject';

/** A place in a recording: the `seq` of the last message that counts; null = the newest there is. */
export type Place = number | null;

/** How many messages count at a place. */
export function positionAt(timeline: RecordedTimeline, place: Place): number {
  return place === null ? timeline.length : timeline.positionOf(place);
}

/** The place after so many messages. */
export function placeAfter(timeline: RecordedTimeline, position: number): Place {
  const message = timeline.message(Math.min(position, timeline.length) - 1);
  // Before the first message, how actors stood then is all there is.
  return message?.seq ?? timeline.firstSeq - 1;
}

/** The place that a step leads to; the same when there is no further one that way. */
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
    return stride === 'changes' || concerns(message, subject, nameOf);
  };
  for (let at = from + direction; at >= 0 && at <= timeline.length; at += direction) {
    if (isWanted(at)) return placeAfter(timeline, at);
  }
  return place ?? placeAfter(timeline, from);
}
