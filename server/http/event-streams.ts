/**
 * Threads as server-sent events: the same subscriptions as over WebSocket, over an HTTP reply that stays open. Every
 * frame is an event of its type. The id of a message's event is its place, epoch and offset, so that `Last-Event-ID`
 * resumes.
 */
import type { Place } from '../../protocol/place.js';
import type { Identity } from '../access/identity.js';
import type { Connection } from '../chat/connection.js';
import type { StreamOpener } from '../chat/streams/stream-opener.js';
import { openEventSocket } from '../transport/event-socket.js';
import type { FanOut } from '../transport/fan-out.js';
import type { HttpReply, HttpStreamReply } from '../transport/transport.js';

/**
 * Time after which a browser reconnects by itself, in milliseconds, sent in the stream; a goodbye has a time of its
 * own.
 */
export const EVENTS_RETRY_MS = 2_000;

/** Headers of every event stream. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no'
} as const;

/** Options of {@link EventStreams}. */
export interface EventStreamsOptions {
  readonly opener: StreamOpener;
  /** The chat's sockets; each stream becomes one of them. */
  readonly fanOut: FanOut<Connection>;
}

/** Opens event streams. */
export class EventStreams {
  private readonly options: EventStreamsOptions;

  constructor(options: EventStreamsOptions) {
    this.options = options;
  }

  /**
   * Replies with a stream of a thread, after a place or from the next message on; with a problem when a limit is
   * reached. The caller has made sure that the reader may read.
   * @throws {LogUnavailableError} or `LogCorruptError` when the thread cannot be read
   */
  open(
    thread: string,
    after: Place | null,
    reader: Identity,
    address: string
  ): HttpStreamReply | HttpReply {
    const { opener, fanOut } = this.options;
    const request = { thread, reader, address };
    const refusal = opener.refusal(request);
    if (refusal !== null) return refusal;
    return {
      status: 200,
      headers: EVENT_STREAM_HEADERS,
      stream: (out) => {
        opener.open(request, after, (connection) => {
          out.write(`retry: ${String(EVENTS_RETRY_MS)}\n\n`);
          openEventSocket(fanOut, connection, out);
        });
      }
    };
  }
}
