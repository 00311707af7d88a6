/** What a thread tells and takes: its events, its options, what it uses of a client, and the answers to its questions. */
import type {
  ClientFrame,
  MessageFrame,
  ServerFrame,
  SinceValue
} from '../../../protocol/frames.js';
import type { ClientClock } from '../clock.js';
import type { Requests } from '../connection/requests.js';
import type { Ack, SendOptions } from '../outbox/outbox.js';
import type { Outgoing } from '../outbox/outgoing.js';
import type { RollcallError } from '../rollcall-error.js';
import type { Gap } from './message-stream.js';
import type { Run } from './runs/run.js';

/** People in a thread, after a change. */
export interface Presence {
  /** All users who are present now, sorted; empty when there are too many to name. */
  readonly present: readonly string[];
  /** How many users are present now, named or not. */
  readonly count: number;
  readonly join: readonly string[];
  readonly leave: readonly string[];
}

/** Events of a {@link Thread}, with the value that each carries. */
export interface ThreadEvents {
  /** A message, in offset order, each offset once, whether live, replayed or after a reconnect. */
  message: MessageFrame;
  /** Offsets that will not come; emitted before the messages after them. */
  gap: Gap;
  presence: Presence;
  /** Somebody started or stopped typing, or their "is typing" has expired. */
  typing: { readonly user: string; readonly on: boolean };
  mark: ServerFrame<'mark'>;
  /** The state of one of this user's messages has changed; `Thread.outgoing` has all of them. */
  outgoing: Outgoing;
  subscribed: ServerFrame<'subscribed'>;
  /** A run of an agent after a change. Emitted for every chunk of its answer, so listeners should do little. */
  run: Run;
  /** The replay is complete; later messages are live. */
  caughtUp: ServerFrame<'caught_up'>;
  /** A user has got another role, or none (null); `by` is who changed it, null when the backend did. */
  member: MemberChange;
  /** The thread has been given another owner. */
  owner: OwnerChange;
  /** Another agent answers here from now on, the new `Thread.agent`, or none (null). */
  agent: AgentChange;
  /** What the user may do here has changed or has become known: the new `Thread.may`. */
  rights: readonly Right[];
  /**
   * The server refused the subscription permanently, or has ended it since the user may no longer read the thread
   * (`forbidden`). The thread does not try again by itself.
   */
  refused: RollcallError;
}

/** Options of `Client.thread`. */
export interface ThreadOptions {
  /** Where to start the first time, by default `live`. Later subscriptions continue from the last offset. */
  readonly since?: SinceValue;
}

/** The part of a client that a thread uses. */
export interface ThreadWire {
  readonly clock: ClientClock;
  readonly requests: Requests;
  /** Sends a frame when connected; otherwise drops it and returns false. */
  send(frame: ClientFrame): boolean;
  publish(thread: string, body: unknown, options: SendOptions): Promise<Ack>;
  /** Messages without an ack that were sent before the thread was joined. */
  readonly pending: readonly Outgoing[];
  left(thread: { readonly id: string }): void;
  /** Name of this user; null until the server has told it. */
  user(): string | null;
}

/** One page of history, oldest first. */
export type HistoryPage = ServerFrame<'history'>;

/** The run to cancel: by its id, or by the `mid` of the message it answers, even before it has started. */
export type CancelTarget = { readonly run: string } | { readonly mid: string };

/** The server has accepted a cancellation; `agent_cancelled` follows as an event. */
export type Cancelling = ServerFrame<'cancelling'>;

/** The server has stored an answer; `agent_answered` follows as an event. */
export type Answered = ServerFrame<'answered'>;

/** The server has taken a run out of the queue; `agent_cancelled` follows as an event. */
export type Withdrawn = ServerFrame<'withdrawn'>;

/**
 * What a thread does: `joining` waits for the server · `joined` gets live messages · `forbidden` the user may not read it,
 * and it waits for `askAgain()` · `over` it was left or refused for another reason, or the client is closed.
 */
export type ThreadState = 'joining' | 'joined' | 'forbidden' | 'over';

/** What a member may do: `reader` reads, `member` reads and writes. */
export type Role = ServerFrame<'members'>['members'][number]['role'];

/** The owner of a thread, null when nobody owns it, and its members with their roles. */
export type MembersList = ServerFrame<'members'>;

/** What a user may do with a thread: `manage` changes its members. */
export type Right = ServerFrame<'rights'>['may'][number];

/** The new owner of a thread; `by` is who changed it, null when the backend did. */
export type OwnerChange = ServerFrame<'owner'>;

/** Another agent of a thread, or none (null); `by` is who changed it, null when a backend did. */
export type AgentChange = ServerFrame<'agent'>;

/** A change of one user's role. */
export type MemberChange = ServerFrame<'member'>;
