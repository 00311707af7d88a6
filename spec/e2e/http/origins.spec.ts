/**
 * One rule for pages and names: every door × who asks × method, on servers that are open, that list origins, and that
 * ask for keys. A new route is a door without a mention here.
 */
import { expect } from 'chai';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { PRODUCTION } from '../access/doors.js';
import { madeRoutes } from '../access/made-routes.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';

const LISTED = 'https://app.example';

/** A server, and what decides which pages and names it takes. */
interface Mode {
  readonly what: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether `ALLOWED_ORIGINS` is set. */
  readonly lists: boolean;
  /** Whether something is open to whoever reaches it. */
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

/** The headers of each who asks, by the port of the server. Without `host` it is asked by its own address. */
const CALLERS = {
  'no page': () => ({}),
  'its own page': (port: string) => ({ origin: `http://127.0.0.1:${port}` }),
  'a listed page': () => ({ origin: LISTED }),
  'a foreign page': () => ({ origin: 'https://evil.example' }),
  'a page of no origin': () => ({ origin: 'null' }),
  // Its page is of the same origin as the server then, so a GET has no Origin header.
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
 * `data`: what users or operators may see. `inspector`: data too, which shows everything to whoever reaches it when it
 * is on without a token. `everybody`: probes, which are sent by whatever name, and pages, which are the same for all.
 */
type Kind = 'data' | 'inspector' | 'everybody';

/** Where somebody asks. */
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

/** Places that no part of the server makes as a route. */
const OTHERS: readonly Place[] = [
  { path: '/ws', kind: 'data', isUpgrade: true },
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

/** Whether the rule lets somebody ask. */
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
    // A list is whole: the server's own pages are in it, or may not.
    case 'its own page':
      return !lists;
    case 'a name that was pointed here':
      return !isOpen;
    case 'a page of a name that was pointed here':
      return !isOpen && !lists;
    case 'its own page through a proxy':
      // Without a token known names alone see it; a method that it does not have shows nothing to refuse.
      return !lists && !(kind === 'inspector' && env['INSPECT'] === 'on' && method === 'GET');
  }
}

/** What came back: whether the rule refused, and what a browser lets the page read and send. */
interface Judged {
  readonly refused: boolean;
  readonly mayRead: string | null;
  readonly maySend: boolean;
}

function expected(caller: Caller, mode: Mode, { kind, isUpgrade }: Place, method: string): Judged {
  const isShared = caller === 'a listed page' && mode.lists && kind !== 'everybody';
  // A browser asks for no leave to read what comes over a WebSocket.
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
          // An event stream does not end by itself.
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
