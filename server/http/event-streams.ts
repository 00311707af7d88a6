/**
 * Threads as server-sent events: the same subscriptions as over WebSocket, over an HTTP reply that stays open. Every
 * frame is an event of its type; a message's offset is the id of its event, so that `Last-Event-ID` resumes.
 */
import type { Clock } from '../../actors/clock.js';
import type { LogReader } from '../../actors/log/log-reader.js';
import { Connection } from '../chat/connection.js';
import { LAG_MAX_MS, PING_MS, type Connections } from '../chat/connections.js';
import type { ConnectionLimits } from '../chat/limits.js';
import { problem } from '../transport/problem.js';
import type { Subscriptions } from '../chat/subscriptions.js';
import type { HttpReply, HttpStream, HttpStreamReply, Socket } from '../transport/transport.js';

/**
 * Time after which a browser reconnects by itself, in milliseconds, sent in the stream; a goodbye has a time of its
 * own.
 */
export const EVENTS_RETRY_MS = 2_000;

/** Options of {@link EventStreams}. */
export interface EventStreamsOptions {
  readonly clock: Clock;
  readonly log: LogReader;
  readonly subscriptions: Subscriptions;
  readonly limits: ConnectionLimits;
  /** The list of connections that a drain disconnects; streams are added to it. */
  readonly connections: Connections;
  /** Called when a stream's buffer is full for a frame. */
  readonly onDropped: (socket: Socket<Connection>, frame: string) => void;
  /** Called when a stream accepts frames again. */
  readonly onDrain: (socket: Socket<Connection>) => void;
}

/** All open event streams. */
export class EventStreams {
  private readonly options: EventStreamsOptions;
  private readonly topics = new Map<string, Set<EventSocket>>();
  private readonly all = new Set<EventSocket>();
  private nextStream = 1;
  private keptAliveAt = 0;
  private isClosed = false;

  constructor(options: EventStreamsOptions) {
    this.options = options;
  }

  /** Number of open streams. */
  get count(): number {
    return this.all.size;
  }

  /**
   * Replies with a stream of a thread, after an offset or from the next message on; with a problem when a limit is
   * reached.
   * @throws {LogUnavailableError} or `LogCorruptError` when the thread cannot be read
   */
  open(
    thread: string,
    after: number | null,
    user: string | null,
    address: string
  ): HttpStreamReply | HttpReply {
    const { limits, log, clock, subscriptions, connections } = this.options;
    if (this.isClosed) return problem('unavailable', 'the server is stopping');
    const fromThere = [...this.all].filter(({ state }) => state.address === address).length;
    if (
      (limits.total > 0 && this.all.size >= limits.total) ||
      (limits.perAddress > 0 && fromThere >= limits.perAddress)
    ) {
      return problem('rate_limited', 'there are too many open streams');
    }
    // Read before the stream begins: what it throws can still be answered.
    const { epoch } = log.head(thread) ?? log.ensure(thread);
    const since = after === null ? 'live' : after === 0 ? 'start' : { offset: after, epoch };
    return {
      status: 200,
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no'
      },
      stream: (out) => {
        const now = clock.now();
        const connection = new Connection(
          `e${String(this.nextStream++)}`,
          address,
          null,
          false,
          now
        );
        connection.user = user;
        const socket = new EventSocket(out, connection, this);
        connection.socket = socket;
        this.all.add(socket);
        connections.addStream(connection);
        out.onClose(() => {
          this.all.delete(socket);
          for (const members of this.topics.values()) members.delete(socket);
          connection.socket = null;
          connections.removeStream(connection);
          subscriptions.endAll(connection);
        });
        out.onDrain(() => {
          socket.isBlocked = false;
          this.options.onDrain(socket);
        });
        out.write(`retry: ${String(EVENTS_RETRY_MS)}\n\n`);
        subscriptions.open(connection, thread, since, undefined);
      }
    };
  }

  /** Sends a frame to every live stream of a thread. */
  publish(thread: string, frame: string): void {
    const members = this.topics.get(thread);
    if (members === undefined) return;
    for (const socket of [...members]) {
      if (!socket.send(frame)) this.options.onDropped(socket, frame);
    }
  }

  /** Writes to quiet streams, so that proxies keep them open, and ends those that have lagged for too long. */
  sweep(): void {
    const now = this.options.clock.now();
    const isDue = now - this.keptAliveAt >= PING_MS;
    if (isDue) this.keptAliveAt = now;
    for (const socket of this.all) {
      const { laggingSince } = socket.state;
      if (laggingSince !== null && now - laggingSince >= LAG_MAX_MS)
        socket.state.disconnect(3008, 0);
      else if (isDue) socket.keepAlive();
    }
  }

  /** Opens no more streams; open ones end with the other connections. */
  close(): void {
    this.isClosed = true;
  }

  /** Adds a stream to a thread. */
  join(thread: string, socket: EventSocket): void {
    const members = this.topics.get(thread);
    if (members === undefined) this.topics.set(thread, new Set([socket]));
    else members.add(socket);
  }

  /** Removes a stream from a thread. */
  leave(thread: string, socket: EventSocket): void {
    const members = this.topics.get(thread);
    members?.delete(socket);
    if (members?.size === 0) this.topics.delete(thread);
  }
}

/** An event stream with the interface of a socket. */
class EventSocket implements Socket<Connection> {
  readonly state: Connection;
  isBlocked = false;
  private readonly out: HttpStream;
  private readonly streams: EventStreams;
  private isEnded = false;

  constructor(out: HttpStream, state: Connection, streams: EventStreams) {
    this.out = out;
    this.state = state;
    this.streams = streams;
  }

  send(frame: string): boolean {
    if (this.isEnded || this.isBlocked) return false;
    const type = /^\{"type":"([a-z_]+)"/.exec(frame)?.[1] ?? 'message';
    const offset = type === 'message' ? /"offset":(\d+)/.exec(frame)?.[1] : undefined;
    const id = offset === undefined ? '' : `id: ${offset}\n`;
    // A browser does not read frames: the field `retry` tells it when to reconnect.
    const afterMs = type === 'disconnect' ? /"afterMs":([1-9]\d*)/.exec(frame)?.[1] : undefined;
    const retry = afterMs === undefined ? '' : `retry: ${afterMs}\n`;
    this.isBlocked = !this.out.write(`${retry}${id}event: ${type}\ndata: ${frame}\n\n`);
    return true;
  }

  keepAlive(): void {
    if (!this.isEnded && !this.isBlocked) this.isBlocked = !this.out.write(': still here\n\n');
  }

  buffered(): number {
    // The engine reports only that its buffer is full, which counts as too full to read more for it.
    return this.isBlocked ? Number.POSITIVE_INFINITY : 0;
  }

  join(topic: string): void {
    this.streams.join(topic, this);
  }

  leave(topic: string): void {
    this.streams.leave(topic, this);
  }

  cork(work: () => void): void {
    work();
  }

  end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.out.end();
  }

  terminate(): void {
    this.end();
  }
}
