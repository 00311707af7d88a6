import { expect } from 'chai';
import { CHUNK_BYTES, UwsStream } from '../../../../server/transport/uws/uws-stream.js';
import { CORK_BYTES, Engine } from './uws-engine.js';

/** Returns the body that the chunks hold; throws when the text is not chunked. */
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

  it('keeps no timer once the kernel has said that it has room', () => {
    const running = new Set<() => void>();
    const { setInterval: originalSet, clearInterval: originalClear } = globalThis;
    const works = new Map<NodeJS.Timeout, () => void>();
    globalThis.setInterval = (work: () => void) => {
      const timer = originalSet(() => undefined, 1_000_000);
      works.set(timer, work);
      running.add(work);
      return timer;
    };
    globalThis.clearInterval = ((timer: NodeJS.Timeout) => {
      running.delete(works.get(timer) ?? (() => undefined));
      originalClear(timer);
    }) as typeof clearInterval;
    try {
      const engine = new Engine(1_000);
      const stream = new UwsStream(engine);
      stream.write('x');
      expect(running.size).to.equal(1);
      engine.give(0);
      expect([running.size, engine.isTimed, stream.buffered()]).to.deep.equal([0, false, 0]);
      stream.end();
    } finally {
      globalThis.setInterval = originalSet;
      globalThis.clearInterval = originalClear;
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
      // the timer of the write ended when there was room; the second timer looks again
      expect(intervals).to.have.length(2);
      stream.end();
    } finally {
      globalThis.setInterval = original;
    }
  });
});
