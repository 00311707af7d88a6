/** The list of events in a recording, each with the snapshot that it led to. */
import type {
  EventMessage,
  Json,
  RecordedMessage,
  ShownEvent,
  ShownSnapshot,
  LeftMessage,
  UnwatchedMessage
} from '../../../../protocol/inspection.js';

/** One entry: an event with the snapshot that it led to, or a gap in the recording. */
export type ListedEvent =
  | {
      readonly kind: 'event';
      readonly seq: number;
      readonly at: number;
      readonly sessionId: string;
      /** Session of the sender; null when it is not known. */
      readonly from: string | null;
      readonly event: ShownEvent;
      /** Null until there is one. */
      readonly after: ShownSnapshot | null;
      readonly transitions: readonly string[];
    }
  | {
      readonly kind: 'hole';
      readonly seq: number;
      readonly at: number;
      /** When it began, Unix milliseconds; null when it begins here. */
      readonly from: number | null;
    };

/** The messages of a recording, up to a position. */
export interface RecordedPosition {
  readonly message: (index: number) => RecordedMessage | undefined;
  /** Index after the last message that is read. */
  readonly position: number;
}

/** Returns the newest wanted entries, newest first, and in `isMore` whether there are older ones. */
export function newestEntries(
  { message, position }: RecordedPosition,
  isWanted: (message: EventMessage | UnwatchedMessage | LeftMessage) => boolean,
  max: number
): { readonly entries: readonly ListedEvent[]; readonly isMore: boolean } {
  const entries: ListedEvent[] = [];
  // Snapshots whose event has not been reached yet, newest first, by session.
  const later = new Map<
    string,
    { event: ShownEvent; after: ShownSnapshot; taken: readonly string[] }[]
  >();
  for (let index = position - 1; index >= 0; index--) {
    const one = message(index);
    if (one === undefined || one.type === '@xstate.actor') continue;
    if (one.type === '@xstate.snapshot') {
      const { sessionId, event, snapshot, transitions } = one;
      const waiting = later.get(sessionId);
      const met = { event, after: snapshot, taken: transitions };
      if (waiting === undefined) later.set(sessionId, [met]);
      else waiting.push(met);
      continue;
    }
    const met =
      one.type === '@xstate.event' ? take(later.get(one.sessionId) ?? [], one.event) : undefined;
    if (!isWanted(one)) continue;
    const newest = entries.at(-1);
    if (newest?.kind === 'hole' && one.type !== '@xstate.event') {
      // Nothing is recorded between the two gaps, so the reader sees them as one.
      entries[entries.length - 1] = { ...newest, from: holeOf(one).from ?? one.at };
      continue;
    }
    if (entries.length >= max) return { entries, isMore: true };
    if (one.type !== '@xstate.event') {
      entries.push(holeOf(one));
      continue;
    }
    const { seq, at, sessionId, sourceId = null, event } = one;
    const [after, transitions] = [met?.after ?? null, met?.taken ?? []];
    entries.push({ kind: 'event', seq, at, sessionId, from: sourceId, event, after, transitions });
  }
  return { entries, isMore: false };
}

/** A text field of an event; empty when the field is no text. */
export function eventText(event: ShownEvent, name: string): string {
  const value: Json | undefined = Object.hasOwn(event, name) ? event[name] : undefined;
  return typeof value === 'string' ? value : '';
}

function holeOf(
  message: UnwatchedMessage | LeftMessage
): Extract<ListedEvent, { readonly kind: 'hole' }> {
  const { seq, at } = message;
  return { kind: 'hole', seq, at, from: message.type === 'inspect.left' ? null : message.from };
}

/** The snapshot that an event led to: events are handled in order, so the newest event led to the newest snapshot. */
function take<Met extends { readonly event: ShownEvent }>(
  waiting: Met[],
  event: ShownEvent
): Met | undefined {
  const index = waiting.findIndex((met) => met.event.type === event.type);
  return index < 0 ? undefined : waiting.splice(index, 1)[0];
}
