import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { expect } from 'chai';
import { ENGINES, Rig } from './transport-rig.js';

/** More than the kernel takes for a peer that reads nothing; its buffers on both sides grow to a few megabytes. */
const BIG_BYTES = 24 * 1024 * 1024;

/** Small enough that the kernel takes the whole reply, even when the peer reads nothing. */
const TAKEN_BYTES = 200_000;

/** Returns a body in which each part differs, so that lost or repeated parts are noticed. */
function bodyOf(letter: string, length: number): Buffer {
  const body = Buffer.alloc(length, letter);
  for (let at = 0; at + 12 <= length; at += 4_096) body.write(String(at).padStart(12, '0'), at);
  return body;
}

/** Reads until this many replies are complete or the connection has ended; returns their bodies. */
async function readReplies(tcp: TcpSocket, count: number): Promise<Buffer[]> {
  const bodies: Buffer[] = [];
  let chunks: Buffer[] = [];
  let missing = 0;
  for await (const chunk of tcp as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    missing -= chunk.length;
    while (missing <= 0) {
      const all = Buffer.concat(chunks);
      const end = all.indexOf('\r\n\r\n') + 4;
      const length = /content-length: (\d+)/i.exec(all.subarray(0, end).toString())?.[1];
      const size = end + Number(length);
      missing = length === undefined ? 1 : size - all.length;
      chunks = [all];
      if (missing > 0) break;
      bodies.push(all.subarray(end, size));
      chunks = [all.subarray(size)];
      missing = 1;
      if (bodies.length === count) return bodies;
      missing = all.length > size ? 0 : 1;
    }
  }
  return bodies;
}

for (const [engine, create] of Object.entries(ENGINES)) {
  describe(`${engine} and a slow reader of whole replies`, () => {
    let rig: Rig;
    let tcp: TcpSocket;
    /** Resolves when the server has received a request. */
    let asked: Promise<void>;
    const bodies: Readonly<Record<string, Buffer>> = {
      '/taken': bodyOf('a', TAKEN_BYTES),
      '/big': bodyOf('b', BIG_BYTES)
    };

    beforeEach(async () => {
      rig = new Rig(create);
      await rig.start();
      asked = new Promise((resolve) => {
        rig.events.onRequest = ({ path }) => {
          resolve();
          return { status: 200, headers: {}, body: bodies[path] ?? '' };
        };
      });
      tcp = connect(rig.port, '127.0.0.1');
      tcp.on('error', () => undefined);
      await once(tcp, 'connect');
    });
    afterEach(async () => {
      tcp.destroy();
      await rig.stop();
    });

    const ask = (path: string, header = ''): void => {
      tcp.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n`);
    };

    it('sends a second reply whole although the peer has not read the first one', async () => {
      ask('/taken');
      await asked;
      ask('/big');
      const replies = await readReplies(tcp, 2);
      const same = [bodies['/taken']!, bodies['/big']!].map((body, n) => replies[n]?.equals(body));
      expect(same).to.deep.equal([true, true]);
    });

    for (const header of ['Connection: close\r\n', 'Connection: close, x\r\n']) {
      it(`sends a last reply whole and closes: ${header.trim()}`, async () => {
        ask('/big', header);
        await asked;
        const replies = await readReplies(tcp, 2);
        expect(replies.map((body) => body.equals(bodies['/big']!))).to.deep.equal([true]);
      });
    }
  });
}
