/**
 * One who looks through the inspector, over a WebSocket: what it wants to hear of, and what it could not be given since
 * it does not read. Nothing waits for a viewer: what its socket does not take is dropped and counted.
 */
import type { DroppedMessage, RecordedMessage, ViewerMessage } from '../../protocol/inspection.js';
import type { TokenBucket } from '../chat/token-bucket.js';
import type { Socket } from '../transport/transport.js';
import type { Recorded } from './recording-buffer.js';

/** What a viewer understands: all of `inspection-protocol.ts`, or the messages of `@statelyai/inspect` only. */
export type ViewerKind = 'rollcall' | 'stately';

/** State of one viewer's connection. */
export class Viewer {
  readonly kind: ViewerKind;
  /** Threads that it watches beside the tree. */
  threads: ReadonlySet<string>;
  /** Whether it watches all threads. */
  everything = false;
  socket: Socket<Viewer> | null = null;
  /** Messages that it was not given, in all. */
  dropped = 0;
  /** When its socket last refused a message without having taken one since, Unix milliseconds; null when it takes them. */
  stuckSince: number | null = null;
  /** How often it may ask; null before it has. */
  requests: TokenBucket | null = null;
  private toldDropped = 0;

  constructor(kind: ViewerKind, threads: readonly string[]) {
    this.kind = kind;
    this.threads = new Set(threads);
  }

  /** Whether it is to hear of a message. */
  wants({ thread, type }: Recorded): boolean {
    if (thread === null) return this.kind === 'rollcall' || type.startsWith('@xstate.');
    return this.everything || this.threads.has(thread);
  }

  /** Gives it a message as JSON text; one that the socket does not take is dropped and counted. */
  give(text: string, now: number): void {
    if (this.socket === null) return;
    if (this.toldDropped < this.dropped) this.tellDropped();
    if (this.socket.send(text)) {
      this.stuckSince = null;
      return;
    }
    this.dropped++;
    this.stuckSince ??= now;
  }

  /** Gives it a message of its own, such as a reply. */
  tell(message: ViewerMessage | RecordedMessage, now: number): void {
    this.give(JSON.stringify(message), now);
  }

  /** The socket has room again. */
  drained(): void {
    if (this.toldDropped < this.dropped) this.tellDropped();
  }

  private tellDropped(): void {
    const message: DroppedMessage = { type: 'inspect.dropped', count: this.dropped };
    const isTold = this.kind === 'stately' || this.socket?.send(JSON.stringify(message)) === true;
    if (!isTold) return;
    this.toldDropped = this.dropped;
    this.stuckSince = null;
  }
}
