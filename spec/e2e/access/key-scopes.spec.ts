import { expect } from 'chai';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SCOPES, type Scope } from '../../../server/access/scopes.js';
import { entryOf } from '../../server/auth/some-keys.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { askRoute, PRODUCTION, THREAD } from './doors.js';
import { madeRows } from './made-routes.js';
import { ROUTES } from './routes.js';

/** The scope that a key needs for each route; null: no key may use it. */
const SCOPE_OF: Readonly<Record<string, Scope | null>> = {
  'GET /api/threads/{thread}/messages': 'read',
  'POST /api/threads/{thread}/messages': 'publish',
  'GET /api/threads/{thread}/events': 'read',
  // With the scope `read`, since the answer is read.
  'POST /agui': 'publish',
  'GET /agui/{thread}': 'read',
  'DELETE /api/threads/{thread}/messages/{message}': 'manage',
  'GET /api/audit': 'audit',
  'GET /api/backup': 'backup',
  'GET /api/users/{user}/erase': 'erase',
  'POST /api/users/{user}/erase': 'erase',
  'GET /api/threads/{thread}/members': 'read',
  'GET /api/threads/{thread}/members/{user}': 'read',
  'PUT /api/threads/{thread}/members/{user}': 'manage',
  'DELETE /api/threads/{thread}/members/{user}': 'manage',
  'PUT /api/threads/{thread}/owner': 'manage',
  'GET /api/threads/{thread}/agent': 'read',
  'PUT /api/threads/{thread}/agent': 'manage',
  'GET /api/users/{user}/revoke': 'revoke',
  'POST /api/users/{user}/revoke': 'revoke',
  'DELETE /api/users/{user}/revoke': 'revoke',
  'GET /api/admin/connections': 'admin',
  'GET /api/admin/users': 'admin',
  'GET /api/admin/threads': 'admin',
  'POST /api/admin/connections/{connection}/kick': 'admin',
  'POST /api/admin/users/{user}/kick': 'admin',
  'POST /ai/chat': 'publish',
  'GET /ai/chat/{id}/stream': 'read',
  'POST /ai/chat/{id}/stop': 'publish',
  'POST /api/tickets': 'tickets',
  'GET /api/search': 'read',
  'GET /api/reports': 'reports',
  'GET /api/reports/{name}': 'reports',
  'GET /api/stats': 'reports',
  'GET /api/messages/{mid}/journey': 'journey',
  'GET /api/journey': 'journey',
  'GET /api/webhooks/letters': 'reports',
  'POST /api/webhooks/letters/send': 'manage',
  'POST /api/webhooks/letters/drop': 'manage',
  'GET /metrics': 'reports',
  'GET /api/incidents': 'reports',
  'GET /api/cluster': 'reports',
  'GET /inspect/recording': null,
  'GET /inspect/charts/{hash}': null
};

const keyOf = (scope: string): string => `a-key-of-the-specs-for-${scope}`;

describe('the routes of the server', () => {
  it('ask a key for one scope each', async () => {
    const rows = await madeRows();
    const scopes = rows.flatMap(({ methods, path, scope }) =>
      methods.map((method) => [`${method} ${path}`, scope] as const)
    );
    expect(Object.fromEntries(scopes)).to.eql(SCOPE_OF);
  });
});

for (const transport of TRANSPORTS) {
  describe(`API keys of a file on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    let dir: string;

    const entries = SCOPES.map((scope) => entryOf(keyOf(scope), { name: scope, scopes: [scope] }));
    const put = (...more: readonly object[]): Promise<void> =>
      writeFile(join(dir, 'keys.json'), JSON.stringify({ keys: [...entries, ...more] }));
    const limited = entryOf(keyOf('news'), {
      name: 'news',
      scopes: ['publish', 'read'],
      threads: { 'news:*': ['read', 'write'] }
    });
    const brief = entryOf(keyOf('brief'), { name: 'brief', scopes: ['read'] });

    before(async function () {
      requireTransport(this, transport);
      dir = await temporaryDir();
      await put(limited, brief);
      const { API_KEY: _, ...env } = PRODUCTION;
      server = await startServer({
        env: {
          TRANSPORT: transport,
          ...env,
          API_KEYS_FILE: join(dir, 'keys.json'),
          INSPECT: 'token',
          INSPECT_TOKEN: 'a-token-of-the-inspector'
        }
      });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
      await rm(dir, { recursive: true, force: true });
    });

    for (const scope of SCOPES) {
      it(`open with the scope ${scope} its routes and no others`, async () => {
        for (const [route, [, path, body]] of Object.entries(ROUTES)) {
          const [method = ''] = route.split(' ');
          const passage = await askRoute(server.url, method, path, keyOf(scope), body);
          const needed = SCOPE_OF[route];
          const is = needed === null ? 'unauthorized' : needed === scope ? 'passed' : 'forbidden';
          expect(`${route}: ${passage}`).to.equal(`${route}: ${is}`);
        }
      });
    }

    const publish = async (key: string, thread: string, more: object = {}): Promise<Response> =>
      fetch(`${server.url}/api/threads/${thread}/messages`, {
        method: 'POST',
        headers: { 'x-api-key': key },
        body: JSON.stringify({ mid: 'm', from: 'shop', body: 1, expect: 'stored', ...more })
      });

    it('keep to the threads that a key names, and name the scope that is missing', async () => {
      expect((await publish(keyOf('news'), 'news:1')).status).to.equal(201);
      expect((await publish(keyOf('news'), THREAD)).status).to.equal(403);
      const owner = await publish(keyOf('news'), 'news:2', { owner: 'ada' });
      expect(owner.status).to.equal(403);
      const { detail } = (await owner.json()) as { detail: string };
      expect(detail).to.match(/news lacks the scope manage/);
    });

    it('show the names of threads to the scope reports only', async () => {
      const status = async (key: string): Promise<string> => {
        const response = await fetch(`${server.url}/status`, { headers: { 'x-api-key': key } });
        return JSON.stringify(await response.json());
      };
      expect(await status(keyOf('reports'))).to.not.equal(await status(keyOf('read')));
    });

    it('end the event stream of a key that is taken out of the file, and refuse it', async () => {
      const headers = { 'x-api-key': keyOf('brief') };
      const path = `${server.url}/api/threads/${THREAD}/events`;
      const stream = await fetch(path, { headers });
      expect(stream.status).to.equal(200);
      const text = stream.text();
      await put(limited);
      expect(await text).to.match(/"code":"forbidden".*3507/s);
      expect((await fetch(path, { headers })).status).to.equal(401);
      const log = JSON.stringify(server.lines);
      expect(log).to.include('no longer: brief').and.not.include(keyOf('brief'));
    });
  });
}
