import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { askJson, NoAnswerError, type Question } from '../../../server/auth/bounded-json.js';

/** Longer than any case takes. Cases about the timeout set a shorter one. */
const LONG_MS = 60_000;
const BYTES_MAX = 1_000;

describe('askJson', () => {
  let server: Server;
  let url: URL;
  let answer: RequestListener;
  const asked: IncomingMessage[] = [];

  before(async () => {
    server = createServer((request, response) => {
      asked.push(request);
      answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/ask`);
  });
  beforeEach(() => {
    asked.length = 0;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const ask = async (question: Partial<Question> = {}): Promise<unknown> => {
    try {
      return await askJson({ url, timeoutMs: LONG_MS, bytesMax: BYTES_MAX, ...question });
    } catch (error) {
      if (error instanceof NoAnswerError) return error.message;
      throw error;
    }
  };

  it('gets JSON, and posts JSON with the user of the address', async () => {
    answer = (request, response) => {
      request.setEncoding('utf8');
      request.on('data', (text: string) => response.end(`{"got":${text}}`));
      if (request.method === 'GET') response.end('[1]');
    };
    expect(await ask()).to.eql([1]);
    const withUser = new URL(url);
    withUser.username = 'me';
    withUser.password = 'p%40ss';
    expect(await ask({ url: withUser, body: { a: 'ä' } })).to.eql({ got: { a: 'ä' } });
    const { authorization } = asked[1]!.headers;
    expect(authorization).to.equal(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  const faults: [string, RequestListener, RegExp, Partial<Question>?][] = [
    ['an error', (_, r) => r.writeHead(500).end('{}'), /^answered 500$/],
    ['nothing', (_, r) => r.writeHead(204).end(), /^answered 204$/],
    ['a page', (_, r) => r.end('<html>secret</html>'), /^answered something that is no JSON$/],
    ['nothing at all', (_, r) => r.end(), /no JSON/],
    [
      'half a text',
      (_, r) => r.writeHead(200, { 'content-length': '9' }).write('{', () => r.destroy()),
      /^cannot be reached/
    ],
    [
      'a redirect',
      (_, r) => r.writeHead(302, { location: '/other' }).end(),
      /^answered 302, a redirect, which is not followed$/
    ],
    ['too much', (_, r) => r.end(`"${'x'.repeat(BYTES_MAX)}"`), /^answered more than 1,000 bytes$/],
    [
      'too much in little',
      (_, r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(' '.repeat(1e6))),
      /^answered more than 1,000 bytes$/
    ],
    ['no answer', () => undefined, /^has not answered within 40 ms$/, { timeoutMs: 40 }],
    ['half an answer', (_, r) => r.write('{'), /^has not answered within 40 ms$/, { timeoutMs: 40 }]
  ];
  for (const [what, listener, message, question] of faults) {
    it(`says so when it gets ${what}`, async () => {
      answer = listener;
      expect(await ask(question)).to.match(message);
      expect(asked).to.have.lengthOf(1);
    });
  }

  it('says so when nobody is there', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const gone = new URL(url);
    gone.port = String((other.address() as AddressInfo).port);
    other.close();
    await once(other, 'close');
    expect(await ask({ url: gone })).to.equal('cannot be reached (ECONNREFUSED)');
  });
});
