import { expect } from 'chai';
import { CLIENT_FRAMES, type ClientFrameType } from '../../../protocol/frames.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient, type Frame } from '../wire/wire-client.js';
import { askRoute, FRAMES, KEY, PRODUCTION, sendFrame, THREAD, tokenOf } from './doors.js';
import { ALSO_READ, ROUTES } from './routes.js';

/** The `threads` claim of a token, by name; `OPENS` has the actions that each claim allows in the thread. */
const CLAIMS = {
  nothing: null,
  'another thread': { other: ['read', 'write', 'manage'] },
  reading: { [THREAD]: ['read'] },
  'reading and writing': { 'cl*': ['read', 'write'] },
  writing: { [THREAD]: ['write'] },
  everything: { '*': ['read', 'write', 'manage'] }
} as const;

const OPENS: Readonly<Record<keyof typeof CLAIMS, readonly string[]>> = {
  nothing: [],
  'another thread': [],
  reading: ['read'],
  'reading and writing': ['read', 'write'],
  writing: ['write'],
  everything: ['read', 'write', 'manage']
};

const JUDGED = ['read', 'write', 'manage'];

for (const transport of TRANSPORTS) {
  describe(`ACCESS=token on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;

    /** Returns a token of the thread's owner; with ACCESS=members the owner would be allowed everything. */
    const tokenWith = (name: keyof typeof CLAIMS): Promise<string> => {
      const threads = CLAIMS[name];
      return tokenOf('olga', threads === null ? {} : { threads });
    };

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({ env: { TRANSPORT: transport, ...PRODUCTION, ACCESS: 'token' } });
      const api = async (method: string, path: string, body: object): Promise<void> => {
        const response = await fetch(`${server.url}/api/threads/${THREAD}/${path}`, {
          method,
          headers: { 'x-api-key': KEY },
          body: JSON.stringify(body)
        });
        expect(response.status).to.be.below(300);
      };
      await api('POST', 'messages', { mid: 'first', from: 'olga', body: 1, expect: 'stored' });
      await api('PUT', 'owner', { owner: 'olga' });
      await api('PUT', 'members/max', { role: 'member' });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    for (const name of Object.keys(CLAIMS) as (keyof typeof CLAIMS)[]) {
      it(`opens every door as far as the token says, which names ${name}`, async () => {
        const token = await tokenWith(name);
        const wanted = (...locks: readonly string[]): string =>
          locks.every((lock) => !JUDGED.includes(lock) || OPENS[name].includes(lock))
            ? 'passed'
            : 'forbidden';
        for (const type of Object.keys(CLIENT_FRAMES) as ClientFrameType[]) {
          const [lock, fields] = FRAMES[type];
          const passage = await sendFrame(server.url, type, fields, token);
          expect(`${type}: ${passage}`).to.equal(`${type}: ${wanted(lock)}`);
        }
        for (const [route, [lock, path, body]] of Object.entries(ROUTES)) {
          if (!JUDGED.includes(lock)) continue;
          const [method = ''] = route.split(' ');
          const passage = await askRoute(server.url, method, path, token, body);
          const also = ALSO_READ.includes(route) ? ['read'] : [];
          expect(`${route}: ${passage}`).to.equal(`${route}: ${wanted(lock, ...also)}`);
        }
      });
    }

    it('creates and owns nothing by writing, and lists what the token may read', async () => {
      const client = await WireClient.open(server.url);
      const threads = { 'new:*': ['read', 'write'], secret: ['write'] };
      client.send({ type: 'connect', token: await tokenOf('ann', { threads }) });
      await client.next('connected');
      for (const thread of ['new:1', 'secret']) {
        expect(await client.publish(thread, 'm')).to.include({ type: 'ack' });
      }
      const members = await client.ask({ type: 'members', thread: 'new:1' });
      expect(members).to.deep.include({ owner: null, may: ['read', 'write'] });
      const listed = (await client.ask({ type: 'threads', limit: 1 }))['threads'] as Frame[];
      const rest = (await client.ask({ type: 'threads' }))['threads'] as Frame[];
      expect(rest.map(({ thread }) => thread)).to.eql(['new:1']);
      expect(listed.length).to.be.at.most(1);
      client.socket.terminate();
      await client.ended;
    });

    it('names no thread in the list that the token may not read, nor in where the next page begins', async () => {
      const all = { '*': ['read', 'write'] };
      const names = Array.from({ length: 12 }, (_, n) => `row-${String(n)}`);
      const client = await WireClient.open(server.url);
      client.send({ type: 'connect', token: await tokenOf('lee', { threads: all }) });
      await client.next('connected');
      for (const thread of names)
        expect(await client.publish(thread, 'm')).to.include({ type: 'ack' });
      const token = await tokenOf('lee', { threads: { 'row-1': ['read'], 'row-5': ['read'] } });
      expect(await client.ask({ type: 'refresh', token })).to.include({ type: 'refreshed' });
      const from = client.all.length;
      const seen: string[] = [];
      for (let next: object | undefined = {}; next !== undefined;) {
        const page: Frame = await client.ask({ type: 'threads', limit: 2, ...next });
        seen.push(...(page['threads'] as Frame[]).map(({ thread }) => thread));
        next = page['next'] as object | undefined;
        expect(page['more']).to.equal(next !== undefined);
      }
      expect(seen).to.eql(['row-5', 'row-1']);
      const told = JSON.stringify(client.all.slice(from));
      expect(names.filter((name) => told.includes(`"${name}"`))).to.eql(['row-1', 'row-5']);
      client.socket.terminate();
      await client.ended;
    });
  });
}
