/** Messages of recordings, as short as specs want them. */
import type {
  ActorMessage,
  ChartLayout,
  EventMessage,
  LeftMessage,
  Recording,
  RecordedMessage,
  ShownEvent,
  ShownSnapshot,
  SnapshotMessage,
  UnwatchedMessage
} from '../../../../protocol/inspection.js';
import { RecordedTimeline } from '../../../../client/pages/inspect/recording/recorded-timeline.js';

/** When the first message was, Unix milliseconds. */
export const BEGIN = Date.UTC(2026, 0, 1, 12);

/** Who a message is about, as far as it is of interest. */
export interface Who {
  readonly sessionId: string;
  readonly name?: string;
  readonly chart?: string | null;
  readonly parentId?: string;
  readonly thread?: string | null;
}

function about(seq: number, { sessionId, name, chart, parentId, thread }: Who) {
  const machine = chart === undefined ? 'service' : chart;
  return {
    seq,
    at: BEGIN + seq * 1_000,
    createdAt: String(BEGIN + seq * 1_000),
    _version: '0.7.2',
    id: null,
    sessionId,
    rootId: 'x:0',
    name: name ?? sessionId,
    ...(parentId === undefined ? {} : { parentId }),
    chart: machine,
    hash: machine === null ? null : `hash-${machine}`,
    thread: thread ?? null
  } as const;
}

/** A snapshot in a state; one that has ended when `status` says so. */
export function inState(
  value: ShownSnapshot['value'],
  rest: Partial<ShownSnapshot> = {}
): ShownSnapshot {
  return { status: 'active', ...(value === undefined ? {} : { value }), tags: [], ...rest };
}

/** An actor is there. */
export function met(seq: number, who: Who, snapshot = inState('idle')): ActorMessage {
  return { type: '@xstate.actor', ...about(seq, who), snapshot };
}

/** An actor is sent an event. */
export function sent(
  seq: number,
  who: Who,
  event: string | ShownEvent,
  sourceId?: string
): EventMessage {
  return {
    type: '@xstate.event',
    ...about(seq, who),
    ...(sourceId === undefined ? {} : { sourceId }),
    event: typeof event === 'string' ? { type: event } : event
  };
}

/** An actor has a new snapshot. */
export function became(
  seq: number,
  who: Who,
  snapshot: ShownSnapshot,
  event = 'go',
  transitions: readonly string[] = []
): SnapshotMessage {
  return {
    type: '@xstate.snapshot',
    ...about(seq, who),
    event: { type: event },
    snapshot,
    transitions
  };
}

/** Actors of threads are watched no more. */
export function left(seq: number, ...sessionIds: string[]): LeftMessage {
  return { type: 'inspect.left', seq, at: BEGIN + seq * 1_000, sessionIds };
}

/** Nobody watched. */
export function unwatched(seq: number, forMs: number): UnwatchedMessage {
  const at = BEGIN + seq * 1_000;
  return { type: 'inspect.unwatched', seq, from: at - forMs, at };
}

/** A timeline of these messages. */
export function timelineOf(
  messages: readonly RecordedMessage[],
  bounds: ConstructorParameters<typeof RecordedTimeline>[0] = {}
): RecordedTimeline {
  const timeline = new RecordedTimeline(bounds);
  for (const message of messages) timeline.push(message, 100);
  return timeline;
}

/** A recording of these messages. */
export function recordingOf(
  messages: readonly RecordedMessage[],
  rest: Partial<Recording> = {}
): Recording {
  return {
    format: 'rollcall-recording',
    version: 1,
    rollcall: '0.1.0',
    node: 'n1',
    environment: 'development',
    at: BEGIN,
    dropped: 0,
    actors: [],
    messages,
    charts: [],
    ...rest
  };
}

/** A chart of two states, laid out. */
export const CHART: ChartLayout = {
  hash: 'hash-service',
  chart: 'service',
  width: 200,
  height: 100,
  nodes: [
    {
      id: '',
      key: 'service',
      parent: null,
      kind: 'compound',
      isInitial: false,
      lines: [],
      linesAt: [4, 4],
      x: 0,
      y: 0,
      width: 200,
      height: 100
    },
    {
      id: 'starting',
      key: 'starting',
      parent: '',
      kind: 'atomic',
      isInitial: true,
      lines: ['#initializing'],
      linesAt: [14, 24],
      x: 10,
      y: 20,
      width: 60,
      height: 40
    }
  ],
  edges: [
    {
      id: 'starting|child.stop|0',
      source: 'starting',
      target: 'starting',
      isInternal: true,
      lines: ['child.stop'],
      points: [
        [70, 30],
        [90, 30]
      ],
      label: null
    }
  ],
  initials: [
    {
      target: 'starting',
      points: [
        [5, 10],
        [10, 20]
      ]
    }
  ]
};

/** States of actors as pairs of name and state. */
export function statesOf(timeline: RecordedTimeline, position = timeline.length): string[] {
  return Array.from(
    timeline.at(position).values(),
    ({ name, snapshot }) => `${name}: ${JSON.stringify(snapshot.value)}`
  );
}
