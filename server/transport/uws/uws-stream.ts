/**
 * Event streams of uWebSockets.js: replies that are sent in parts, for as long as the reader stays.
 */
import type { HttpStream } from '../transport.js';

/** An empty comment of an event stream. */
export const PROBE = ':\n';

/**
 * How often to ask whether the kernel has room, until it has. The engine cuts a stream from 8 s after a write that
 * found no room, even when it holds no bytes any more.
 */
export const STALLED_PROBE_MS = 4_000;

/**
 * Most bytes of a chunk. The engine has a cork buffer of 16 kB; the length of the chunk and the line ends need 12 bytes
 * of it. When the kernel takes nothing of that buffer, this version of the engine loses the bytes that did not fit into
 * it, and the peer reads the next chunk in their place. Fixed in the engine's source in April 2026.
 *
 * @see https://github.com/uNetworking/uWebSockets/commit/6b7f3540cec801a7f1cb01141eae8ab989dd4e70
 */
export const CHUNK_BYTES = 16_000;

/** What a stream needs of the engine's response. */
export interface StreamResponse {
  cork(work: () => void): unknown;
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  onWritable(listener: () => boolean): unknown;
  pause(): unknown;
  resume(): unknown;
}

/**
 * A reply that is sent in parts.
 *
 * The engine reports a full buffer only at the write after the one that filled it, but it gives the reader 10 s from
 * the write that filled it. Only the event "the kernel has room" ends this time; a write does not, even if it empties
 * the buffer. So this asks for that event after each write, and the reader's time begins again until the event comes.
 *
 * The engine empties the buffer by itself only for replies without an `onWritable` listener, and ends those after 10 s
 * without a write. So this writes an empty comment, which readers of event streams skip, to ask whether the buffer is
 * empty and to send the rest.
 */
export class UwsStream implements HttpStream {
  private readonly res: StreamResponse;
  private readonly probe: Uint8Array;
  private isOpen = true;
  /** Bytes written since the engine last held none: the most that it may hold now. */
  private heldBytes = 0;
  /**
   * Runs from a write until the kernel reports room: the engine may count the reader's time, but the server decides how
   * long a reader may lag. There is at most one timer a stream. It cannot end sooner: a corked write does not report
   * that it found no room, and a later write that finds room does not stop the engine's count.
   */
  private stalled: NodeJS.Timeout | null = null;
  private drained: (() => void) | null = null;
  private closed: (() => void) | null = null;

  /** @param filler what is written to ask whether there is room, which readers skip */
  constructor(res: StreamResponse, filler = PROBE) {
    this.res = res;
    this.probe = Buffer.from(filler);
    res.onWritable(() => {
      this.notStalled();
      if (!this.isOpen) return true;
      // Without a cork the engine reports at once whether the kernel has taken everything, also this comment.
      const wasHolding = this.heldBytes > 0;
      this.heldBytes = res.write(this.probe) ? 0 : this.heldBytes + this.probe.length;
      if (this.heldBytes > 0) this.watch();
      else if (wasHolding) this.drain();
      return true;
    });
  }

  write(chunk: string | Uint8Array): boolean {
    if (!this.isOpen) return false;
    const isWhole = this.put(chunk);
    this.watch();
    return isWhole;
  }

  buffered(): number {
    return this.isOpen ? this.heldBytes : 0;
  }

  private put(chunk: string | Uint8Array): boolean {
    const wasHolding = this.heldBytes > 0;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
      const part = bytes.subarray(from, from + CHUNK_BYTES);
      // Cork each part alone: two parts in one cork could be too long for the cork buffer.
      this.res.cork(() => {
        this.heldBytes = this.res.write(part) ? 0 : this.heldBytes + part.length;
      });
    }
    const isHolding = this.heldBytes > 0;
    if (wasHolding && !isHolding) this.drain();
    return !isHolding;
  }

  /** Any write may find room again. Its caller must not be called back during the write. */
  private drain(): void {
    queueMicrotask(() => this.drained?.());
  }

  private watch(): void {
    this.stalled ??= setInterval(() => {
      if (this.heldBytes > 0) this.put(this.probe);
      // `pause` ends the engine's time. `resume` begins it again, and asks for the event.
      this.res.pause();
      this.res.resume();
    }, STALLED_PROBE_MS).unref();
  }

  private notStalled(): void {
    if (this.stalled === null) return;
    clearInterval(this.stalled);
    this.stalled = null;
  }

  end(): void {
    if (!this.isOpen) return;
    this.res.cork(() => {
      this.res.end();
    });
    this.close();
  }

  onDrain(listener: () => void): void {
    this.drained = listener;
  }

  onClose(listener: () => void): void {
    this.closed = listener;
    if (!this.isOpen) listener();
  }

  /** Called by the transport when the peer has disconnected. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.notStalled();
    this.closed?.();
  }
}
