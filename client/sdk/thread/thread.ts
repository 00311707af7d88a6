import type { MessageFrame, ServerFrame, SinceValue } from '../../../protocol/frames.js';
import { elapsedOf } from '../clock.js';
import { Emitter } from '../emitter.js';
import { MessageStreams, type Gap, type ThreadItem } from './message-stream.js';
import type { Ack, SendOptions } from '../outbox/outbox.js';
import { OutgoingList, type Outgoing } from '../outbox/outgoing.js';
import { sentFields } from '../outbox/sent-fields.js';
import { RollcallError, clientError } from '../rollcall-error.js';
import type { Run } from './runs/run.js';
import { RunBook } from './runs/run-book.js';
import type {
  Right,
  ThreadEvents,
  ThreadOptions,
  ThreadState,
  ThreadWire
} from './thread-events.js';
import { OwnTyping } from './own-typing.js';
import { People } from './people.js';
import { ReadMark } from './read-mark.js';
import { Subscription } from './subscription.js';
import { ThreadRequests } from './thread-requests.js';

/** A subscription that continues over reconnects, with the current state of its thread. */
export class Thread extends ThreadRequests {
  readonly #wire: ThreadWire;
  readonly #events = new Emitter<ThreadEvents>();
  readonly #streams = new MessageStreams();
  readonly #read = new ReadMark();
  readonly #outgoing = new OutgoingList();
  readonly #people: People;
  #since: SinceValue;
  readonly #runs = new RunBook();
  #may: readonly Right[] | null = null;
  #agent: string | null = null;
  readonly #subscription: Subscription;
  #over: RollcallError | null = null;
  readonly #ownTyping = new OwnTyping();

  constructor(id: string, wire: ThreadWire, options: ThreadOptions) {
    super(id, wire.requests);
    this.#wire = wire;
    this.#since = options.since ?? 'live';
    this.#people = new People(wire.clock, {
      presence: (change) => {
        this.#events.emit('presence', change);
      },
      typing: (change) => {
        this.#events.emit('typing', change);
      }
    });
    this.#subscription = new Subscription(id, wire, {
      subscribed: (frame) => {
        this.#subscribed(frame);
      },
      refused: (error) => {
        if (error.code === 'forbidden') this.#forbid(error);
        else this.end(error, error);
        this.#events.emit('refused', error);
      }
    });
    for (const outgoing of wire.pending) this.#outgoing.note(outgoing);
  }

  /** What the thread does now; see {@link ThreadState}. */
  get state(): ThreadState {
    if (this.#over !== null) return 'over';
    if (this.forbidden !== null) return 'forbidden';
    return this.joined ? 'joined' : 'joining';
  }

  /** Why the user may not read the thread; null in any other state than `forbidden`. */
  get forbidden(): RollcallError | null {
    return this.#over === null ? this.#subscription.forbidden : null;
  }

  /** What the user may do here, as the server last said. Null until it has, while the thread is forbidden, and from older servers. */
  get may(): readonly Right[] | null {
    return this.#may;
  }

  /** Users who are present now, sorted; empty while not subscribed and when there are too many to name. */
  get present(): readonly string[] {
    return this.#people.names;
  }

  /** How many users are present now; more than `present` names when there are too many to name. */
  get presentCount(): number {
    return this.#people.count;
  }

  /** Other users who are typing, sorted; each expires unless repeated in time. */
  get typists(): readonly string[] {
    return this.#people.typists;
  }

  /**
   * The runs of agents that are known since the thread was joined, in the order of their start: the active ones
   * and the last 100 that ended. The array is not updated; read it again after a change.
   */
  get runs(): readonly Run[] {
    return this.#runs.all;
  }

  /** Name of the agent that answers in this thread, as the server last said; null when none does. */
  get agent(): string | null {
    return this.#agent;
  }

  /** Last received offset, to resume from, also in another session. Null until the server has answered. */
  get position(): { readonly offset: number; readonly epoch: string } | null {
    return typeof this.#since === 'string' ? null : this.#since;
  }

  /** Whether the current connection is subscribed to this thread. */
  get joined(): boolean {
    return this.#subscription.isJoined;
  }

  /**
   * Asks again to read a thread that is forbidden; does nothing in any other state. A thread never does so by itself.
   * @throws {RollcallError} `left`, or why the client is closed
   */
  askAgain(): void {
    if (this.#over !== null) throw this.#over;
    if (this.forbidden === null) return;
    this.#subscription.allow();
    this.opened();
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
      const words = `no message ${mid} has failed`;
      return Promise.reject(new RollcallError('not_found', words));
    }
    this.#outgoing.delete(mid);
    return this.send(failed.body, { mid, ...sentFields(failed) });
  }

  /** Removes a failed message; does nothing to any other. */
  discard(mid: string): void {
    const failed = this.#outgoing.get(mid);
    if (failed?.state !== 'failed') return;
    this.#outgoing.delete(mid);
    this.#events.emit('outgoing', failed);
  }

  /** Tells others that the user is or is not typing. Frequent calls are dropped, and so are all while not subscribed. */
  typing(on: boolean): void {
    if (!this.joined || !this.#ownTyping.isDue(on, elapsedOf(this.#wire.clock))) return;
    this.#wire.send({ type: 'typing', thread: this.id, on });
  }

  /**
   * Marks the thread as read up to this offset. A mark never moves back and is sent again after a reconnect until the
   * server confirms it. Invalid offsets are ignored.
   */
  markRead(offset: number): void {
    this.#read.raise(offset);
    this.#sendMark();
  }

  /** Leaves the thread: events stop and readers end. */
  leave(): void {
    if (this.#over !== null) return;
    if (this.#subscription.isAsked) this.#wire.send({ type: 'unsubscribe', thread: this.id });
    this.end(clientError('left', 'the thread has been left'), null);
  }

  /**
   * Iterates over messages and gaps from now on. It ends when the thread is left, and throws when the client is
   * closed or refused. It keeps at most 1,000 unread items; see {@link MessageStream} for the overflow.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ThreadItem> {
    return this.#streams.open(this.#over ?? this.forbidden);
  }

  /** For the client: handles a new connection. */
  opened(): void {
    this.#subscription.ask(() => this.#since);
  }

  /**
   * For the client: uses the position in a `disconnect` frame, but only while the server has not answered the
   * subscription. Without it, a thread that subscribed `live` would miss messages until it subscribes again.
   */
  placed({ offset, epoch }: { readonly offset: number; readonly epoch: string }): void {
    if (this.#subscription.isAsked && typeof this.#since === 'string')
      this.#since = { offset, epoch };
  }

  /** For the client: handles a lost connection. */
  lost(): void {
    this.#subscription.lost();
    this.#ownTyping.lost();
    this.#read.lost();
    this.#people.lost();
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
    if (!this.joined) return;
    if (frame.type === 'message') this.#message(frame);
    else if (frame.type === 'chunk') this.#reduceRuns(frame);
    // An unrequested `subscribed` means that trimming has overtaken this reader.
    else if (frame.type === 'subscribed') this.#overtaken(frame);
    else if (frame.type === 'caught_up') {
      this.#reduceRuns(frame);
      // Only while no position is known: it must not skip messages that have not come.
      if (this.position?.offset === 0) this.#advance(frame.offset);
      this.#events.emit('caughtUp', frame);
    } else if (frame.type === 'presence') {
      this.#people.change(frame.join ?? [], frame.leave ?? [], frame.count);
    } else if (frame.type === 'typing') {
      // The server sends typing frames to the typing user too.
      if (frame.user !== this.#wire.user()) this.#people.typed(frame);
    } else if (frame.type === 'mark' || frame.type === 'member' || frame.type === 'owner') {
      this.#events.emit(frame.type, frame);
    } else if (frame.type === 'agent') {
      this.#agent = frame.agent;
      this.#events.emit('agent', frame);
    } else if (frame.type === 'rights') this.allowed(frame.may);
    else if (frame.type === 'unsubscribed' && frame.code === 'forbidden')
      this.#subscription.expelled();
  }

  /** For the client: ends the thread permanently; readers throw `error` when it is not null. */
  end(reason: RollcallError, error: RollcallError | null): void {
    if (this.#over !== null) return;
    this.#over = reason;
    this.#subscription.end();
    this.#people.clear();
    this.#streams.end(error);
    this.#wire.left(this);
    if (error === null) this.#events.clear();
  }

  #forbid(error: RollcallError): void {
    this.lost();
    this.#may = null;
    this.#streams.end(error);
  }

  #subscribed(frame: ServerFrame<'subscribed'>): void {
    const { epoch, gap } = frame;
    // Offsets have no holes, so the replay's length gives its start, also when live messages were requested and
    // the server replays messages that nobody has received.
    this.#since = { offset: Math.max(0, frame.offset - frame.replay), epoch };
    this.allowed(frame.may);
    this.#agent = frame.agent ?? null;
    this.#events.emit('subscribed', frame);
    this.#reduceRuns(frame);
    if (gap !== null) this.#gap(gap);
    this.#people.begin(frame.present, frame.presentCount);
    for (const mark of frame.marks ?? [])
      this.#events.emit('mark', { type: 'mark', thread: this.id, ...mark });
    this.#sendMark();
  }

  protected override allowed(may: readonly Right[] | undefined): void {
    if (may === undefined || may.join() === this.#may?.join()) return;
    this.#may = may;
    this.#events.emit('rights', may);
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
    this.#people.spoke(frame.from.user);
    this.#events.emit('message', frame);
    this.#reduceRuns(frame);
    this.#streams.push({ type: 'message', message: frame });
  }

  #overtaken(frame: ServerFrame<'subscribed'>): void {
    this.#reduceRuns(frame);
    if (frame.gap === null) return;
    this.#gap(frame.gap);
    this.#advance(Math.min(frame.gap.to, frame.offset));
  }

  #reduceRuns(frame: ServerFrame): void {
    for (const run of this.#runs.take(frame)) this.#events.emit('run', run);
  }

  #advance(offset: number): void {
    if (typeof this.#since === 'string' || offset <= this.#since.offset) return;
    this.#since = { offset, epoch: this.#since.epoch };
  }

  #gap(gap: Gap): void {
    this.#events.emit('gap', gap);
    this.#streams.push({ type: 'gap', gap });
  }

  #sendMark(): void {
    if (!this.joined) return;
    this.#read.tell((read) => this.#wire.send({ type: 'mark', thread: this.id, read }));
  }
}
