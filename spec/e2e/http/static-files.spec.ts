import { request, type IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Requests a path and leaves the body encoded; `fetch` would decode it. */
function ask(url: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request(url, { method, headers }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.once('end', () => {
        const body = Buffer.concat(chunks);
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body });
      });
    });
    req.once('error', reject);
    req.end();
  });
}

for (const transport of TRANSPORTS) {
  describe(`static files on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({ env: { TRANSPORT: transport } });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    for (const path of ['/', '/status.html', '/inspect', '/assets/chat/chat.js']) {
      it(`are the same in each coding, and smaller: ${path}`, async () => {
        const url = `${server.url}${path}`;
        const plain = await ask(url, {});
        expect(plain.headers).to.not.have.property('content-encoding');
        for (const [coding, decode] of [
          ['br', brotliDecompressSync],
          ['gzip', gunzipSync]
        ] as const) {
          const coded = await ask(url, { 'accept-encoding': coding });
          expect(coded.headers['content-encoding']).to.equal(coding);
          expect(coded.headers['content-type']).to.equal(plain.headers['content-type']);
          expect(coded.headers.vary).to.equal('Accept-Encoding');
          expect(decode(coded.body).equals(plain.body)).to.equal(true);
          expect(coded.body.length).to.be.lessThan(plain.body.length / 2);
        }
      });

      it(`are not sent again to whoever has them: ${path}`, async () => {
        const url = `${server.url}${path}`;
        const accept = { 'accept-encoding': 'gzip, br' };
        const { headers, body } = await ask(url, accept);
        for (const method of ['GET', 'HEAD']) {
          const known = { ...accept, 'if-none-match': `"x", W/${headers.etag ?? ''}` };
          const again = await ask(url, known, method);
          expect([again.status, again.body.length]).to.deep.equal([304, 0]);
          expect(again.headers).to.include({ etag: headers.etag, vary: 'Accept-Encoding' });
          expect(again.headers).to.not.have.property('content-length');
        }
        const head = await ask(url, accept, 'HEAD');
        expect(head.headers['content-length']).to.equal(String(body.length));
        expect([head.status, head.body.length]).to.deep.equal([200, 0]);
      });
    }
  });
}
