import { expect } from 'chai';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { KEY, PRODUCTION, tokenOf } from './doors.js';
import { madeRoutes } from './made-routes.js';

const YEAR = 'max-age=31536000';
const INSPECT_TOKEN = 'a-token-of-the-inspector';

/** A request whose reply is checked; `status` is set where the reply must have this status. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly status?: number;
}

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13'
};
const FOREIGN = { origin: 'https://evil.example' };

/** Requests for the kinds of replies that no route of the table gives. */
const OTHERS: readonly Asked[] = [
  { method: 'GET', path: '/livez', status: 200 },
  { method: 'GET', path: '/startupz', status: 200 },
  { method: 'GET', path: '/readyz', status: 200 },
  { method: 'GET', path: '/status', status: 200 },
  { method: 'HEAD', path: '/status', status: 200 },
  { method: 'GET', path: '/metrics' },
  { method: 'GET', path: '/', status: 200 },
  { method: 'HEAD', path: '/', status: 200 },
  { method: 'GET', path: '/status.html', status: 200 },
  { method: 'GET', path: '/journey.html', status: 200 },
  { method: 'GET', path: '/runbook.html', status: 200 },
  { method: 'GET', path: '/inspect', status: 200 },
  { method: 'GET', path: '/favicon.ico' },
  { method: 'GET', path: '/nothing/here', status: 404 },
  { method: 'DELETE', path: '/livez', status: 405 },
  { method: 'OPTIONS', path: '/api/search' },
  { method: 'GET', path: '/api/stats', headers: { 'x-api-key': 'wrong' }, status: 401 },
  { method: 'GET', path: '/api/stats', headers: FOREIGN, status: 403 },
  { method: 'POST', path: '/api/threads/t/messages', body: 'x'.repeat(400_000), status: 413 },
  // The head is refused before a route is chosen.
  {
    method: 'POST',
    path: '/api/threads/t/messages',
    headers: { 'transfer-encoding': 'gzip' },
    status: 400
  },
  // One refused upgrade for each place in the server that refuses upgrades.
  { method: 'GET', path: '/ws' },
  { method: 'GET', path: '/ws', headers: { ...UPGRADE, ...FOREIGN }, status: 403 },
  {
    method: 'GET',
    path: '/ws',
    headers: { ...UPGRADE, 'sec-websocket-version': '7' },
    status: 426
  },
  { method: 'GET', path: '/ws', headers: { ...UPGRADE, 'sec-websocket-key': 'x' } },
  { method: 'GET', path: '/inspect/ws', headers: UPGRADE, status: 401 },
  { method: 'GET', path: '/nothing/here', headers: UPGRADE, status: 404 }
];

/** Every route of the table, called with the necessary rights, so that each gives its own reply. */
async function routesAsked(): Promise<Asked[]> {
  return (await madeRoutes()).map(([method, path]) => ({
    method,
    path: path.replace(/\{\w+\}/g, 'x'),
    ...(path.startsWith('/inspect')
      ? { headers: { authorization: `Bearer ${INSPECT_TOKEN}` } }
      : {}),
    ...(method === 'POST' || method === 'PUT' ? { body: '{}' } : {})
  }));
}

for (const transport of TRANSPORTS) {
  describe(`the headers of every answer on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;

    const ask = async (
      { method, path, headers, body }: Asked,
      more: Readonly<Record<string, string>> = {}
    ): Promise<{ status: number; headers: IncomingHttpHeaders }> =>
      await new Promise((resolve, reject) => {
        const asked = httpRequest(`${server.url}${path}`, {
          method,
          agent: false,
          headers: { 'x-api-key': KEY, ...headers, ...more }
        });
        asked.once('error', reject);
        asked.once('upgrade', (_response, socket) => {
          socket.destroy();
          reject(new Error(`${path} was upgraded`));
        });
        asked.once('response', (response) => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers });
          // An event stream never ends by itself.
          response.destroy();
        });
        asked.end(body);
      });

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: {
          TRANSPORT: transport,
          ...PRODUCTION,
          INSPECT: 'token',
          INSPECT_TOKEN,
          TRUST_PROXY: 'true'
        }
      });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('let nothing run, be framed, be taken for another type, or tell other sites an address', async () => {
      for (const asked of [...OTHERS, ...(await routesAsked())]) {
        const { status, headers } = await ask(asked);
        const about = `${asked.method} ${asked.path} ${String(status)}`;
        if (asked.status !== undefined) expect(status, about).to.equal(asked.status);
        const policy = headers['content-security-policy'];
        expect(policy, about).to.match(/^default-src '(none|self)'; .*frame-ancestors 'none'$/);
        expect(policy, about).to.not.include('unsafe');
        expect(headers['x-content-type-options'], about).to.equal('nosniff');
        expect(headers['referrer-policy'], about).to.equal('no-referrer');
        expect(headers['strict-transport-security'], about).to.equal(undefined);
      }
    });

    it('are those of a page when the browser has it already', async () => {
      const first = await ask({ method: 'GET', path: '/' });
      const etag = first.headers.etag ?? '';
      const { status, headers } = await ask(
        { method: 'GET', path: '/' },
        { 'if-none-match': etag }
      );
      expect(status).to.equal(304);
      const policy = headers['content-security-policy'];
      expect(policy).to.equal(first.headers['content-security-policy']).and.to.include("'self'");
      expect(headers['x-content-type-options']).to.equal('nosniff');
    });

    it('are those of an event stream of a user', async () => {
      const token = await tokenOf('ada', { threads: { x: ['read'] } });
      const { status, headers } = await ask(
        { method: 'GET', path: '/api/threads/x/events' },
        { authorization: `Bearer ${token}`, 'x-forwarded-proto': 'https' }
      );
      expect(status).to.equal(200);
      expect(headers['content-type']).to.match(/^text\/event-stream/);
      expect(headers['content-security-policy']).to.match(/^default-src 'none'/);
      expect(headers['strict-transport-security']).to.equal(YEAR);
    });

    it('keep a browser to TLS that came over it, as the proxy says, whatever is answered', async () => {
      for (const asked of [...OTHERS, ...(await routesAsked())]) {
        const { status, headers } = await ask(asked, { 'x-forwarded-proto': 'https' });
        const about = `${asked.method} ${asked.path} ${String(status)}`;
        expect(headers['strict-transport-security'], about).to.equal(YEAR);
      }
      const nearest = await ask(
        { method: 'GET', path: '/' },
        { 'x-forwarded-proto': 'https, http' }
      );
      expect(nearest.headers['strict-transport-security']).to.equal(undefined);
    });
  });
}
