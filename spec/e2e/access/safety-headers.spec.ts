import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import type { Route } from '../../../server/http/route-table.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { KEY, PRODUCTION } from './doors.js';

const HTTP_FOLDER = new URL('../../../server/http/', import.meta.url);
const YEAR = 'max-age=31536000';

/** Probes, pages and requests that the server refuses before any route. */
const OTHERS: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/livez'],
  ['GET', '/startupz'],
  ['GET', '/readyz'],
  ['GET', '/status'],
  ['HEAD', '/status'],
  ['GET', '/'],
  ['GET', '/status.html'],
  ['GET', '/journey.html'],
  ['GET', '/runbook.html'],
  ['GET', '/inspect'],
  ['GET', '/favicon.ico'],
  ['GET', '/nothing/here'],
  ['DELETE', '/livez'],
  ['GET', '/ws'],
  ['OPTIONS', '/api/search']
];

/** Every route that a file makes, whatever stands for its parts. */
async function madeRoutes(): Promise<[method: string, path: string][]> {
  const files = readdirSync(HTTP_FOLDER).filter((name) => /^(.*-)?api\.ts$/.test(name));
  const modules = await Promise.all([
    ...files.map((name) => import(new URL(name, HTTP_FOLDER).href) as Promise<object>),
    import('../../../server/inspector/inspect-route.js') as Promise<object>
  ]);
  const makers = modules.flatMap((made) =>
    Object.entries(made).filter(([name]) => /^create.*(Api|Routes)$/.test(name))
  ) as [string, (options: unknown) => Route[]][];
  const options = { clock: { elapsed: () => 0 }, clickhouse: { store: null } };
  return makers
    .flatMap(([, make]) => make(options))
    .flatMap(({ methods, path }) =>
      methods.map((method): [string, string] => [method, path.replace(/\{\w+\}/g, 'x')])
    );
}

for (const transport of TRANSPORTS) {
  describe(`the headers of every answer on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;

    const headersOf = async (
      method: string,
      path: string,
      headers: Record<string, string> = {}
    ): Promise<Headers> => {
      const stop = new AbortController();
      const withBody = method === 'POST' || method === 'PUT';
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: { 'x-api-key': KEY, ...headers },
        signal: stop.signal,
        ...(withBody ? { body: '{}' } : {})
      });
      // An event stream does not end by itself.
      stop.abort();
      return response.headers;
    };

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: {
          TRANSPORT: transport,
          ...PRODUCTION,
          INSPECT: 'token',
          INSPECT_TOKEN: 'a-token-of-the-inspector',
          TRUST_PROXY: 'true'
        }
      });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('let nothing run, be framed, be taken for another type, or tell other sites an address', async () => {
      const made = await madeRoutes();
      expect(made).to.have.length.above(10);
      for (const [method, path] of [...OTHERS, ...made]) {
        const headers = await headersOf(method, path);
        const about = `${method} ${path}`;
        const policy = headers.get('content-security-policy');
        expect(policy, about).to.match(/^default-src '(none|self)'; .*frame-ancestors 'none'$/);
        expect(policy, about).to.not.include('unsafe');
        expect(headers.get('x-content-type-options'), about).to.equal('nosniff');
        expect(headers.get('referrer-policy'), about).to.equal('no-referrer');
        expect(headers.get('strict-transport-security'), about).to.equal(null);
      }
    });

    it('leave a page its own policy when the browser has it already', async () => {
      const first = await headersOf('GET', '/');
      const etag = first.get('etag') ?? '';
      const response = await fetch(`${server.url}/`, { headers: { 'if-none-match': etag } });
      expect(response.status).to.equal(304);
      const policy = response.headers.get('content-security-policy');
      expect(policy).to.equal(first.get('content-security-policy')).and.to.include("'self'");
    });

    it('keep a browser to TLS that came over it, as the proxy says', async () => {
      for (const [method, path] of [...OTHERS, ...(await madeRoutes())]) {
        const headers = await headersOf(method, path, { 'x-forwarded-proto': 'https' });
        expect(headers.get('strict-transport-security'), `${method} ${path}`).to.equal(YEAR);
      }
      const nearest = await headersOf('GET', '/', { 'x-forwarded-proto': 'https, http' });
      expect(nearest.get('strict-transport-security')).to.equal(null);
    });
  });
}
