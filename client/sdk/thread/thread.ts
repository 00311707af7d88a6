import type {
  ClientFrame,
  MessageFrame,
  ServerFrame,
  SinceValue
} from '../../../protocol/frames.js';
import type { ClientClock } from '../clock.js';
import { Emitter } from '../emitter.js';
import { MessageStream, STREAM_LIMIT, type Gap, type ThreadItem } from './message-stream.js';
import type { Ack, SendOptions } from '../outbox/outbox.js';
import { OutgoingList, type Outgoing } from '../outbox/outgoing.js';
import { retryAfterMs } from '../connection/retry-after.js';
import { REQUEST_TIMEOUT_MS, type Reply, type Requests } from '../connection/requests.js';
import { RollcallError, clientError } from '../rollcall-error.js';
import { NO_RUNS, changedRuns, reduceRuns, runList, type Run, type Runs } from './runs.js';
import { Typists } from './typists.js';

/** How long after a "is typing" the next one is not sent, in milliseconds: half of what the server shows it for. */
export const TYPING_REPEAT_MS = 3_000;

/** Wait before a passing refusal of a subscription is tried again, when the server names none, in milliseconds. */
export const RESUBSCRIBE_MS = 2_000;

/** Who is there. */
export interface Presence {
  /** Users there now, sorted. */
  readonly present: readonly string[];
  readonly join: readonly string[];
  readonly leave: readonly string[];
}

/** What a thread tells. */
export interface ThreadEvents {
  /** A message, in offset order, each offset once, whether live, replayed or after a reconnect. */
  message: MessageFrame;
  /** Offsets that will not come; told before the messages after them. */
  gap: Gap;
  presence: Presence;
  /** Somebody types, or no longer does; also told when the time that it holds for is over. */
  typing: { readonly user: string; readonly on: boolean };
  mark: ServerFrame<'mark'>;
  /** A message of one's own is on its way, or is so no more; `Thread.outgoing` holds all. */
  outgoing: Outgoing;
  subscribed: ServerFrame<'subscribed'>;
  /** A run of an agent as it stands after a change: for every piece of its answer, so keep the work small. */
  run: Run;
  /** All that was kept has come; what comes now is live. */
  caughtUp: ServerFrame<'caught_up'>;
  /** The server does not let this client subscribe; the thread tries no more. */
  refused: RollcallError;
}

/** How a thread is joined. */
export interface ThreadOptions {
  /** Where to start the first time; `live` when not given. After that the thread goes on from what it has. */
  readonly since?: SinceValue;
}

/** One page of history, oldest first. */
export type HistoryPage = ServerFrame<'history'>;

/** Which run to cancel: itself, or whatever answers this message, also before it has begun. */
export type CancelTarget = { readonly run: string } | { readonly mid: string };

/** The server has heard that a run is to be cancelled; its `agent_cancelled` comes as an event. */
export type Cancelling = ServerFrame<'cancelling'>;

/** What a thread needs of its client. */
export interface ThreadWire {
  readonly clock: ClientClock;
  readonly requests: Requests;
  /** Sends a frame when connected; else it is lost. */
  send(frame: ClientFrame): boolean;
  publish(thread: string, body: unknown, options: SendOptions): Promise<Ack>;
  /** Messages that were on their way before the thread was joined. */
  readonly pending: readonly Outgoing[];
  left(thread: Thread): void;
  /** Who one is; null while that is not known. */
  user(): string | null;
}

/** A subscription that outlives connections, with what is known about its thread. */
export class Thread {
  /** The thread's id. */
  readonly id: string;
  readonly #wire: ThreadWire;
  readonly #events = new Emitter<ThreadEvents>();
  readonly #streams = new Set<MessageStream>();
  readonly #present = new Set<string>();
  readonly #outgoing = new OutgoingList();
  readonly #typists: Typists;
  #since: SinceValue;
  #runs: Runs = NO_RUNS;
  #runList: readonly Run[] | null = null;
  /** Subscribe was sent on the present connection. */
  #asked = false;
  /** … and answered. */
  #joined = false;
  #over: RollcallError | null = null;
  #typingAt: number | null = null;
  #read = 0;
  #readSent = 0;
  #cancelRetry: () => void = () => undefined;
  #cancelAsk: () => void = () => undefined;

  constructor(id: string, wire: ThreadWire, options: ThreadOptions) {
    this.id = id;
    this.#wire = wire;
    this.#since = options.since ?? 'live';
    this.#typists = new Typists(wire.clock, (user, on) => {
      this.#events.emit('typing', { user, on });
    });
    for (const outgoing of wire.pending) this.#outgoing.note(outgoing);
  }

  /** Users there now, sorted; empty while not subscribed. */
  get present(): readonly string[] {
    return [...this.#present].sort();
  }

  /** Others who type now, sorted; one whose "is typing" is not repeated in time types no more. */
  get typists(): readonly string[] {
    return this.#typists.all;
  }

  /**
   * The runs of agents that have been heard of since the thread was joined, in the order they began: those that go on,
   * and the last 100 that have ended. What it holds does not change; ask again for the next state.
   */
  get runs(): readonly Run[] {
    this.#runList ??= runList(this.#runs);
    return this.#runList;
  }

  /** What this client has: the place to go on from, also in another session. Null until the server has answered. */
  get position(): { readonly offset: number; readonly epoch: string } | null {
    return typeof this.#since === 'string' ? null : this.#since;
  }

  /** Whether frames of this thread come in on the present connection. */
  get joined(): boolean {
    return this.#joined;
  }

  /** Calls `listener` on every event of that name; the answer takes it off again. */
  on<K extends keyof ThreadEvents>(
    event: K,
    listener: (value: ThreadEvents[K]) => void
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Sends a message and answers its ack, however many reconnects it takes.
   * @throws {RollcallError} (as rejection) the server's refusal, or `overflow`, `too_large`, `closed`
   */
  send(body: unknown, options: SendOptions = {}): Promise<Ack> {
    return this.#wire.publish(this.id, body, options);
  }

  /** One's own messages on their way, in the order in which they were sent: to be shown behind those that have come. */
  get outgoing(): readonly Outgoing[] {
    return this.#outgoing.all;
  }

  /**
   * Sends a message that failed again.
   * @throws {RollcallError} (as rejection) as `send`; `not_found` when no message with this id has failed
   */
  retry(mid: string): Promise<Ack> {
    const failed = this.#outgoing.get(mid);
    if (failed?.state !== 'failed') {
      const words = `no message ${mid} of this thread has failed`;
      return Promise.reject(new RollcallError('not_found', words));
    }
    this.#outgoing.delete(mid);
    const { kind, expect, body } = failed;
    return this.send(body, {
      mid,
      ...(kind === undefined ? {} : { kind }),
      ...(expect === undefined ? {} : { expect })
    });
  }

  /** Forgets a message that failed; does nothing to one that has not. */
  discard(mid: string): void {
    const failed = this.#outgoing.get(mid);
    if (failed?.state !== 'failed') return;
    this.#outgoing.delete(mid);
    this.#events.emit('outgoing', failed);
  }

  /**
   * Answers the messages just before offset `before` (the newest when not given), oldest first.
   * @throws {RollcallError} (as rejection) the server's refusal, or `timeout`, `closed`
   */
  history(page: { before?: number; limit?: number } = {}): Promise<HistoryPage> {
    return this.#wire.requests.ask(
      { type: 'history', thread: this.id, ...page },
      (frame) => frame.type === 'history'
    );
  }

  /**
   * Asks for a run to be cancelled and answers once the server has taken note of it.
   * @throws {RollcallError} (as rejection) the server's refusal (`not_found`), or `timeout`, `closed`
   */
  cancel(target: CancelTarget): Promise<Cancelling> {
    const { id } = this;
    const question =
      'run' in target
        ? ({ type: 'cancel', run: target.run } as const)
        : ({ type: 'cancel', thread: id, mid: target.mid } as const);
    return this.#wire.requests.ask(question, (frame) => frame.type === 'cancelling');
  }

  /** Says that the user types, or no longer does. Repeats are thinned out; said to nobody while not subscribed. */
  typing(on: boolean): void {
    const now = this.#wire.clock.now();
    if (on) {
      if (this.#typingAt !== null && now - this.#typingAt < TYPING_REPEAT_MS) return;
    } else if (this.#typingAt === null) return;
    if (!this.#joined) return;
    this.#typingAt = on ? now : null;
    this.#wire.send({ type: 'typing', thread: this.id, on });
  }

  /** Says that the user has read up to this offset. Never goes back; said again after a reconnect until it is known. What is no offset is ignored. */
  markRead(offset: number): void {
    if (!Number.isSafeInteger(offset)) return;
    this.#read = Math.max(this.#read, offset);
    this.#sendMark();
  }

  /** Leaves the thread: no more events, readers end. */
  leave(): void {
    if (this.#over !== null) return;
    if (this.#asked) this.#wire.send({ type: 'unsubscribe', thread: this.id });
    this.end(clientError('left', 'the thread has been left'), null);
  }

  /**
   * Reads messages and gaps from now on, waiting for more until the thread is left (then it ends) or the client is
   * closed or refused (then it throws). Holds at most 1,000 unread items; see {@link MessageStream} for what it drops.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ThreadItem> {
    const stream = new MessageStream(STREAM_LIMIT, (done) => this.#streams.delete(done));
    if (this.#over === null) this.#streams.add(stream);
    else stream.end(this.#over);
    return stream;
  }

  /** For the client: a connection is there. */
  opened(): void {
    if (this.#over !== null) return;
    this.#cancelRetry();
    this.#asked = true;
    const question = { type: 'subscribe', thread: this.id, since: this.#since } as const;
    const options = { timeoutMs: REQUEST_TIMEOUT_MS, late: 'again', keep: false } as const;
    this.#cancelAsk = this.#wire.requests.start(question, options, (reply) => {
      if (this.#over === null) this.#answered(reply);
    });
  }

  /** For the client: the connection is gone. */
  lost(): void {
    this.#cancelRetry();
    this.#asked = false;
    this.#joined = false;
    this.#typingAt = null;
    this.#readSent = 0;
    const leave = this.present;
    this.#typists.stopAll();
    this.#present.clear();
    if (leave.length > 0) this.#events.emit('presence', { present: [], join: [], leave });
  }

  /** For the client: a message of this client is on its way, or is so no more. */
  sending(outgoing: Outgoing): void {
    const had = this.position?.offset ?? 0;
    // Its message has come already, or lies in a gap and will not.
    if (outgoing.offset !== null && outgoing.offset <= had) this.#outgoing.delete(outgoing.mid);
    else this.#outgoing.note(outgoing);
    this.#events.emit('outgoing', outgoing);
  }

  /** For the client: takes a frame of this thread. */
  take(frame: ServerFrame): void {
    if (!this.#joined) return;
    if (frame.type === 'message') this.#message(frame);
    else if (frame.type === 'chunk') this.#reduceRuns(frame);
    // One that was not asked for says that trimming has overtaken this reader.
    else if (frame.type === 'subscribed') this.#overtaken(frame);
    else if (frame.type === 'caught_up') {
      this.#reduceRuns(frame);
      // Only where no place is known yet: it must not step over messages that have not come.
      if (this.position?.offset === 0) this.#advance(frame.offset);
      this.#events.emit('caughtUp', frame);
    } else if (frame.type === 'presence') this.#presence(frame.join ?? [], frame.leave ?? []);
    else if (frame.type === 'typing') this.#typed(frame);
    else if (frame.type === 'mark') this.#events.emit('mark', frame);
  }

  /** For the client: ends for good; readers throw `error` when there is one. */
  end(reason: RollcallError, error: RollcallError | null): void {
    if (this.#over !== null) return;
    this.#over = reason;
    this.#cancelRetry();
    this.#cancelAsk();
    this.#joined = false;
    this.#typists.clear();
    this.#present.clear();
    for (const stream of this.#streams) stream.end(error);
    this.#streams.clear();
    this.#wire.left(this);
    if (error === null) this.#events.clear();
  }

  #answered(reply: Reply): void {
    if (reply.ok && reply.frame.type === 'subscribed') {
      this.#subscribed(reply.frame);
      return;
    }
    const error = reply.ok
      ? clientError('bad_reply', `subscribe was answered by ${reply.frame.type}`)
      : reply.error;
    if (error.code === 'disconnected' || error.code === 'closed') return;
    if (error.retry) {
      this.#cancelRetry = this.#wire.clock.after(retryAfterMs(error, RESUBSCRIBE_MS), () => {
        this.opened();
      });
      return;
    }
    this.end(error, error);
    this.#events.emit('refused', error);
  }

  #subscribed(frame: ServerFrame<'subscribed'>): void {
    this.#joined = true;
    const { epoch, gap } = frame;
    // Offsets have no holes, so what is replayed tells where it begins: also when it was asked for live messages and
    // the server gives what nobody has taken yet.
    this.#since = { offset: Math.max(0, frame.offset - frame.replay), epoch };
    this.#events.emit('subscribed', frame);
    this.#reduceRuns(frame);
    if (gap !== null) this.#gap(gap);
    this.#presence(frame.present, []);
    this.#sendMark();
  }

  #message(frame: MessageFrame): void {
    const had = this.position?.offset ?? 0;
    if (frame.offset <= had) return;
    // 0 stands for "not known yet": the first message of a replay may have any offset.
    if (had > 0 && frame.offset > had + 1) {
      this.#gap({ from: had + 1, to: frame.offset - 1, reason: 'missing' });
    }
    this.#advance(frame.offset);
    this.#outgoing.delete(frame.mid);
    this.#typists.stop(frame.from.user);
    this.#events.emit('message', frame);
    this.#reduceRuns(frame);
    for (const stream of [...this.#streams]) stream.push({ type: 'message', message: frame });
  }

  #overtaken(frame: ServerFrame<'subscribed'>): void {
    this.#reduceRuns(frame);
    if (frame.gap === null) return;
    this.#gap(frame.gap);
    this.#advance(Math.min(frame.gap.to, frame.offset));
  }

  #reduceRuns(frame: ServerFrame): void {
    const before = this.#runs;
    this.#runs = reduceRuns(before, frame);
    if (this.#runs === before) return;
    this.#runList = null;
    for (const run of changedRuns(before, this.#runs)) this.#events.emit('run', run);
  }

  #advance(offset: number): void {
    if (typeof this.#since === 'string' || offset <= this.#since.offset) return;
    this.#since = { offset, epoch: this.#since.epoch };
  }

  #gap(gap: Gap): void {
    this.#events.emit('gap', gap);
    for (const stream of [...this.#streams]) stream.push({ type: 'gap', gap });
  }

  #presence(join: readonly string[], leave: readonly string[]): void {
    for (const user of join) this.#present.add(user);
    for (const user of leave) {
      this.#present.delete(user);
      this.#typists.stop(user);
    }
    this.#events.emit('presence', { present: this.present, join, leave });
  }

  #typed({ user, on, forMs }: ServerFrame<'typing'>): void {
    // The server tells all who are in the thread, also who types.
    if (user === this.#wire.user()) return;
    if (on) this.#typists.start(user, forMs);
    else this.#typists.stop(user);
  }

  #sendMark(): void {
    if (!this.#joined || this.#read <= this.#readSent) return;
    if (this.#wire.send({ type: 'mark', thread: this.id, read: this.#read })) {
      this.#readSent = this.#read;
    }
  }
}
