/**
 * Topics and the send queue of one turn, the same for both engines, so that order, lag and loss mean the same on both.
 *
 * Frames are queued per socket and handed to the engine once per turn of the event loop, in one write: what a turn
 * sends and publishes to a socket leaves in that order. uWebSockets' own topics batch the same way, but they decide
 * about a slow socket only after `publish` has returned, say nothing of the frames behind the first dropped one, and
 * may not be changed from inside their callbacks. They carry the frames of large topics while no socket of them lags
 * (native-topics.ts).
 */
import { ByteBudget } from '../../actors/memory/byte-budget.js';
import { NativeTopics, type EngineTopics, type NativeSocket } from './native-topics.js';
import type { OutFrame } from './out-frame.js';
import type { Socket, SocketEvents, TransportLimits } from './transport.js';

/**
 * Bytes queued for one socket above which it is written at once instead of at the end of the turn: uWebSockets' cork
 * buffer.
 */
export const FLUSH_BYTES = 16 * 1024;

/**
 * Most sockets that are written at the end of one turn, of which each counts once more for every {@link FLUSH_BYTES}: a
 * message to ten thousand would hold up everybody else otherwise.
 */
export const FLUSHES_PER_TURN = 400;

/** The part of a {@link Socket} that does not depend on the engine. */
export abstract class QueuedSocket<S> implements Socket<S>, NativeSocket {
  readonly state: S;
  private readonly fanOut: FanOut<S>;
  private outbox: OutFrame[] | null = null;
  private queuedBytes = 0;
  /** Bytes with which it counts in the budget of all sockets. */
  private countedBytes = 0;
  private asideBytes = 0;
  /** The topics that it is in; most sockets are in one, and an array would take 56 bytes of each. */
  private topics: string | string[] | null = null;
  private isClosed = false;

  constructor(fanOut: FanOut<S>, state: S) {
    this.fanOut = fanOut;
    this.state = state;
  }

  /** Returns the bytes that the engine holds for this socket. Not called once it is closed. */
  protected abstract engineBuffered(): number;
  /**
   * Returns whether the engine may hold bytes that were written earlier. It is called for every frame, so it must be
   * cheap.
   */
  protected engineMayLag(): boolean {
    return true;
  }
  /** Passes all of the frames to the engine in one write. Not called once the socket is closed. */
  protected abstract engineWrite(frames: readonly OutFrame[]): void;
  /** Sends a close frame; calls {@link settle} before it returns. */
  protected abstract engineEnd(code: number, reason: string): void;
  /** Cuts the connection; calls {@link settle} before it returns. */
  protected abstract engineTerminate(): void;
  /** Joins and leaves a topic of the engine, if it has topics. */
  engineJoin(_topic: string): void {
    // Most engines have none.
  }
  engineLeave(_topic: string): void {
    // Most engines have none.
  }
  /** Asks the engine anew for what {@link engineMayLag} returns. */
  protected engineAsk(): void {
    // Most engines are asked each time.
  }

  /** Whether frames of the engine's topics may not have been sent yet. */
  protected get isBehindTopics(): boolean {
    return this.fanOut.native?.isPending === true;
  }

  get isIdle(): boolean {
    return this.outbox === null && !this.engineMayLag();
  }

  askBacklog(): void {
    this.engineAsk();
    this.count();
  }

  get closed(): boolean {
    return this.isClosed;
  }

  buffered(): number {
    return this.isClosed ? 0 : this.engineBuffered() + this.queuedBytes;
  }

  setAside(bytes: number): void {
    if (this.isClosed) return;
    this.fanOut.outgoing.add(bytes - this.asideBytes);
    this.asideBytes = bytes;
  }

  join(topic: string): void {
    if (this.isClosed || !this.fanOut.add(topic, this)) return;
    const { topics } = this;
    if (topics === null) this.topics = topic;
    else if (typeof topics === 'string') this.topics = [topics, topic];
    else topics.push(topic);
  }

  leave(topic: string): void {
    const { topics } = this;
    if (topics === null || !this.fanOut.remove(topic, this)) return;
    this.topics = typeof topics === 'string' ? null : topics.filter((joined) => joined !== topic);
  }

  end(code: number, reason: string): void {
    if (this.isClosed) return;
    this.flush();
    // the flush may have found the connection broken
    if (!this.closed) this.engineEnd(code, reason);
  }

  terminate(): void {
    if (!this.isClosed) this.engineTerminate();
  }

  send(frame: OutFrame): boolean {
    const isQueued = this.queue(frame);
    if (this.queuedBytes >= FLUSH_BYTES) this.flush();
    return isQueued;
  }

  /** Returns the bytes that the engine holds because the peer does not read them, as far as the engine knows. */
  unreadBytes(): number {
    return this.isClosed || !this.engineMayLag() ? 0 : this.engineBuffered();
  }

  /** Like {@link send}, but writes nothing in this turn that can wait: for a frame that goes to many. */
  queue(frame: OutFrame): boolean {
    if (this.isClosed) return false;
    const { lagBytes } = this.fanOut;
    const heldBytes = this.engineMayLag() ? this.engineBuffered() : 0;
    if (heldBytes + this.queuedBytes > lagBytes) {
      // a socket lags only when the kernel does not accept its bytes: the engine then has bytes left, and a drain event
      // follows
      this.flush();
      if (this.closed || this.engineBuffered() > lagBytes) return false;
    }
    if (this.outbox === null) {
      this.outbox = [frame];
      this.fanOut.touch(this);
    } else {
      this.outbox.push(frame);
    }
    this.queuedBytes += frame.bytes.length;
    return true;
  }

  /** Passes the queued frames to the engine now, and returns how many bytes they have. */
  flush(): number {
    const frames = this.outbox;
    const bytes = this.queuedBytes;
    if (frames === null) return 0;
    this.outbox = null;
    this.queuedBytes = 0;
    if (this.isClosed) return 0;
    this.engineWrite(frames);
    this.count();
    return bytes;
  }

  /** Called when the engine has sent some of its buffer. */
  drained(): void {
    if (this.isClosed) return;
    this.count();
    this.fanOut.events.drain(this);
  }

  /** Small amounts do not count, because engines need not tell when the kernel has accepted them. */
  private count(): void {
    const heldBytes = this.isClosed || !this.engineMayLag() ? 0 : this.engineBuffered();
    const bytes = heldBytes > FLUSH_BYTES ? heldBytes : 0;
    if (bytes === this.countedBytes || this.isClosed) return;
    this.fanOut.outgoing.add(bytes - this.countedBytes);
    this.countedBytes = bytes;
  }

  /** Removes the socket from all topics and reports its end; later calls do nothing. */
  settle(code: number): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.fanOut.outgoing.give(this.countedBytes + this.asideBytes);
    this.outbox = null;
    const { topics } = this;
    const all = typeof topics === 'string' ? [topics] : (topics ?? []);
    for (const topic of all) this.fanOut.remove(topic, this);
    this.topics = null;
    this.fanOut.events.close(this, code);
  }
}

/** Budgets that the sockets of a server share. */
export interface SocketMemory {
  /** Bytes in sockets that their peers have not read. */
  readonly outgoing: ByteBudget;
  /** Bytes of received messages until they are handled. While it is full, an engine that can do so reads less. */
  readonly intake: Pick<ByteBudget, 'isFull'>;
}

const UNBOUNDED: SocketMemory = {
  outgoing: new ByteBudget(Infinity),
  intake: { isFull: false }
};

/** The topics of one path, whatever carries its sockets, and the sockets with frames queued in this turn. */
export class FanOut<S> {
  readonly events: SocketEvents<S>;
  readonly limits: TransportLimits;
  readonly outgoing: ByteBudget;
  readonly intake: SocketMemory['intake'];
  /** The engine's own topics; null while it has none. */
  native: NativeTopics | null = null;
  private readonly topics = new Map<string, Set<QueuedSocket<S>>>();
  private touched: QueuedSocket<S>[] = [];
  private isScheduled = false;
  private readonly flushTouched = (): void => {
    const sockets = this.touched;
    this.touched = [];
    let work = 0;
    let count = 0;
    for (const socket of sockets) {
      if (work >= FLUSHES_PER_TURN) break;
      work += 1 + socket.flush() / FLUSH_BYTES;
      count++;
    }
    if (count === sockets.length && this.touched.length === 0) {
      this.isScheduled = false;
      return;
    }
    // Everybody else has a turn before the rest.
    this.touched = [...sockets.slice(count), ...this.touched];
    setImmediate(this.flushTouched);
  };

  constructor(events: SocketEvents<S>, limits: TransportLimits, memory: SocketMemory = UNBOUNDED) {
    this.events = events;
    this.limits = limits;
    this.outgoing = memory.outgoing;
    this.intake = memory.intake;
  }

  /** Publishes to large topics through those of the engine from now on. */
  useTopics(engine: EngineTopics): void {
    this.native = new NativeTopics(engine, this.limits.nativeMin);
  }

  /** Bytes above which a socket lags; fewer while the budget of all sockets is used up. */
  get lagBytes(): number {
    const { lagBytes } = this.limits;
    return this.outgoing.isFull ? Math.min(lagBytes, FLUSH_BYTES) : lagBytes;
  }

  /**
   * Queues a frame for every socket of the topic, and returns their number. Afterwards it reports the sockets that lag.
   */
  publish(topic: string, frame: OutFrame): number {
    const members = this.topics.get(topic);
    if (members === undefined) return 0;
    const { size } = members;
    if (this.native?.publish(topic, members, frame, this.lagBytes) === true) return size;
    let refused: QueuedSocket<S>[] | null = null;
    for (const socket of members) {
      if (!socket.queue(frame)) (refused ??= []).push(socket);
    }
    // only after the loop: a listener that leaves and joins again would be reached by the loop again, without an end
    for (const socket of refused ?? []) if (!socket.closed) this.events.dropped(socket, frame);
    return size;
  }

  /**
   * Like {@link publish}, but passes over slow sockets: those of `slow`, and those that have more than {@link FLUSH_BYTES}
   * unread bytes or do not accept the frame, which `onSlow` gets. Reports none of them as dropped.
   */
  publishToQuick(
    topic: string,
    frame: OutFrame,
    slow: Pick<ReadonlyMap<QueuedSocket<S>, unknown>, 'has'> | null,
    onSlow: (socket: QueuedSocket<S>) => void
  ): number {
    const members = this.topics.get(topic);
    if (members === undefined) return 0;
    for (const socket of members) {
      if (slow?.has(socket) === true) continue;
      if (socket.unreadBytes() > FLUSH_BYTES || !socket.queue(frame)) onSlow(socket);
    }
    return members.size;
  }

  /** Returns whether a socket is in a topic. */
  has(topic: string, socket: QueuedSocket<S>): boolean {
    return this.topics.get(topic)?.has(socket) === true;
  }

  /** Adds a socket to a topic; false when it was in it. */
  add(topic: string, socket: QueuedSocket<S>): boolean {
    const members = this.topics.get(topic);
    if (members === undefined) {
      this.topics.set(topic, new Set([socket]));
      return true;
    }
    if (members.has(socket)) return false;
    members.add(socket);
    this.native?.added(topic, socket);
    return true;
  }

  /** Removes a socket from a topic; false when it was not in it. */
  remove(topic: string, socket: QueuedSocket<S>): boolean {
    const members = this.topics.get(topic);
    if (members?.delete(socket) !== true) return false;
    this.native?.removed(topic, socket);
    if (members.size === 0) this.topics.delete(topic);
    return true;
  }

  /** Notes that a socket has frames to write at the end of this turn. */
  touch(socket: QueuedSocket<S>): void {
    this.touched.push(socket);
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(this.flushTouched);
  }
}
