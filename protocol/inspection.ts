/**
 * The inspector's protocol: messages of the WebSocket at {@link INSPECT_WS_PATH}, and recordings as files. The page and the
 * server share this file. The first three messages have the shapes of `@statelyai/inspect` 0.7, with more fields, which
 * its viewers ignore.
 */
import type { ChartLayout } from './chart-layout.js';

/** Path of the inspector's WebSocket. */
export const INSPECT_WS_PATH = '/inspect/ws';

/**
 * Subprotocol of viewers that know all of these messages. A viewer that offers no subprotocol gets only the messages of
 * `@statelyai/inspect`.
 */
export const INSPECT_SUBPROTOCOL = 'rollcall.inspect.v1';

/** `_version` of each message: the version of `@statelyai/inspect` whose shapes these are. */
export const STATELY_VERSION = '0.7.2';

/** `format` of a recording. */
export const RECORDING_FORMAT = 'rollcall-recording';

/** Version of recordings; a page refuses another one. */
export const RECORDING_VERSION = 1;

/** Most threads that one viewer may watch by id. */
export const WATCHED_THREADS_MAX = 100;

/** Most rows of one page of threads or connections. */
export const INSPECT_PAGE_MAX = 50;

/** A JSON value. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** State value of a chart: a key, or keys with the value inside each. */
export type ShownValue = string | { readonly [key: string]: ShownValue };

/** An event as the inspector shows it: its type and its fields, without secrets and without texts of messages. */
export type ShownEvent = { readonly type: string } & Readonly<Record<string, Json>>;

/** A snapshot as the inspector shows it. An actor without a chart has only a status. */
export interface ShownSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value?: ShownValue;
  readonly context?: Json;
  readonly tags?: readonly string[];
  readonly output?: Json;
  /** Why it failed; absent when it did not. */
  readonly error?: string;
}

/** Fields of every message about an actor. */
interface AboutActor {
  /**
   * Number of the message in the recording: 1 is the first since the process started, and each next one is one more.
   */
  readonly seq: number;
  /** Unix milliseconds. */
  readonly at: number;
  /** `at` as text, for viewers of `@statelyai/inspect`. */
  readonly createdAt: string;
  readonly _version: string;
  readonly id: null;
  /** Id of the actor, unique in the process. */
  readonly sessionId: string;
  readonly rootId: string;
  /** Name of the actor among its siblings, such as `services`, or `delivery:<thread>`. */
  readonly name: string;
  /** `sessionId` of its parent; absent for a root. */
  readonly parentId?: string;
  /** Id of its machine; null when it has none. */
  readonly chart: string | null;
  /** {@link ChartLayout.hash} of its machine; null when it has none. */
  readonly hash: string | null;
  /** Thread of a delivery actor; null for other actors. */
  readonly thread: string | null;
}

/** An actor was created, or is seen for the first time. */
export interface ActorMessage extends AboutActor {
  readonly type: '@xstate.actor';
  readonly snapshot: ShownSnapshot;
  /** The machine's configuration as JSON text; only for viewers of `@statelyai/inspect`. */
  readonly definition?: string;
}

/** An event was sent to an actor. */
export interface EventMessage extends AboutActor {
  readonly type: '@xstate.event';
  /** `sessionId` of the sender; absent when it is not known. */
  readonly sourceId?: string;
  readonly event: ShownEvent;
}

/** An actor has a new snapshot. */
export interface SnapshotMessage extends AboutActor {
  readonly type: '@xstate.snapshot';
  /** The event that caused the snapshot. */
  readonly event: ShownEvent;
  readonly snapshot: ShownSnapshot;
  /** Ids of the transitions taken, in order: {@link ChartEdge.id}. */
  readonly transitions: readonly string[];
}

/** A gap in the recording: nothing was recorded because nobody watched. */
export interface UnwatchedMessage {
  readonly type: 'inspect.unwatched';
  readonly seq: number;
  /** Start and end of the gap, Unix milliseconds. */
  readonly from: number;
  readonly at: number;
}

/** Delivery actors whose threads nobody watches any more; the recording holds nothing of them from here on. */
export interface LeftMessage {
  readonly type: 'inspect.left';
  readonly seq: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly sessionIds: readonly string[];
}

/** Messages that a recording holds. */
export type RecordedMessage =
  ActorMessage | EventMessage | SnapshotMessage | UnwatchedMessage | LeftMessage;

/** State of the server's recording. */
export interface RecordingState {
  /** Whether recording goes on while nobody watches. */
  readonly isOn: boolean;
  /** Messages in the recording, and the most that it holds. */
  readonly messages: number;
  readonly messagesMax: number;
  /** Older messages that were dropped. */
  readonly dropped: number;
}

/** First message to a viewer. */
export interface HelloMessage {
  readonly type: 'inspect.hello';
  readonly version: string;
  readonly node: string;
  readonly environment: string;
  /** Whether viewers may send events to actors. */
  readonly maySend: boolean;
  /** Whether viewers see the texts of messages. */
  readonly showsBodies: boolean;
  /** `seq` of the newest message of the recording; 0 when there is none. */
  readonly seq: number;
  readonly recording: RecordingState;
}

/** Somebody switched the recording on or off. */
export interface RecordingMessage {
  readonly type: 'inspect.recording';
  readonly recording: RecordingState;
}

/** Keepalive for idle sockets. */
export interface InspectPing {
  readonly type: 'inspect.ping';
  readonly _version: string;
}

/** Number of messages that this viewer missed because it read too slowly, since it connected. */
export interface DroppedMessage {
  readonly type: 'inspect.dropped';
  readonly count: number;
}

/** A thread in the list of threads. */
export interface ThreadRow {
  readonly thread: string;
  /** State of its delivery chart; `passive` when nobody uses the thread and it is in the log only. */
  readonly state: 'idle' | 'delivering' | 'waiting' | 'flushing' | 'undelivered' | 'passive';
  readonly isTest: boolean;
  readonly subscribers: number;
  /** Messages held because nobody was subscribed. */
  readonly held: number;
  /** Newest offset. */
  readonly offset: number;
  /** `sessionId` of its delivery actor; null when it has none. */
  readonly sessionId: string | null;
}

/** A connection in the list of connections. Times are Unix milliseconds. */
export interface ConnectionRow {
  readonly connection: string;
  /** Null before `connect`. */
  readonly user: string | null;
  readonly address: string;
  readonly openedAt: number;
  readonly laggingSince: number | null;
  readonly bufferedBytes: number;
  readonly isLeaving: boolean;
  /** The first of its subscribed threads; `subscriptions` counts all of them. */
  readonly threads: readonly string[];
  readonly subscriptions: number;
}

/** A page of rows. `next` is the `after` of the next page; null on the last. */
export interface RowsPage<Row> {
  readonly rows: readonly Row[];
  /** Number of matching rows on all pages. */
  readonly total: number;
  readonly next: string | null;
}

/** Requests of a viewer, by type. Each is sent with an `id` that the reply repeats. */
export interface InspectRequests {
  /**
   * Sets which delivery actors to report, besides the actors of the tree. It replaces what the viewer watched before.
   */
  'inspect.watch': {
    readonly threads: readonly string[];
    /** Report all of them, as far as the viewer reads fast enough. */
    readonly everything: boolean;
  };
  /** Lists threads whose id contains `search`; with `connection`, only those of that connection. */
  'inspect.threads': {
    readonly search: string;
    readonly state: ThreadRow['state'] | null;
    readonly connection: string | null;
    readonly after: string | null;
    readonly limit: number;
  };
  /** Lists connections whose id, user or address contains `search`. */
  'inspect.connections': {
    readonly search: string;
    readonly after: string | null;
    readonly limit: number;
  };
  /** Switches the recording on or off. When on, it goes on while nobody watches. */
  'inspect.record': { readonly on: boolean };
  /** Sends an event to an actor; only where the server allows it (development). */
  'inspect.send': {
    readonly sessionId: string;
    readonly event: { readonly type: string } & Readonly<Record<string, Json>>;
  };
}

/** Result of each request. */
export interface InspectReplies {
  'inspect.watch': { readonly watched: number };
  'inspect.threads': RowsPage<ThreadRow>;
  'inspect.connections': RowsPage<ConnectionRow>;
  'inspect.record': { readonly recording: RecordingState };
  'inspect.send': { readonly sent: true };
}

/** Type of a request. */
export type InspectRequestType = keyof InspectRequests;

/** A request as sent. */
export type InspectRequest<T extends InspectRequestType = InspectRequestType> = {
  readonly [K in T]: { readonly type: K; readonly id: number } & InspectRequests[K];
}[T];

/** Reply to a request: its result, or why it was refused. */
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

/** Every message to a viewer. */
export type ViewerMessage =
  RecordedMessage | HelloMessage | RecordingMessage | DroppedMessage | InspectPing | ReplyMessage;

/** A recording: the answer of `GET /inspect/recording`, and the content of the files that the page writes and reads. */
export interface Recording {
  readonly format: typeof RECORDING_FORMAT;
  readonly version: typeof RECORDING_VERSION;
  /** Version of the server that was recorded. */
  readonly rollcall: string;
  readonly node: string;
  readonly environment: string;
  /** When the recording was written, Unix milliseconds. */
  readonly at: number;
  /** Number of older messages that were dropped. */
  readonly dropped: number;
  /** Actors before the first message: the last message about each. */
  readonly actors: readonly (ActorMessage | SnapshotMessage)[];
  readonly messages: readonly RecordedMessage[];
  /** Charts of its actors, as far as they could be laid out. */
  readonly charts: readonly ChartLayout[];
}
