/**
 * What the inspector and those who look through it say to each other: messages of the WebSocket at
 * {@link INSPECT_WS_PATH}, charts as they are laid out, and recordings as files. A leaf that the page shares with the
 * server, like `protocol.ts`. The first three messages have the shapes of `@statelyai/inspect` 0.7, with more fields
 * that its viewers pass over.
 */

/** Where the WebSocket of the inspector is. */
export const INSPECT_WS_PATH = '/inspect/ws';

/**
 * Subprotocol of whoever speaks all of this; one who offers none is given the messages of `@statelyai/inspect` and
 * nothing else.
 */
export const INSPECT_SUBPROTOCOL = 'rollcall.inspect.v1';

/** Version of `@statelyai/inspect` whose message shapes these are: `_version` of each. */
export const STATELY_VERSION = '0.7.2';

/** What a recording's `format` says. */
export const RECORDING_FORMAT = 'rollcall-recording';

/** Version of recordings; a page refuses one with another. */
export const RECORDING_VERSION = 1;

/** Most threads that one viewer may watch by name. */
export const WATCHED_THREADS_MAX = 100;

/** Most rows of one page of threads or connections. */
export const INSPECT_PAGE_MAX = 50;

/**
 * Sizes that the layout and the drawing of a chart share, in CSS pixels: there is no page where charts are laid out, so
 * texts are as wide as their characters. Those are wider than in most fonts, so that a text never leaves its box.
 */
export const CHART_SIZES = {
  /** Of the name of a state. */
  titlePx: 13,
  titleCharacterPx: 8.4,
  titleLinePx: 20,
  /** Of everything else, which is monospaced. */
  linePx: 11,
  lineCharacterPx: 6.7,
  lineHeightPx: 15,
  /** Between the border of a state and what is written in it. */
  padPx: 12,
  /** Above and below what is written in a state. */
  insetPx: 7,
  /** Above what is written below the name of a state with others inside, and above the transitions of any state. */
  gapPx: 7,
  /** Around what is written beside an arrow. */
  labelPadPx: 4,
  /** Between a state and what is inside it. */
  marginPx: 18,
  /** Of the dot that points to an initial state. */
  dotPx: 10
} as const;

/** A point of a laid-out chart, in CSS pixels from its top left. */
export type ChartPoint = readonly [x: number, y: number];

/** A rectangle of a laid-out chart, in CSS pixels from the chart's top left. */
export interface ChartBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A state of a chart. */
export interface ChartNode extends ChartBox {
  /** Top left of its lines. */
  readonly linesAt: ChartPoint;
  /** Keys from the root down joined with dots, such as `starting.handlers`; the root's is empty. */
  readonly id: string;
  /** Name in the chart: the last key; of the root, the machine's id. */
  readonly key: string;
  /** Id of the state that it is in; null of the root. */
  readonly parent: string | null;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** Whether its parent enters it first. */
  readonly isInitial: boolean;
  /** What is written below its name: tags as `#ready`, entry and exit actions, invoked actors. */
  readonly lines: readonly string[];
}

/** A transition of a chart. */
export interface ChartEdge {
  /**
   * `<id of the source>|<event>|<place among the source's transitions for it>`, such as `waiting|subscriber.first|0`;
   * the event of an eventless transition is empty.
   */
  readonly id: string;
  readonly source: string;
  /** Id of the target; the source's own when the transition leaves no state. */
  readonly target: string;
  /** Whether it takes place without leaving the source. */
  readonly isInternal: boolean;
  /** What is written beside it: the event or `after …`, `[guard]`, `/ actions`. */
  readonly lines: readonly string[];
  /** Its way; empty when it neither leaves nor enters a state: then it is no arrow, and its lines are in its state's box. */
  readonly points: readonly ChartPoint[];
  /** Where the lines go; null when there are none. */
  readonly label: ChartBox | null;
}

/** The arrow from the dot to the state that its parent enters first. */
export interface ChartInitial {
  /** Id of the state that is entered. */
  readonly target: string;
  /** From the middle of the dot on. */
  readonly points: readonly ChartPoint[];
}

/** A chart with a place for everything: what `GET /inspect/charts/<hash>` answers. */
export interface ChartLayout {
  /** Of the machine's definition: charts that look the same have the same. */
  readonly hash: string;
  /** Id of the machine, such as `delivery`. */
  readonly chart: string;
  readonly width: number;
  readonly height: number;
  /** Parents come before their children; the root is the first. */
  readonly nodes: readonly ChartNode[];
  readonly edges: readonly ChartEdge[];
  readonly initials: readonly ChartInitial[];
}

/** A value of JSON. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** State value of a chart: a key, or keys with what is active inside them. */
export type ShownValue = string | { readonly [key: string]: ShownValue };

/** An event as it may be shown: its type, and what of it is no secret and no message's text. */
export type ShownEvent = { readonly type: string } & Readonly<Record<string, Json>>;

/** A snapshot as it may be shown. What is not of a chart has only a status. */
export interface ShownSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value?: ShownValue;
  readonly context?: Json;
  readonly tags?: readonly string[];
  readonly output?: Json;
  /** Why it ended, of one that failed. */
  readonly error?: string;
}

/** What every message about an actor has. */
interface AboutActor {
  /** Place in the recording: rises by one from message to message, 1 is the first since the process started. */
  readonly seq: number;
  /** Unix milliseconds. */
  readonly at: number;
  /** The same as text, for viewers of `@statelyai/inspect`. */
  readonly createdAt: string;
  readonly _version: string;
  readonly id: null;
  /** Id of the actor, unique in the process. */
  readonly sessionId: string;
  readonly rootId: string;
  /** Name of the actor among its siblings, such as `services`, or `delivery:<thread>`. */
  readonly name: string;
  /** Session of the actor that made it; absent of a root. */
  readonly parentId?: string;
  /** Id of its machine; null when it runs none. */
  readonly chart: string | null;
  /** {@link ChartLayout.hash} of its machine; null when it runs none. */
  readonly hash: string | null;
  /** The thread that it delivers; null of all others. */
  readonly thread: string | null;
}

/** An actor came to be, or is seen for the first time. */
export interface ActorMessage extends AboutActor {
  readonly type: '@xstate.actor';
  readonly snapshot: ShownSnapshot;
  /** The machine's configuration as JSON text; only for viewers of `@statelyai/inspect`. */
  readonly definition?: string;
}

/** An actor was sent an event. */
export interface EventMessage extends AboutActor {
  readonly type: '@xstate.event';
  /** Session of the sender; absent when it is not known. */
  readonly sourceId?: string;
  readonly event: ShownEvent;
}

/** An actor has a new snapshot. */
export interface SnapshotMessage extends AboutActor {
  readonly type: '@xstate.snapshot';
  /** What led to it. */
  readonly event: ShownEvent;
  readonly snapshot: ShownSnapshot;
  /** Ids of the transitions taken, in order: {@link ChartEdge.id}. */
  readonly transitions: readonly string[];
}

/** Nobody watched for a while: what happened then is not in the recording. */
export interface UnwatchedMessage {
  readonly type: 'inspect.unwatched';
  readonly seq: number;
  /** When recording stopped and went on, Unix milliseconds. */
  readonly from: number;
  readonly at: number;
}

/** Actors of threads that nobody watches any more: what they do from here on is not in the recording. */
export interface LeftMessage {
  readonly type: 'inspect.left';
  readonly seq: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly sessionIds: readonly string[];
}

/** What a recording is made of. */
export type RecordedMessage =
  ActorMessage | EventMessage | SnapshotMessage | UnwatchedMessage | LeftMessage;

/** How the recording of the server stands. */
export interface RecordingState {
  /** Whether it goes on when nobody watches. */
  readonly isOn: boolean;
  /** Messages in it, and at most. */
  readonly messages: number;
  readonly messagesMax: number;
  /** Older messages that have given way. */
  readonly dropped: number;
}

/** The first message to a viewer. */
export interface HelloMessage {
  readonly type: 'inspect.hello';
  readonly version: string;
  readonly node: string;
  readonly environment: string;
  /** Whether events may be sent to actors by hand. */
  readonly maySend: boolean;
  /** Whether the texts of messages are shown. */
  readonly showsBodies: boolean;
  /** `seq` of the newest message of the recording; 0 when there is none. */
  readonly seq: number;
  readonly recording: RecordingState;
}

/** The recording was switched on or off, by anybody. */
export interface RecordingMessage {
  readonly type: 'inspect.recording';
  readonly recording: RecordingState;
}

/** A sign of life, for sockets in which nothing happens. */
export interface InspectPing {
  readonly type: 'inspect.ping';
  readonly _version: string;
}

/** So many messages were not given to this viewer since it did not read; in all. */
export interface DroppedMessage {
  readonly type: 'inspect.dropped';
  readonly count: number;
}

/** A thread in use, as a viewer sees it. */
export interface ThreadRow {
  readonly thread: string;
  /** State of its delivery chart; `passive` of a thread that nobody uses and that is in the log only. */
  readonly state: 'idle' | 'delivering' | 'waiting' | 'flushing' | 'undelivered' | 'passive';
  readonly isTest: boolean;
  readonly subscribers: number;
  /** Messages that nobody has taken. */
  readonly held: number;
  /** Newest offset. */
  readonly offset: number;
  /** Session of its delivery actor; null while it needs none. */
  readonly sessionId: string | null;
}

/** An open connection, as a viewer sees it. Times are Unix milliseconds. */
export interface ConnectionRow {
  readonly connection: string;
  /** Null before `connect`. */
  readonly user: string | null;
  readonly address: string;
  readonly openedAt: number;
  readonly laggingSince: number | null;
  readonly bufferedBytes: number;
  readonly isLeaving: boolean;
  /** Threads that it is subscribed to: the first of them, and how many they are. */
  readonly threads: readonly string[];
  readonly subscriptions: number;
}

/** A page of rows; `next` is the `after` of the next one, null at the end. */
export interface RowsPage<Row> {
  readonly rows: readonly Row[];
  /** Rows that match, on all pages. */
  readonly total: number;
  readonly next: string | null;
}

/** Requests of a viewer, by type, each with an `id` that the reply repeats. */
export interface InspectRequests {
  /** Which delivery actors to hear of beside the actors of the tree, in place of what was watched before. */
  'inspect.watch': {
    readonly threads: readonly string[];
    /** All of them, as far as the viewer can read so much. */
    readonly everything: boolean;
  };
  /** Threads whose id holds `search`; of one connection, when it is named. */
  'inspect.threads': {
    readonly search: string;
    readonly state: ThreadRow['state'] | null;
    readonly connection: string | null;
    readonly after: string | null;
    readonly limit: number;
  };
  /** Connections whose id, user or address holds `search`. */
  'inspect.connections': {
    readonly search: string;
    readonly after: string | null;
    readonly limit: number;
  };
  /** Switches the recording on, which then goes on when nobody watches, or off. */
  'inspect.record': { readonly on: boolean };
  /** Sends an actor an event by hand; in development only. */
  'inspect.send': {
    readonly sessionId: string;
    readonly event: { readonly type: string } & Readonly<Record<string, Json>>;
  };
}

/** What a good reply to each request holds. */
export interface InspectReplies {
  'inspect.watch': { readonly watched: number };
  'inspect.threads': RowsPage<ThreadRow>;
  'inspect.connections': RowsPage<ConnectionRow>;
  'inspect.record': { readonly recording: RecordingState };
  'inspect.send': { readonly sent: true };
}

/** Type of a request. */
export type InspectRequestType = keyof InspectRequests;

/** A request as it is sent. */
export type InspectRequest<T extends InspectRequestType = InspectRequestType> = {
  readonly [K in T]: { readonly type: K; readonly id: number } & InspectRequests[K];
}[T];

/** The answer to a request: what was asked for, or in words why not. */
export type ReplyMessage =
  | {
      readonly type: 'inspect.reply';
      readonly id: number;
      readonly ok: true;
      readonly result: InspectReplies[InspectRequestType];
    }
  | {
      readonly type: 'inspect.reply';
      readonly id: number | null;
      readonly ok: false;
      readonly message: string;
    };

/** Everything that a viewer may be sent. */
export type ViewerMessage =
  RecordedMessage | HelloMessage | RecordingMessage | DroppedMessage | InspectPing | ReplyMessage;

/** A recording: what `GET /inspect/recording` answers, and what the page writes to a file and reads. */
export interface Recording {
  readonly format: typeof RECORDING_FORMAT;
  readonly version: typeof RECORDING_VERSION;
  /** Version and name of the server that it was made of. */
  readonly rollcall: string;
  readonly node: string;
  readonly environment: string;
  /** When it was written, Unix milliseconds. */
  readonly at: number;
  /** Older messages that had given way. */
  readonly dropped: number;
  /** Actors as they were before the first message: the last that was said of each. */
  readonly actors: readonly (ActorMessage | SnapshotMessage)[];
  readonly messages: readonly RecordedMessage[];
  /** The charts of its actors as far as they could be laid out. */
  readonly charts: readonly ChartLayout[];
}
