/**
 * Follows the runs of a thread, for the doors of other people's clients: from any moment on, without a gap or a double.
 * Everybody who follows is a stream of the chat, with its limits: it ends when its token ends or is revoked, when its
 * user may no longer read, and when it does not read for a minute.
 */
import { QueuedSocket, type FanOut } from '../../transport/fan-out.js';
import type { OutFrame } from '../../transport/out-frame.js';
import type { HttpReply } from '../../transport/transport.js';
import type { Connection } from '../connection.js';
import type { StreamOpener, StreamRequest } from '../streams/stream-opener.js';
import {
  RunReader,
  type RunEvent,
  type RunReaderPorts,
  type RunsSince,
  type ThreadEvent
} from './run-reader.js';

/** Options of {@link RunFeed}. */
export interface RunFeedOptions extends RunReaderPorts {
  readonly opener: StreamOpener;
  /** The chat's sockets; everybody who follows becomes one of them. */
  readonly fanOut: FanOut<Connection>;
}

/** What somebody wants to follow. */
export interface RunFeedRequest extends StreamRequest {
  readonly since: RunsSince;
  /** The only run that matters. Default: all of the thread. */
  readonly only?: string;
  /**
   * Returns the bytes that the peer has not read yet. While they are many, the stream counts as slow; tell it by
   * {@link RunStream.drained} when there is room again. Default: none.
   */
  readonly buffered?: () => number;
  /** Called when the chat pings its connections, so that the door can keep that of the peer open. */
  readonly onPing?: () => void;
}

/** Opens {@link RunStream}s. */
export class RunFeed {
  private readonly options: RunFeedOptions;

  constructor(options: RunFeedOptions) {
    this.options = options;
  }

  /**
   * Returns the reply to somebody for whom there is no room; null when there is. The caller has made sure that the reader
   * may read.
   * @throws {LogUnavailableError} or `LogCorruptError` when the thread cannot be read
   */
  refusal(request: StreamRequest): HttpReply | null {
    return this.options.opener.refusal(request);
  }

  /**
   * Begins to follow. A stream that may not be opened any more is over at once.
   * @throws {LogUnavailableError} or `LogCorruptError` when the thread cannot be read
   */
  open(request: RunFeedRequest): RunStream {
    const { thread, since, only } = request;
    return this.follow(new RunReader(this.options, thread, since, only), request);
  }

  /** Goes on with a reader of the thread, as {@link open} does. */
  follow(reader: RunReader, request: Omit<RunFeedRequest, 'since' | 'only'>): RunStream {
    const { opener, fanOut } = this.options;
    const { buffered = NOTHING_BUFFERED, onPing = NOTHING } = request;
    const stream = new RunStream(reader);
    opener.open(request, null, (connection) => {
      const socket = new FeedSocket(fanOut, connection, stream, { buffered, onPing });
      stream.attach(socket);
      fanOut.events.open(socket);
    });
    return stream;
  }
}

const NOTHING_BUFFERED = (): number => 0;
const NOTHING = (): void => undefined;

/** The runs of a thread as they go on. It holds no events: what happens while nobody reads is joined. */
export class RunStream {
  private readonly reader: RunReader;
  private socket: FeedSocket | null = null;
  private wake: () => void = () => undefined;
  private hasEnded = false;
  private code: number | null = null;
  /** Called when it has ended, from either side: for who waits for something else than the next event. */
  onEnd: () => void = () => undefined;

  constructor(reader: RunReader) {
    this.reader = reader;
  }

  /** Whether it has ended. */
  get isOver(): boolean {
    return this.hasEnded;
  }

  /** The close code with which the server has ended it; null while it goes on, and when {@link close} has ended it. */
  get endedWith(): number | null {
    return this.code;
  }

  /** Offset of the newest entry that was read. */
  get offset(): number {
    return this.reader.offset;
  }

  /** Sets its socket; for {@link RunFeed}. */
  attach(socket: FeedSocket): void {
    this.socket = socket;
  }

  /**
   * Resolves to the next event, when there is one; to null when the stream is over. Only one call may wait.
   * @throws {LogUnavailableError} while the log cannot be read
   */
  next(): Promise<RunEvent | null> {
    return this.read(() => this.reader.next());
  }

  /** Like {@link next}, but also resolves to what others than agents write; not in a stream of one run. */
  nextOfThread(): Promise<ThreadEvent | null> {
    return this.read(() => this.reader.nextOfThread());
  }

  private async read<E>(next: () => E | null): Promise<E | null> {
    for (;;) {
      if (this.hasEnded) return null;
      const event = next();
      if (event !== null) return event;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Tells it that something may have happened. */
  notice(): void {
    this.wake();
  }

  /** Tells it that the peer has read all that was sent. */
  drained(): void {
    this.socket?.drained();
    this.wake();
  }

  /** Ends it. */
  close(): void {
    this.end(null);
    this.socket?.terminate();
  }

  /** Notes its end; for its socket. */
  end(code: number | null): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.code = code;
    this.wake();
    this.onEnd();
  }
}

/** What a {@link FeedSocket} asks and tells the peer. */
type FeedPeer = Required<Pick<RunFeedRequest, 'buffered' | 'onPing'>>;

/** Takes what the chat sends to a subscriber. Frames only say that something has happened: it is read from the log. */
class FeedSocket extends QueuedSocket<Connection> {
  private readonly stream: RunStream;
  private readonly peer: FeedPeer;

  constructor(
    fanOut: FanOut<Connection>,
    connection: Connection,
    stream: RunStream,
    peer: FeedPeer
  ) {
    super(fanOut, connection);
    this.stream = stream;
    this.peer = peer;
  }

  protected engineBuffered(): number {
    return this.peer.buffered();
  }

  protected engineWrite(frames: readonly OutFrame[]): void {
    if (frames.some(({ type }) => type === 'ping')) this.peer.onPing();
    this.stream.notice();
  }

  protected engineEnd(code: number): void {
    this.stream.end(code);
    this.settle(code);
  }

  protected engineTerminate(): void {
    this.stream.end(null);
    this.settle(1006);
  }
}
