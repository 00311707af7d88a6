/**
 * Publishes to topics with many sockets through the engine's own topics: one call for all of them, where our own queue
 * makes several for each socket. The engine sends such frames at the end of its turn, and before anything that is sent
 * to a socket afterwards, so the order is the same.
 *
 * The engine does not say which socket did not take all of a published frame. So this is only for topics whose sockets
 * hold nothing, here or in the engine, and for a bounded number of bytes until the sockets are asked what they hold.
 * While one of them holds something, {@link FanOut} queues for each socket, with its rules for those that lag.
 */
import type { OutFrame } from './out-frame.js';

/** Fewest sockets of a topic for which a call for each of them costs more than the engine's topics. */
export const NATIVE_MIN = 64;

/**
 * Most sockets that the engine writes for these topics at the end of one turn, about 8 ms. Larger topics, and more of
 * them in a turn, are written over several turns by our own queue.
 */
export const NATIVE_SOCKETS_PER_TURN = 1_024;

/** Most bytes that are published so until the sockets have been asked, unless a socket lags with fewer. */
export const UNCHECKED_BYTES = 65_536;

/** Most sockets of a topic that are written at once because they have frames queued before the published one. */
const FLUSHED_MAX = 8;

/** The engine's own topics. */
export interface EngineTopics {
  /** Sends a frame at the end of the turn to each socket that has joined the topic. */
  publish(topic: string, frame: OutFrame): void;
}

/** A socket, as far as the engine's topics need it. */
export interface NativeSocket {
  /** Whether nothing waits for it here, and the engine is not known to hold anything for it. */
  readonly isIdle: boolean;
  /** Writes what waits here. */
  flush(): number;
  /** Asks the engine what it holds for it. */
  askBacklog(): void;
  engineJoin(topic: string): void;
  engineLeave(topic: string): void;
}

/** The topics of one path that the engine has too, and the bytes published through them. */
export class NativeTopics {
  private readonly engine: EngineTopics;
  private readonly least: number;
  private readonly defer: (work: () => void) => void;
  private readonly joined = new Map<string, ReadonlySet<NativeSocket>>();
  /** Topics published to since their sockets were asked. */
  private unchecked = new Set<string>();
  /** Topics published to in this turn, and the number of their sockets. */
  private readonly inTurn = new Set<string>();
  private socketsInTurn = 0;
  /** Bytes published in this turn. */
  private youngBytes = 0;
  /** Bytes published before, since the sockets were asked. */
  private agedBytes = 0;
  private maxBytes = UNCHECKED_BYTES;
  private isScheduled = false;

  /** `defer` runs a function in the next turn, after the engine has sent what was published before this one. */
  constructor(
    engine: EngineTopics,
    least = NATIVE_MIN,
    defer: (work: () => void) => void = (work) => {
      setImmediate(work);
    }
  ) {
    this.engine = engine;
    this.least = least;
    this.defer = defer;
  }

  /** Whether the engine may have published frames that it has not sent yet. */
  get isPending(): boolean {
    return this.isScheduled;
  }

  /** Publishes a frame, or returns false: then nobody has got it. `lagBytes` is what a socket may hold. */
  publish(
    topic: string,
    members: ReadonlySet<NativeSocket>,
    frame: OutFrame,
    lagBytes: number
  ): boolean {
    if (members.size < this.least) return false;
    this.maxBytes = Math.min(UNCHECKED_BYTES, lagBytes / 2);
    if (this.youngBytes + this.agedBytes + frame.bytes.length > this.maxBytes) {
      if (this.agedBytes > 0) this.schedule();
      return false;
    }
    const more = this.inTurn.has(topic) ? 0 : members.size;
    if (this.socketsInTurn + more > NATIVE_SOCKETS_PER_TURN || !areIdle(members)) return false;
    if (!this.joined.has(topic)) {
      this.joined.set(topic, members);
      for (const socket of members) socket.engineJoin(topic);
    }
    this.engine.publish(topic, frame);
    this.youngBytes += frame.bytes.length;
    this.inTurn.add(topic);
    this.unchecked.add(topic);
    this.socketsInTurn += more;
    this.schedule();
    return true;
  }

  /** Called when a socket has joined a topic. */
  added(topic: string, socket: NativeSocket): void {
    if (this.joined.has(topic)) socket.engineJoin(topic);
  }

  /** Called when a socket has left a topic. */
  removed(topic: string, socket: NativeSocket): void {
    const members = this.joined.get(topic);
    if (members === undefined) return;
    socket.engineLeave(topic);
    if (members.size >= this.least / 2) return;
    this.joined.delete(topic);
    this.unchecked.delete(topic);
    for (const other of members) other.engineLeave(topic);
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.defer(this.turn);
  }

  private readonly turn = (): void => {
    this.isScheduled = false;
    // What was published before the last of these calls has been sent since.
    if (this.agedBytes > 0 && this.agedBytes >= this.maxBytes / 4) this.check();
    const isYoung = this.youngBytes > 0;
    this.agedBytes += this.youngBytes;
    this.youngBytes = 0;
    this.socketsInTurn = 0;
    this.inTurn.clear();
    if (isYoung) this.schedule();
  };

  private check(): void {
    this.agedBytes = 0;
    const topics = this.unchecked;
    this.unchecked = new Set(this.inTurn);
    for (const topic of topics) {
      for (const socket of this.joined.get(topic) ?? []) socket.askBacklog();
    }
  }
}

/** Returns whether all sockets of a topic are idle, after writing to the few that have frames queued. */
function areIdle(members: ReadonlySet<NativeSocket>): boolean {
  let waiting: NativeSocket[] | null = null;
  for (const socket of members) {
    if (socket.isIdle) continue;
    if (waiting?.length === FLUSHED_MAX) return false;
    (waiting ??= []).push(socket);
  }
  for (const socket of waiting ?? []) {
    socket.flush();
    if (!socket.isIdle) return false;
  }
  return true;
}
