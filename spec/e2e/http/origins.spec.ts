/**
 * The one rule for origins of pages and for host names: every path × caller × method, on servers that are open, that
 * list origins, and that require keys. New routes are found by themselves.
 */
import { expect } from 'chai';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { PRODUCTION } from '../access/doors.js';
import { madeRoutes } from '../access/made-routes.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';

const LISTED = 'https://app.example';

/** A server, and the settings that decide which pages and host names it accepts. */
interface Mode {
  readonly what: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether `ALLOWED_ORIGINS` is set. */
  readonly lists: boolean;
  /** Whether some data is open to everybody who can reach the server. */
  readonly isOpen: boolean;
}

const MODES: readonly Mode[] = [
  { what: 'open to all', env: { INSPECT: 'on' }, lists: false, isOpen: true },
  {
    what: 'open to all, with listed origins',
    env: { INSPECT: 'on', ALLOWED_ORIGINS: LISTED },
    lists: true,
    isOpen: true
  },
  {
    what: 'open to all but for the inspector',
    env: { INSPECT: 'token', INSPECT_TOKEN: 'a-token-of-the-inspector' },
    lists: false,
    isOpen: true
  },
  {
    what: 'with keys',
    env: { ...PRODUCTION, INSPECT: 'token', INSPECT_TOKEN: 'a-token-of-the-inspector' },
    lists: false,
    isOpen: false
  },
  {
    what: 'with keys and listed origins',
    env: {
      ...PRODUCTION,
      INSPECT: 'token',
      INSPECT_TOKEN: 'a-token-of-the-inspector',
      ALLOWED_ORIGINS: LISTED
    },
    lists: true,
    isOpen: false
  }
];

/** The headers of each caller, given the port of the server. Without `host` they name the server's own address. */
const CALLERS = {
  'no page': () => ({}),
  'its own page': (port: string) => ({ origin: `http://127.0.0.1:${port}` }),
  'a listed page': () => ({ origin: LISTED }),
  'a foreign page': () => ({ origin: 'https://evil.example' }),
  'a page of no origin': () => ({ origin: 'null' }),
  // DNS rebinding: the page has the same origin as the server then, so its GET has no Origin header.
  'a name that was pointed here': (port: string) => ({ host: `rebound.example:${port}` }),
  'a page of a name that was pointed here': (port: string) => ({
    host: `rebound.example:${port}`,
    origin: `http://rebound.example:${port}`
  }),
  'its own page through a proxy': () => ({
    host: 'chat.example',
    origin: 'https://chat.example'
  })
} as const;

type Caller = keyof typeof CALLERS;

/**
 * `data`: data of users or operators. `inspector`: data too; without a token it shows everything to everybody who can
 * reach it. `everybody`: probes, which accept any host name, and pages, which are the same for all.
 */
type Kind = 'data' | 'inspector' | 'everybody';

/** A path that a caller requests. */
interface Place {
  readonly path: string;
  readonly kind: Kind;
  readonly isUpgrade?: true;
}

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13'
};

/** Paths that no part of the server adds as a route. */
const OTHERS: readonly Place[] = [
  { path: '/ws', kind: 'data', isUpgrade: true },
  { path: '/ai/ws', kind: 'data', isUpgrade: true },
  { path: '/inspect/ws', kind: 'inspector', isUpgrade: true },
  { path: '/status', kind: 'data' },
  { path: '/api/nothing', kind: 'data' },
  ...['/livez', '/startupz', '/readyz', '/', '/status.html', '/journey.html', '/inspect'].map(
    (path): Place => ({ path, kind: 'everybody' })
  )
];

async function places(): Promise<Place[]> {
  const paths = new Set((await madeRoutes()).map(([, path]) => path.replace(/\{\w+\}/g, 'x')));
  const made = [...paths].map((path): Place => {
    return { path, kind: path.startsWith('/inspect/') ? 'inspector' : 'data' };
  });
  return [...made, ...OTHERS];
}

/** Returns whether the rule allows a caller's request. */
function mayAsk(caller: Caller, mode: Mode, kind: Kind, method: string): boolean {
  const { lists, isOpen, env } = mode;
  if (kind === 'everybody') return true;
  switch (caller) {
    case 'no page':
      return true;
    case 'a listed page':
      return lists;
    case 'a foreign page':
    case 'a page of no origin':
      return false;
    // A list must be complete: the server's own pages need an entry too.
    case 'its own page':
      return !lists;
    case 'a name that was pointed here':
      return !isOpen;
    case 'a page of a name that was pointed here':
      return !isOpen && !lists;
    case 'its own page through a proxy':
      // Without a token, only known host names may see it. A method that it does not have shows no data.
      return !lists && !(kind === 'inspector' && env['INSPECT'] === 'on' && method === 'GET');
  }
}

/** The outcome: whether the rule refused, and what a browser lets the page read and send. */
interface Judged {
  readonly refused: boolean;
  readonly mayRead: string | null;
  readonly maySend: boolean;
}

function expected(caller: Caller, mode: Mode, { kind, isUpgrade }: Place, method: string): Judged {
  const isShared = caller === 'a listed page' && mode.lists && kind !== 'everybody';
  // A browser needs no CORS header to let a page read from a WebSocket.
  const mayRead = isShared && isUpgrade === undefined ? LISTED : null;
  return {
    refused: !mayAsk(caller, mode, kind, method),
    mayRead,
    maySend: mayRead !== null && method === 'OPTIONS'
  };
}

async function ask(
  server: ServerProcess,
  path: string,
  method: string,
  headers: Readonly<Record<string, string>>
): Promise<Judged> {
  const asked = httpRequest(`${server.url}${path}`, { method, agent: false, headers });
  const [status, replied, text] = await new Promise<[number, IncomingHttpHeaders, string]>(
    (resolve, reject) => {
      asked.once('error', reject);
      asked.once('upgrade', (response, socket) => {
        socket.destroy();
        resolve([101, response.headers, '']);
      });
      asked.once('response', (response) => {
        const { statusCode = 0 } = response;
        if (statusCode !== 403) {
          resolve([statusCode, response.headers, '']);
          // An event stream never ends by itself.
          response.destroy();
          return;
        }
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.once('end', () => {
          resolve([statusCode, response.headers, body]);
        });
      });
      asked.end(method === 'POST' ? '{}' : undefined);
    }
  );
  const reason = /this origin may not connect|the server answers to addresses and localhost/;
  return {
    refused: status === 403 && reason.test(text),
    mayRead: replied['access-control-allow-origin'] ?? null,
    maySend: status === 204 && replied['access-control-allow-methods'] !== undefined
  };
}

for (const transport of TRANSPORTS) {
  for (const mode of MODES) {
    describe(`who may ask a server ${mode.what}, on ${transport}`, function () {
      this.timeout(60_000);
      let server: ServerProcess;

      before(async function () {
        requireTransport(this, transport);
        server = await startServer({ env: { TRANSPORT: transport, ...mode.env } });
      });
      after(async () => {
        await (server as ServerProcess | undefined)?.stop();
      });

      for (const [caller, headersOf] of Object.entries(CALLERS) as [
        Caller,
        (port: string) => Record<string, string>
      ][]) {
        it(`${caller}: the same at every door`, async () => {
          const headers = headersOf(new URL(server.url).port);
          for (const place of await places()) {
            const methods = place.isUpgrade ? ['GET'] : ['GET', 'POST', 'OPTIONS'];
            for (const method of methods) {
              const judged = await ask(server, place.path, method, {
                ...headers,
                ...(place.isUpgrade ? UPGRADE : {}),
                ...(method === 'OPTIONS' ? { 'access-control-request-method': 'POST' } : {})
              });
              const about = `${method} ${place.path}`;
              expect(judged, about).to.eql(expected(caller, mode, place, method));
            }
          }
        });
      }
    });
  }
}
