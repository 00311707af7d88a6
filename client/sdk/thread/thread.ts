import type {
  ClientFrame,
  MessageFrame,
  ServerFrame,
  SinceValue
} from '../../../protocol/frames.js';
import { elapsedOf, type ClientClock } from '../clock.js';
import { Emitter } from '../emitter.js';
import { MessageStream, STREAM_LIMIT, type Gap, type ThreadItem } from './message-stream.js';
import type { Ack, SendOptions } from '../outbox/outbox.js';
import { OutgoingList, type Outgoing } from '../outbox/outgoing.js';
import { retryAfterMs } from '../connection/retry-after.js';
import { REQUEST_TIMEOUT_MS, type Reply, type Requests } from '../connection/requests.js';
import { RollcallError, clientError } from '../rollcall-error.js';
import { NO_RUNS, changedRuns, reduceRuns, runList, type Run, type Runs } from './runs.js';
import type {
  CancelTarget,
  Cancelling,
  HistoryPage,
  ThreadEvents,
  ThreadOptions
} from './thread-events.js';
import { PresentUsers } from './present-users.js';
import { Typists } from './typists.js';

/** Shortest time between two "is typing" frames, in milliseconds: half of the time that the server shows one. */
export const TYPING_REPEAT_MS = 3_000;

/** Wait before a temporarily refused subscription is tried again, in milliseconds, when the server names none. */
export const RESUBSCRIBE_MS = 2_000;

/** The part of a client that a thread uses. */
export interface ThreadWire {
  readonly clock: ClientClock;
  readonly requests: Requests;
  /** Sends a frame when connected; otherwise drops it and returns false. */
  send(frame: ClientFrame): boolean;
  publish(thread: string, body: unknown, options: SendOptions): Promise<Ack>;
  /** Messages without an ack that were sent before the thread was joined. */
  readonly pending: readonly Outgoing[];
  left(thread: Thread): void;
  /** Name of this user; null until the server has told it. */
  user(): string | null;
}

/** A subscription that continues over reconnects, with the current state of its thread. */
export class Thread {
  /** Id of the thread, as the server knows it. */
  readonly id: string;
  readonly #wire: ThreadWire;
  readonly #events = new Emitter<ThreadEvents>();
  readonly #streams = new Set<MessageStream>();
  readonly #present = new PresentUsers();
  readonly #outgoing = new OutgoingList();
  readonly #typists: Typists;
  #since: SinceValue;
  #runs: Runs = NO_RUNS;
  #runList: readonly Run[] | null = null;
  /** Whether `subscribe` was sent on the current connection. */
  #asked = false;
  /** Whether that `subscribe` was answered. */
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

  /** Users who are present now, sorted; empty while not subscribed and when there are too many to name. */
  get present(): readonly string[] {
    return this.#present.names;
  }

  /** How many users are present now; more than `present` names when there are too many to name. */
  get presentCount(): number {
    return this.#present.count;
  }

  /** Other users who are typing, sorted; each expires unless repeated in time. */
  get typists(): readonly string[] {
    return this.#typists.all;
  }

  /**
   * The runs of agents that are known since the thread was joined, in the order of their start: the active ones
   * and the last 100 that ended. The array is not updated; read it again after a change.
   */
  get runs(): readonly Run[] {
    this.#runList ??= runList(this.#runs);
    return this.#runList;
  }

  /** Last received offset, to resume from, also in another session. Null until the server has answered. */
  get position(): { readonly offset: number; readonly epoch: string } | null {
    return typeof this.#since === 'string' ? null : this.#since;
  }

  /** Whether the current connection is subscribed to this thread. */
  get joined(): boolean {
    return this.#joined;
  }

  /** Calls `listener` on every event of that name; the returned function removes it. */
  on<K extends keyof ThreadEvents>(
    event: K,
    listener: (value: ThreadEvents[K]) => void
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Sends a message and resolves with its ack, after as many reconnects as needed.
   * @throws {RollcallError} (as rejection) the server's refusal, or `overflow`, `too_large`, `closed`
   */
  send(body: unknown, options: SendOptions = {}): Promise<Ack> {
    return this.#wire.publish(this.id, body, options);
  }

  /** This user's messages that have not come back, in the order of sending; show them after the received ones. */
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

  /** Removes a failed message; does nothing to any other. */
  discard(mid: string): void {
    const failed = this.#outgoing.get(mid);
    if (failed?.state !== 'failed') return;
    this.#outgoing.delete(mid);
    this.#events.emit('outgoing', failed);
  }

  /**
   * Resolves with the messages just before offset `before` (by default the newest), oldest first.
   * @throws {RollcallError} (as rejection) the server's refusal, or `timeout`, `closed`
   */
  history(page: { before?: number; limit?: number } = {}): Promise<HistoryPage> {
    return this.#wire.requests.ask(
      { type: 'history', thread: this.id, ...page },
      (frame) => frame.type === 'history'
    );
  }

  /**
   * Asks the server to cancel a run and resolves once it has accepted that.
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

  /** Tells others that the user is or is not typing. Frequent calls are dropped, and so are all while not subscribed. */
  typing(on: boolean): void {
    const now = elapsedOf(this.#wire.clock);
    if (on) {
      if (this.#typingAt !== null && now - this.#typingAt < TYPING_REPEAT_MS) return;
    } else if (this.#typingAt === null) return;
    if (!this.#joined) return;
    this.#typingAt = on ? now : null;
    this.#wire.send({ type: 'typing', thread: this.id, on });
  }

  /**
   * Marks the thread as read up to this offset. A mark never moves back and is sent again after a reconnect until the
   * server confirms it. Invalid offsets are ignored.
   */
  markRead(offset: number): void {
    if (!Number.isSafeInteger(offset)) return;
    this.#read = Math.max(this.#read, offset);
    this.#sendMark();
  }

  /** Leaves the thread: events stop and readers end. */
  leave(): void {
    if (this.#over !== null) return;
    if (this.#asked) this.#wire.send({ type: 'unsubscribe', thread: this.id });
    this.end(clientError('left', 'the thread has been left'), null);
  }

  /**
   * Iterates over messages and gaps from now on. It ends when the thread is left, and throws when the client is
   * closed or refused. It keeps at most 1,000 unread items; see {@link MessageStream} for the overflow.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ThreadItem> {
    const stream = new MessageStream(STREAM_LIMIT, (done) => this.#streams.delete(done));
    if (this.#over === null) this.#streams.add(stream);
    else stream.end(this.#over);
    return stream;
  }

  /** For the client: handles a new connection. */
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

  /**
   * For the client: uses the position in a `disconnect` frame, but only while the server has not answered the
   * subscription. Without it, a thread that subscribed `live` would miss messages until it subscribes again.
   */
  placed({ offset, epoch }: { readonly offset: number; readonly epoch: string }): void {
    if (this.#asked && typeof this.#since === 'string') this.#since = { offset, epoch };
  }

  /** For the client: handles a lost connection. */
  lost(): void {
    this.#cancelRetry();
    this.#asked = false;
    this.#joined = false;
    this.#typingAt = null;
    this.#readSent = 0;
    const leave = this.present;
    const hadAnyone = this.presentCount > 0;
    this.#typists.stopAll();
    this.#present.clear();
    if (hadAnyone) this.#events.emit('presence', { present: [], count: 0, join: [], leave });
  }

  /** For the client: handles a state change of one of this client's messages. */
  sending(outgoing: Outgoing): void {
    const had = this.position?.offset ?? 0;
    // Its message has already come, or lies in a gap and will not come.
    if (outgoing.offset !== null && outgoing.offset <= had) this.#outgoing.delete(outgoing.mid);
    else this.#outgoing.note(outgoing);
    this.#events.emit('outgoing', outgoing);
  }

  /** For the client: handles a frame of this thread. */
  take(frame: ServerFrame): void {
    if (!this.#joined) return;
    if (frame.type === 'message') this.#message(frame);
    else if (frame.type === 'chunk') this.#reduceRuns(frame);
    // An unrequested `subscribed` means that trimming has overtaken this reader.
    else if (frame.type === 'subscribed') this.#overtaken(frame);
    else if (frame.type === 'caught_up') {
      this.#reduceRuns(frame);
      // Only while no position is known: it must not skip messages that have not come.
      if (this.position?.offset === 0) this.#advance(frame.offset);
      this.#events.emit('caughtUp', frame);
    } else if (frame.type === 'presence')
      this.#presence(frame.join ?? [], frame.leave ?? [], frame.count);
    else if (frame.type === 'typing') this.#typed(frame);
    else if (frame.type === 'mark') this.#events.emit('mark', frame);
  }

  /** For the client: ends the thread permanently; readers throw `error` when it is not null. */
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
    // Offsets have no holes, so the replay's length gives its start, also when live messages were requested and
    // the server replays messages that nobody has received.
    this.#since = { offset: Math.max(0, frame.offset - frame.replay), epoch };
    this.#events.emit('subscribed', frame);
    this.#reduceRuns(frame);
    if (gap !== null) this.#gap(gap);
    this.#present.clear();
    this.#presence(frame.present, [], frame.presentCount);
    for (const mark of frame.marks ?? [])
      this.#events.emit('mark', { type: 'mark', thread: this.id, ...mark });
    this.#sendMark();
  }

  #message(frame: MessageFrame): void {
    const had = this.position?.offset ?? 0;
    if (frame.offset <= had) return;
    // 0 means "not known yet": the first message of a replay may have any offset.
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

  #presence(join: readonly string[], leave: readonly string[], count?: number): void {
    for (const user of leave) this.#typists.stop(user);
    this.#present.change(join, leave, count);
    const { present, presentCount } = this;
    this.#events.emit('presence', { present, count: presentCount, join, leave });
  }

  #typed({ user, on, forMs }: ServerFrame<'typing'>): void {
    // The server sends typing frames to the typing user too.
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
