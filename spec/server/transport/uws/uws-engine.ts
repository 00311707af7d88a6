/** A model of uWebSockets.js for the specs of its streams and replies. */
import type { ReplyResponse } from '../../../../server/transport/uws/uws-reply.js';
import type { StreamResponse } from '../../../../server/transport/uws/uws-stream.js';

/** Size of the engine's cork buffer. */
export const CORK_BYTES = 16 * 1024;

/**
 * The engine's response, modelled on its source, on a kernel that takes `room` bytes. The model has the engine's fault:
 * bytes that do not fit into the cork buffer are lost when the kernel takes nothing of that buffer.
 *
 * @see https://github.com/uNetworking/uWebSockets/blob/addac0b/src/AsyncSocket.h
 */
export class Engine implements StreamResponse, ReplyResponse {
  /** Text that goes to the peer. */
  sent = '';
  room: number;
  /** Whether the engine's timeout for a slow peer is running. */
  isTimed = false;
  /** Whether a reply is incomplete. The engine cuts the connection when another request comes meanwhile. */
  isPending = true;
  private writtenBytes = 0;
  private hasHead = false;
  private corked: string | null = null;
  private held = '';
  private writable: ((writtenBytes: number) => boolean) | null = null;

  constructor(room: number) {
    this.room = room;
  }

  /** Bytes that the engine has copied. */
  get heldBytes(): number {
    return this.held.length;
  }

  /** Gives the kernel room for more bytes, and calls the listener. */
  give(room: number): void {
    this.room += room;
    this.isTimed = false;
    this.writable?.(this.writtenBytes);
  }

  cork(work: () => void): void {
    this.corked = '';
    work();
    if (this.corked !== null && this.uncork() === 'failed') this.isTimed = true;
  }

  write(chunk: Uint8Array): boolean {
    const text = Buffer.from(chunk).toString();
    this.put('\r\n');
    this.put(text.length.toString(16));
    this.put('\r\n');
    const isWhole = this.put(text) === 'written';
    if (!isWhole) this.isTimed = true;
    return isWhole;
  }

  /** Ends a stream, or writes a whole reply. */
  end(body?: Uint8Array): void {
    if (body === undefined) {
      this.put('\r\n0\r\n\r\n');
      return;
    }
    const text = Buffer.from(body).toString();
    this.put(`${String(text.length)}\n`);
    // Lost bytes count as unwritten, so the reply stays pending.
    if (this.put(text) === 'lost') return;
    this.isPending = false;
    this.writable = null;
  }

  /** Writes the held bytes, as the engine does for a connection without a listener. */
  flush(): void {
    this.held = this.toKernel(this.held);
  }

  /** Writes the headers of a reply. */
  writeHead(text: string): void {
    this.put(text);
  }

  /** Begins the next reply of the connection. */
  next(): void {
    if (this.isPending) throw new Error('the engine cuts the connection here');
    this.isPending = true;
    this.hasHead = false;
    this.writtenBytes = 0;
  }

  tryEnd(body: Uint8Array, totalBytes: number): [boolean, boolean] {
    if (!this.isPending) throw new Error('the response has ended');
    if (!this.hasHead) this.put(`${String(totalBytes)}\n`);
    this.hasHead = true;
    const text = Buffer.from(body).toString();
    const taken = this.offer(text);
    this.writtenBytes += taken;
    const isWhole = taken === text.length;
    if (!isWhole) this.isTimed = true;
    if (this.writtenBytes === totalBytes) {
      this.isPending = false;
      this.writable = null;
    }
    return [isWhole, !this.isPending];
  }

  onWritable(listener: (writtenBytes: number) => boolean): void {
    this.writable = listener;
  }

  pause(): void {
    this.isTimed = false;
  }

  resume(): void {
    this.isTimed = true;
  }

  /** Writes as much as there is room for, and returns how much that was. */
  private offer(text: string): number {
    if (this.held !== '') {
      this.held = this.toKernel(this.held);
      if (this.held !== '') return 0;
    }
    const { corked } = this;
    if (corked !== null) {
      if (corked.length + text.length <= CORK_BYTES) {
        this.corked = `${corked}${text}`;
        return text.length;
      }
      if (this.uncork() === 'failed') return 0;
    }
    return text.length - this.toKernel(text).length;
  }

  private put(text: string): 'written' | 'failed' | 'lost' {
    if (this.held !== '') {
      this.held = this.toKernel(this.held);
      if (this.held !== '') {
        this.held += text;
        return 'failed';
      }
    }
    if (this.corked === null) {
      this.held = this.toKernel(text);
      return this.held === '' ? 'written' : 'failed';
    }
    if (this.corked.length + text.length > CORK_BYTES) return this.uncork(text);
    this.corked += text;
    return 'written';
  }

  private uncork(more = ''): 'written' | 'failed' | 'lost' {
    const text = this.corked ?? '';
    this.corked = null;
    if (text !== '' && this.put(text) === 'failed') return more === '' ? 'failed' : 'lost';
    return more === '' ? 'written' : this.put(more);
  }

  private toKernel(text: string): string {
    const taken = text.slice(0, this.room);
    this.sent += taken;
    this.room -= taken.length;
    return text.slice(taken.length);
  }
}
