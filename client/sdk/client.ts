/**
 * The SDK of Rollcall, for browsers and Node: one client is one user's connection, kept alive; its threads continue
 * after every reconnect from what they have, and what is sent is repeated until it is stored.
 *
 * ```ts
 * const client = connect('wss://chat.example.org/ws', { getToken });
 * const thread = client.thread('t42', { since: 'start' });
 * thread.on('message', (message) => console.log(message.from.user, message.body));
 * await thread.send({ text: 'hi' });
 * ```
 */
import type { InspectionEvent } from 'xstate';
import type { ClientFrame, MessageFrame, ServerFrame } from '../../protocol/frames.js';
import { jsonText } from './json.js';
import { systemClock, type ClientClock } from './clock.js';
import type { ClientState } from './connection/client-state.js';
import type { GetToken } from './connection/ask-token.js';
import { Connection } from './connection/connection.js';
import { Emitter } from './emitter.js';
import { platformEnvironment, type ClientEnvironment } from './connection/environment.js';
import { messageSize, type MessageSize } from './outbox/message-size.js';
import { newMid } from './outbox/mid.js';
import { sentFields } from './outbox/sent-fields.js';
import { OUTBOX_DEFAULTS, Outbox, type Ack, type SendOptions } from './outbox/outbox.js';
import { DEFAULT_RECONNECT, type ReconnectAdvice } from './connection/reconnect.js';
import type { OutboxStorage } from './outbox/outbox-storage.js';
import { Requests } from './connection/requests.js';
import { serverError, type RollcallError } from './rollcall-error.js';
import { TokenRefresh } from './connection/token-refresh.js';
import { platformWebSocket, socketUrl, type WebSocketConstructor } from './connection/socket.js';
import { Thread } from './thread/thread.js';
import type { ThreadOptions } from './thread/thread-events.js';

export type { MessageFrame } from '../../protocol/frames.js';
export { bodyText } from './thread/body-text.js';
export { isErased, isErasure } from './thread/erased.js';
export type { ClientClock } from './clock.js';
export type { EndCause } from './connection/end-cause.js';
export type { ClientState } from './connection/client-state.js';
export type { TokenQuestion } from './connection/ask-token.js';
export type { ClientEnvironment, EnvironmentChange } from './connection/environment.js';
export type { Gap, ThreadItem } from './thread/message-stream.js';
export type { MessageSize } from './outbox/message-size.js';
export type { Ack, SendOptions } from './outbox/outbox.js';
export type { AgentFields, SentFields } from './outbox/sent-fields.js';
export {
  webOutboxStorage,
  type OutboxStorage,
  type StoredMessage
} from './outbox/outbox-storage.js';
export type { Outgoing } from './outbox/outgoing.js';
export { RollcallError, type ClientErrorCode, type RollcallErrorCode } from './rollcall-error.js';
export type { WebSocketConstructor, WebSocketLike } from './connection/socket.js';
export {
  foldRun,
  runOf,
  type Run,
  type RunAsk,
  type RunReplaces,
  type RunState,
  type RunStep,
  type RunUsage
} from './thread/runs/run.js';
export { runBranches, type RunBranches } from './thread/runs/branches.js';
export {
  EMPTY_MEMBERS,
  MemberList,
  type MembersSnapshot,
  type MemberSource
} from './thread/member-list.js';
export {
  viewThread,
  type ThreadSnapshot,
  type ThreadSource,
  type ThreadView,
  type ThreadViewOptions
} from './thread/thread-view.js';
export type {
  AgentChange,
  Answered,
  Cancelling,
  CancelTarget,
  HistoryPage,
  MemberChange,
  MembersList,
  OwnerChange,
  Presence,
  Right,
  Role,
  ThreadEvents,
  ThreadOptions,
  ThreadState,
  Withdrawn
} from './thread/thread-events.js';
export type { Thread } from './thread/thread.js';

/** Options of {@link connect}; each has a default. */
export interface ConnectOptions {
  /** A fixed token; use `getToken` for one that expires. */
  readonly token?: string;
  /**
   * Called before every attempt, and when 80 % of the token's life is over, and returns a token, within 10 s. Takes
   * precedence over `token`.
   */
  readonly getToken?: GetToken;
  /** Name of the user where authentication is off (development); otherwise the token names the user. */
  readonly user?: string;
  /** WebSocket class, by default the platform's. Node 20 has none: pass the one of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
  /** Name and version of the application, for the server's logs. */
  readonly client?: { readonly name: string; readonly version: string };
  /** Reconnect delays in milliseconds, used until the server sends its own; by default `DEFAULT_RECONNECT`. */
  readonly reconnect?: ReconnectAdvice;
  /** Most messages that wait for an ack, by default 1,000; above it `send` rejects with `overflow`. */
  readonly maxPending?: number;
  /** Stores messages without an ack for the next session; see `webOutboxStorage`. */
  readonly storage?: OutboxStorage;
  /** Most unacknowledged messages of one thread, by default 1. More is faster but may reorder; see `OutboxSettings`. */
  readonly sendWindow?: number;
  /** Receives every inspection event of the client's statechart (xstate's `inspect`). */
  readonly inspect?: (event: InspectionEvent) => void;
  /** Source of network and page visibility changes, by default the browser. */
  readonly environment?: ClientEnvironment;
  readonly clock?: ClientClock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** Events of a {@link Client}, with the value that each carries. */
export interface ClientEvents {
  state: ClientState;
  /** A message of a thread that the user owns but has not joined (`fallback`). */
  message: MessageFrame;
  /** A failure that no pending call can report. */
  error: RollcallError;
}

/** An agent that a message may name, and what it is for. */
export type AgentInfo = NonNullable<ServerFrame<'connected'>['agents']>[number];

/** One page of the user's own threads, newest first. */
export type ThreadsPage = ServerFrame<'threads'>;

/**
 * Starts to connect and returns the client at once; follow `state` for the outcome.
 * @param url address of the server, such as `wss://host/ws` or `https://host`
 * @throws {RollcallError} `bad_url`; `no_websocket` when neither the platform nor the options have a WebSocket
 */
export function connect(url: string, options: ConnectOptions = {}): Client {
  return new Client(url, options);
}

/** One user's connection to a server. Made by {@link connect}. */
export class Client {
  readonly #events = new Emitter<ClientEvents>();
  readonly #clock: ClientClock;
  readonly #connection: Connection;
  readonly #requests: Requests;
  /** Null where there is no other token to be had. */
  readonly #refresh: TokenRefresh | null;
  readonly #outbox: Outbox;
  readonly #threads = new Map<string, Thread>();
  #user: string | null = null;
  #agents: readonly AgentInfo[] = [];

  constructor(url: string, options: ConnectOptions) {
    const clock = options.clock ?? systemClock;
    const random = options.random ?? Math.random;
    const { token } = options;
    this.#clock = clock;
    this.#connection = new Connection(
      {
        url: socketUrl(url),
        WebSocket: options.WebSocket ?? platformWebSocket(),
        clock,
        random,
        reconnect: options.reconnect ?? DEFAULT_RECONNECT,
        getToken: options.getToken ?? (token === undefined ? null : () => token),
        user: options.user ?? null,
        client: options.client ?? { name: 'rollcall-client', version: '0.1.0' },
        environment: options.environment ?? platformEnvironment,
        inspect: options.inspect ?? null
      },
      {
        opened: (connected) => {
          this.#user = connected.user;
          this.#agents = connected.agents ?? [];
          this.#requests.opened();
          this.#refresh?.opened(connected);
          for (const thread of [...this.#threads.values()]) thread.opened();
          this.#outbox.opened(connected.limits.frameBytes);
        },
        frame: (frame) => {
          this.#take(frame);
        },
        lost: () => {
          this.#refresh?.lost();
          this.#requests.lost();
          this.#outbox.lost();
          for (const thread of [...this.#threads.values()]) thread.lost();
        },
        state: (state) => {
          if (state.name === 'closed') this.#end(state.error);
          this.#events.emit('state', state);
        },
        error: (error) => {
          this.#events.emit('error', error);
        }
      }
    );
    this.#requests = new Requests(clock, (text) => this.#connection.sendText(text));
    this.#refresh =
      options.getToken === undefined
        ? null
        : new TokenRefresh({
            clock,
            requests: this.#requests,
            getToken: options.getToken,
            failed: (error) => {
              this.#events.emit('error', error);
            }
          });
    this.#outbox = new Outbox(
      {
        maxPending: options.maxPending ?? OUTBOX_DEFAULTS.maxPending,
        window: options.sendWindow ?? OUTBOX_DEFAULTS.window
      },
      { clock, random, requests: this.#requests, storage: options.storage ?? null },
      {
        changed: (outgoing) => this.#threads.get(outgoing.thread)?.sending(outgoing),
        error: (error) => {
          this.#events.emit('error', error);
        }
      }
    );
    this.#outbox.load();
    this.#connection.start();
  }

  /** Current state of the connection. */
  get state(): ClientState {
    return this.#connection.state;
  }

  /** Number of sent messages that the server has neither stored nor refused. */
  get pending(): number {
    return this.#outbox.size;
  }

  /** Agents that the server has, to be named in `send`; empty before it is connected. */
  get agents(): readonly AgentInfo[] {
    return this.#agents;
  }

  /** Calls `listener` on every event of that name; the returned function removes it. */
  on<K extends keyof ClientEvents>(
    event: K,
    listener: (value: ClientEvents[K]) => void
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Joins a thread until it is left. A second call with the same id returns the same thread and keeps its position:
   * `since` applies to the first call only. For a forbidden thread a new one is made, which asks again, and the old one
   * is over.
   * @throws {RollcallError} `closed`
   */
  thread(id: string, options: ThreadOptions = {}): Thread {
    const known = this.#threads.get(id);
    if (known?.forbidden === null) return known;
    if (this.state.name === 'closed') throw this.state.error;
    known?.leave();
    const thread = new Thread(
      id,
      {
        clock: this.#clock,
        requests: this.#requests,
        send: (frame) => this.#connection.send(frame),
        publish: (to, body, send) => this.publish(to, body, send),
        pending: this.#outbox.pendingOf(id),
        user: () => this.#user,
        left: (gone) => {
          if (this.#threads.get(gone.id) === gone) this.#threads.delete(gone.id);
        }
      },
      options
    );
    this.#threads.set(id, thread);
    if (this.state.name === 'connected') thread.opened();
    return thread;
  }

  /**
   * Resolves with one page of the user's own threads, newest first: the first page, those last active before `before`
   * (Unix milliseconds), or, with the `next` of a page, those behind it: `threads({ limit: 50, ...page.next })`.
   * @throws {RollcallError} (as rejection) the server's refusal, or `timeout`, `closed`
   */
  threads(
    page: { before?: number; beforeThread?: string; limit?: number } = {}
  ): Promise<ThreadsPage> {
    return this.#requests.ask({ type: 'threads', ...page }, 'threads');
  }

  /**
   * Sends a message to a thread without joining it.
   * @throws {RollcallError} (as rejection) the server's refusal, or `overflow`, `too_large`, `conflict`, `closed`
   */
  publish(thread: string, body: unknown, options: SendOptions = {}): Promise<Ack> {
    const mid = options.mid ?? newMid(this.#clock.now());
    return this.#outbox.send(thread, mid, body, options);
  }

  /**
   * Measures a message before it is sent. The server refuses it as `too_large` if `over` is not 0. Returns null for a body
   * that cannot be written as JSON.
   */
  sizeOf(thread: string, body: unknown, options: SendOptions = {}): MessageSize | null {
    const text = jsonText(body);
    if (text === null) return null;
    const { mid = newMid(this.#clock.now()) } = options;
    const publish: ClientFrame<'publish'> = {
      type: 'publish',
      thread,
      mid,
      ...sentFields(options),
      body: JSON.parse(text)
    };
    return messageSize(publish, this.#outbox.frameBytes);
  }

  /** Ends a wait and connects now, for example because the user asked for it. */
  reconnectNow(): void {
    this.#connection.retryNow();
  }

  /** Closes the client permanently: threads end, and sends without an ack reject with `closed`. */
  close(): void {
    this.#connection.close();
  }

  #take(frame: ServerFrame): void {
    if (this.#requests.answer(frame)) return;
    if (frame.type === 'error') this.#events.emit('error', serverError(frame));
    else if (frame.type === 'message' && frame.fallback === true) {
      this.#events.emit('message', frame);
    } else if (frame.type === 'disconnect') {
      for (const place of frame.resume ?? []) this.#threads.get(place.thread)?.placed(place);
    } else if ('thread' in frame) this.#threads.get(frame.thread)?.take(frame);
  }

  #end(error: RollcallError): void {
    this.#outbox.close(error);
    this.#requests.close(error);
    const clean = this.#connection.isClosedByApplication;
    for (const thread of [...this.#threads.values()]) thread.end(error, clean ? null : error);
    this.#threads.clear();
  }
}
