/**
 * Sends the pieces of answers to the sockets of a thread, and to slow sockets less often: a socket whose peer does not
 * read gets the same text in fewer frames, one each 100 to 500 ms, the rarer the more it has not read. Nothing is kept
 * for sockets that keep up, and nothing is made for each socket of a thread: the slow ones of a run that lack the same
 * text share a frame.
 */
import type { Clock } from '../../../actors/clock.js';
import type { ServerFrame } from '../../../protocol/frames.js';
import { FLUSH_BYTES, type FanOut, type QueuedSocket } from '../../transport/fan-out.js';
import type { OutFrame } from '../../transport/out-frame.js';
import { encodeFrame } from '../frame-encoder.js';

/** Shortest time between two frames of a run for a slow socket, in milliseconds. */
export const SLOW_MIN_MS = 100;
/** Longest time between two frames of a run for a slow socket, in milliseconds. */
export const SLOW_MAX_MS = 500;

/** A run that has sent no piece for this long is forgotten; its end has the whole text. */
export const FORGOTTEN_MS = 10_000;

type Chunk = ServerFrame<'chunk'>;

/** What one slow socket lacks of one run. */
interface Lack {
  /** Position of the first character that it lacks. */
  at: number;
  dueMs: number;
}

/** A run with slow sockets. */
interface SlowRun<S> {
  chunk: Chunk;
  /** The text from this position on is kept. */
  from: number;
  text: string;
  lastMs: number;
  readonly sockets: Map<QueuedSocket<S>, Lack>;
}

/** Options of {@link ChunkPace}. */
export interface ChunkPaceOptions<S> {
  readonly clock: Pick<Clock, 'elapsed' | 'setTimeout' | 'clearTimeout'>;
  readonly fanOut: Pick<FanOut<S>, 'publishToQuick' | 'has' | 'limits'>;
}

/** The pace of all runs. */
export class ChunkPace<S> {
  private readonly options: ChunkPaceOptions<S>;
  private readonly runs = new Map<string, SlowRun<S>>();
  private timer: unknown = null;

  constructor(options: ChunkPaceOptions<S>) {
    this.options = options;
  }

  /** Number of runs of which slow sockets lack text. */
  get slowRuns(): number {
    return this.runs.size;
  }

  /** Sends a piece to the sockets of its thread that keep up; returns the number of all of its sockets. */
  tell(chunk: Chunk): number {
    const known = this.runs.get(chunk.run);
    const now = this.options.clock.elapsed();
    if (known !== undefined) {
      if (known.chunk.attempt === chunk.attempt) known.text += chunk.text;
      else {
        known.from = chunk.at;
        known.text = chunk.text;
        for (const lack of known.sockets.values()) lack.at = chunk.at;
      }
      known.chunk = chunk;
      known.lastMs = now;
    }
    return this.options.fanOut.publishToQuick(
      chunk.thread,
      encodeFrame(chunk),
      known?.sockets ?? null,
      (socket) => {
        this.lacks(socket, chunk, now);
      }
    );
  }

  /** Forgets a run that is over: the entry of its end has the whole text. */
  ended(run: string): void {
    this.runs.delete(run);
  }

  private lacks(socket: QueuedSocket<S>, chunk: Chunk, now: number): void {
    const { at, text, run } = chunk;
    let slow = this.runs.get(run);
    if (slow === undefined) {
      slow = { chunk, from: at, text, lastMs: now, sockets: new Map() };
      this.runs.set(run, slow);
    }
    slow.sockets.set(socket, { at, dueMs: now + this.paceMs(socket) });
    this.timer ??= this.options.clock.setTimeout(this.look, SLOW_MIN_MS);
  }

  private paceMs(socket: QueuedSocket<S>): number {
    const share = Math.min(1, socket.unreadBytes() / this.options.fanOut.limits.lagBytes);
    return SLOW_MIN_MS + Math.round((SLOW_MAX_MS - SLOW_MIN_MS) * share);
  }

  private readonly look = (): void => {
    this.timer = null;
    const { clock } = this.options;
    const now = clock.elapsed();
    for (const [run, slow] of this.runs) {
      if (now - slow.lastMs < FORGOTTEN_MS) this.send(slow, now);
      if (now - slow.lastMs >= FORGOTTEN_MS || slow.sockets.size === 0) this.runs.delete(run);
    }
    if (this.runs.size > 0) this.timer = clock.setTimeout(this.look, SLOW_MIN_MS);
  };

  private send(slow: SlowRun<S>, now: number): void {
    const { chunk, from, text, sockets } = slow;
    const end = from + text.length;
    const frames = new Map<number, OutFrame>();
    let oldest = end;
    for (const [socket, lack] of sockets) {
      if (socket.closed) {
        sockets.delete(socket);
        continue;
      }
      // A socket that lags too much to get messages is in no topic until it has read them from the log.
      if (lack.dueMs <= now && this.options.fanOut.has(chunk.thread, socket)) {
        if (lack.at < end) {
          const at = lack.at;
          const frame =
            frames.get(at) ?? encodeFrame({ ...chunk, at, text: text.slice(at - from) });
          frames.set(at, frame);
          if (socket.queue(frame)) lack.at = end;
        }
        if (lack.at === end && socket.unreadBytes() <= FLUSH_BYTES) {
          sockets.delete(socket);
          continue;
        }
        lack.dueMs = now + this.paceMs(socket);
      }
      oldest = Math.min(oldest, lack.at);
    }
    slow.text = text.slice(oldest - from);
    slow.from = oldest;
  }
}
