/** Short builders of recorded messages, timelines and recordings for specs. */
import type { ChartLayout } from '../../../../protocol/chart-layout.js';
import type {
  ActorMessage,
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

/** Start of every recording, Unix milliseconds: the message with `seq` n comes n seconds later. */
export const BEGIN = Date.UTC(2026, 0, 1, 12);

/** The actor of a message; `about` fills in what a spec leaves out. */
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

/** Returns a snapshot in this state, of an active actor unless `rest` has another `status`. */
export function inState(
  value: ShownSnapshot['value'],
  rest: Partial<ShownSnapshot> = {}
): ShownSnapshot {
  return { status: 'active', ...(value === undefined ? {} : { value }), tags: [], ...rest };
}

/** Returns the message that introduces an actor. */
export function met(seq: number, who: Who, snapshot = inState('idle')): ActorMessage {
  return { type: '@xstate.actor', ...about(seq, who), snapshot };
}

/** Returns the message that an event was sent to an actor. */
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

/** Returns the message that an actor has a new snapshot. */
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

/** Returns the message that these actors of threads are not watched any more. */
export function left(seq: number, ...sessionIds: string[]): LeftMessage {
  return { type: 'inspect.left', seq, at: BEGIN + seq * 1_000, sessionIds };
}

/** Returns the message that nothing was recorded for `forMs`, because nobody watched. */
export function unwatched(seq: number, forMs: number): UnwatchedMessage {
  const at = BEGIN + seq * 1_000;
  return { type: 'inspect.unwatched', seq, from: at - forMs, at };
}

/** Returns a timeline of these messages, each counted as 100 characters. */
export function timelineOf(
  messages: readonly RecordedMessage[],
  bounds: ConstructorParameters<typeof RecordedTimeline>[0] = {}
): RecordedTimeline {
  const timeline = new RecordedTimeline(bounds);
  for (const message of messages) timeline.push(message, 100);
  return timeline;
}

/** Returns a recording of these messages. */
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

/** The layout of a chart with two states. */
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

/** Returns the state of each actor at a position, as `name: state`. */
export function statesOf(timeline: RecordedTimeline, position = timeline.length): string[] {
  return Array.from(
    timeline.at(position).values(),
    ({ name, snapshot }) => `${name}: ${JSON.stringify(snapshot.value)}`
  );
}
