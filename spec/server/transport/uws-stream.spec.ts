import { expect } from 'chai';
import { CHUNK_BYTES, UwsStream, type StreamResponse } from '../../../server/transport/uws-http.js';

/** Size of the engine's cork buffer. */
const CORK_BYTES = 16 * 1024;

/**
 * The engine's response as its source has it, on a kernel that takes `room` bytes. What does not fit into the cork
 * buffer is lost when the kernel takes nothing of the cork buffer: that is the engine's mistake.
 *
 * @see https://github.com/uNetworking/uWebSockets/blob/addac0b/src/AsyncSocket.h
 */
class Engine implements StreamResponse {
  /** What the peer gets. */
  sent = '';
  room: number;
  /** Whether the engine counts the time of the peer. */
  isTimed = false;
  private corked: string | null = null;
  private held = '';
  private writable: (() => boolean) | null = null;

  constructor(room: number) {
    this.room = room;
  }

  /** Lets the kernel take more, and says so. */
  give(room: number): void {
    this.room += room;
    this.isTimed = false;
    this.writable?.();
  }

  cork(work: () => void): void {
    this.corked = '';
    work();
    if (this.uncork() === 'failed') this.isTimed = true;
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

  end(): void {
    this.put('\r\n0\r\n\r\n');
  }

  onWritable(listener: () => boolean): void {
    this.writable = listener;
  }

  pause(): void {
    this.isTimed = false;
  }

  resume(): void {
    this.isTimed = true;
  }

  private put(text: string): 'written' | 'failed' {
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

  private uncork(more = ''): 'written' | 'failed' {
    const text = this.corked ?? '';
    this.corked = null;
    // Here `more` is lost.
    if (text !== '' && this.put(text) === 'failed') return 'failed';
    return more === '' ? 'written' : this.put(more);
  }

  private toKernel(text: string): string {
    const taken = text.slice(0, this.room);
    this.sent += taken;
    this.room -= taken.length;
    return text.slice(taken.length);
  }
}

/** The body of chunks, or what does not fit into one. */
function bodyOf(chunks: string): string {
  let body = '';
  for (let rest = chunks; rest !== '';) {
    const [head = '', size = ''] = /^\r\n([0-9a-f]+)\r\n/.exec(rest) ?? [];
    if (head === '') throw new Error(`no chunk: ${JSON.stringify(rest.slice(0, 40))}`);
    if (size === '0') return body;
    const end = head.length + parseInt(size, 16);
    body += rest.slice(head.length, end);
    rest = rest.slice(end);
  }
  return body;
}

const withoutComments = (body: string): string => body.replaceAll(':\n', '');

describe('UwsStream', () => {
  const event = (letter: string, length: number): string => letter.repeat(length);

  it('sends everything once and in order, wherever the kernel stops taking', () => {
    const texts = [event('a', 20_000), event('b', 300), event('c', CORK_BYTES), event('d', 60_000)];
    const all = texts.join('');
    const rooms = [0, CHUNK_BYTES, 20_000, 36_000, all.length].flatMap((near) =>
      Array.from({ length: 40 }, (_, n) => Math.max(0, near - 20 + n))
    );
    for (const room of rooms) {
      const engine = new Engine(room);
      const stream = new UwsStream(engine);
      for (const text of texts) stream.write(text);
      while (stream.buffered() > 0) engine.give(10_000);
      engine.give(1_000_000);
      stream.end();
      expect(withoutComments(bodyOf(engine.sent)) === all, `room ${String(room)}`).to.equal(true);
    }
  });

  it('looks again whether there is room when the kernel took the rest but not the comment', () => {
    const intervals: (() => void)[] = [];
    const { setInterval: original } = globalThis;
    globalThis.setInterval = (work: () => void) => {
      intervals.push(work);
      return original(() => undefined, 1_000_000);
    };
    try {
      const engine = new Engine(0);
      const stream = new UwsStream(engine);
      stream.write('x');
      engine.give('\r\n1\r\nx'.length);
      expect(engine.isTimed).to.equal(true);
      // the one of the write ended when there was room
      expect(intervals).to.have.length(2);
      stream.end();
    } finally {
      globalThis.setInterval = original;
    }
  });
});
