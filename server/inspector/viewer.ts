/**
 * A viewer of the inspector, over a WebSocket: what it wants to see, and what was dropped because it read too slowly.
 * Nothing waits for a viewer: a message that its socket does not accept is dropped and counted.
 */
import type { DroppedMessage, RecordedMessage, ViewerMessage } from '../../protocol/inspection.js';
import type { TokenBucket } from '../chat/work/token-bucket.js';
import { OutFrame } from '../transport/out-frame.js';
import type { Socket } from '../transport/transport.js';
import type { Recorded } from './recording-buffer.js';

/** Which messages a viewer understands: all of `protocol/inspection.ts`, or only those of `@statelyai/inspect`. */
export type ViewerKind = 'rollcall' | 'stately';

/** State of one viewer's connection. */
export class Viewer {
  readonly kind: ViewerKind;
  /** Threads that it watches besides the tree. */
  threads: ReadonlySet<string>;
  /** Whether it watches all threads. */
  everything = false;
  socket: Socket<Viewer> | null = null;
  /** Number of messages dropped for it, in all. */
  dropped = 0;
  /** Since when its socket has refused every message, a moment of `Clock.elapsed()`; null while it accepts them. */
  stuckSince: number | null = null;
  /** Limit on its requests; null before the first request. */
  requests: TokenBucket | null = null;
  private toldDropped = 0;

  constructor(kind: ViewerKind, threads: readonly string[]) {
    this.kind = kind;
    this.threads = new Set(threads);
  }

  /** Returns whether it wants a message. */
  wants({ thread, type }: Recorded): boolean {
    if (thread === null) return this.kind === 'rollcall' || type.startsWith('@xstate.');
    return this.everything || this.threads.has(thread);
  }

  /** Sends a message; a message that the socket refuses is dropped and counted. */
  give(message: OutFrame, now: number): void {
    if (this.socket === null) return;
    if (this.toldDropped < this.dropped) this.tellDropped();
    if (this.socket.send(message)) {
      this.stuckSince = null;
      return;
    }
    this.dropped++;
    this.stuckSince ??= now;
  }

  /** Returns for how long its socket has refused every message, in milliseconds. */
  stuckMs(now: number): number {
    return this.stuckSince === null ? 0 : now - this.stuckSince;
  }

  /** Gives a stuck viewer the time in which this process was away itself. */
  excuse(awayMs: number): void {
    if (this.stuckSince !== null) this.stuckSince += awayMs;
  }

  /** Sends a message to this viewer only, such as a reply. */
  tell(message: ViewerMessage | RecordedMessage, now: number): void {
    this.give(outOf(message), now);
  }

  /** Notes that the socket accepts messages again. */
  drained(): void {
    if (this.toldDropped < this.dropped) this.tellDropped();
  }

  private tellDropped(): void {
    const message: DroppedMessage = { type: 'inspect.dropped', count: this.dropped };
    const isTold = this.kind === 'stately' || this.socket?.send(outOf(message)) === true;
    if (!isTold) return;
    this.toldDropped = this.dropped;
    this.stuckSince = null;
  }
}

/** A message on its way to viewers. */
export function outOf(message: ViewerMessage | RecordedMessage): OutFrame {
  return new OutFrame(JSON.stringify(message), message.type);
}
