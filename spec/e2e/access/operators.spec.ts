import { expect } from 'chai';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient } from '../wire/wire-client.js';
import { KEY, PRODUCTION, tokenOf } from './doors.js';

/** A page of rows, or a refusal. */
interface Answer {
  readonly code?: string;
  readonly detail?: string;
  readonly rows?: Record<string, unknown>[];
  readonly total?: number;
  readonly next?: string | null;
  readonly closed?: number;
  readonly entries?: { action: string; by: object; detail: object }[];
}

for (const transport of TRANSPORTS) {
  describe(`operators on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    const clients: WireClient[] = [];

    const ask = async (path: string, shown: string = KEY, method = 'GET'): Promise<Answer> => {
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${shown}` }
      });
      return (await response.json()) as Answer;
    };
    const post = (path: string, shown?: string): Promise<Answer> => ask(path, shown, 'POST');
    const come = async (user: string, thread?: string): Promise<WireClient> => {
      const client = await WireClient.open(server.url);
      clients.push(client);
      client.send({ type: 'connect', id: 1, token: await tokenOf(user) });
      await client.next('connected');
      if (thread !== undefined) await client.ask({ type: 'subscribe', thread });
      return client;
    };
    const kicked = async (client: WireClient): Promise<void> => {
      expect(await client.next('disconnect')).to.include({ code: 3503, reconnect: false });
      expect(await client.ended).to.include({ code: 3503 });
    };
    const row = async (path: string): Promise<Record<string, unknown>> => {
      const { rows } = await ask(path);
      expect(rows, path).to.have.length(1);
      return rows?.[0] ?? {};
    };

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({ env: { TRANSPORT: transport, ACCESS: 'open', ...PRODUCTION } });
    });
    afterEach(async () => {
      const open = clients.splice(0);
      for (const { socket } of open) socket.terminate();
      await Promise.all(open.map(({ ended }) => ended));
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('see who is connected, since when, and to which threads', async () => {
      const since = Date.now();
      await come('ada', 'garden');
      await come('ada');
      await come('bob', 'garden');
      const { rows, total } = await ask('/api/admin/connections?search=ada');
      expect(total).to.equal(2);
      expect(rows?.[0]).to.include({ user: 'ada', laggingSince: null, subscriptions: 1 });
      expect(rows?.[0]?.['threads']).to.eql(['garden']);
      expect(rows?.[0]?.['openedAt']).to.be.within(since - 1_000, Date.now());
      const ada = await row('/api/admin/users?search=ada');
      expect(ada).to.include({ user: 'ada', connections: 2, subscriptions: 1, revokedTokens: 0 });
      const first = await ask('/api/admin/users?limit=1');
      expect(first).to.deep.include({ total: 2, next: 'ada' });
      const second = await ask('/api/admin/users?limit=1&after=ada');
      expect(second.rows?.[0]).to.include({ user: 'bob' });
      expect(second.next).to.equal(null);
    });

    it('see whose a thread is and who belongs to it', async () => {
      const headers = { 'x-api-key': KEY };
      const thread = `${server.url}/api/threads/allotment`;
      await fetch(`${thread}/owner`, { method: 'PUT', headers, body: '{"owner":"olga"}' });
      for (let n = 0; n < 11; n++) {
        const body = '{"role":"reader"}';
        await fetch(`${thread}/members/m${String(10 + n)}`, { method: 'PUT', headers, body });
      }
      await come('olga', 'allotment');
      const found = await row('/api/admin/threads?search=allot');
      expect(found).to.include({ thread: 'allotment', owner: 'olga', moreMembers: true });
      expect(found['subscribers']).to.equal(1);
      expect(found['members']).to.have.length(10);
      expect((found['members'] as object[])[0]).to.eql({ user: 'm10', role: 'reader' });
    });

    it('close one connection, or all of a user, with an entry of the audit log each', async () => {
      const [one, two, bob] = [await come('ada'), await come('ada'), await come('bob')];
      const { rows } = await ask('/api/admin/connections?search=ada');
      const connection = String(rows?.[0]?.['connection']);
      const answer = await post(`/api/admin/connections/${connection}/kick`);
      expect(answer).to.eql({ connection, user: 'ada', closed: 1 });
      await kicked(one);
      expect(await post('/api/admin/users/ada/kick')).to.eql({ user: 'ada', closed: 1 });
      await kicked(two);
      expect(await post(`/api/admin/connections/${connection}/kick`)).to.include({ closed: 0 });
      // Whoever was kicked may come back, but not by itself.
      await come('ada');
      expect(await bob.ask({ type: 'ping' })).to.include({ type: 'pong' });
      const { entries = [] } = await ask('/api/audit?limit=3');
      const nobody = { user: null, key: null };
      expect(entries.map(({ action, by, detail }) => ({ action, by, detail }))).to.eql([
        { action: 'connection.kick', by: nobody, detail: { connection, user: null } },
        { action: 'user.kick', by: nobody, detail: { user: 'ada' } },
        { action: 'connection.kick', by: nobody, detail: { connection, user: 'ada' } }
      ]);
    });

    it('end event streams too', async () => {
      const stream = await fetch(`${server.url}/api/threads/garden/events`, {
        headers: { authorization: `Bearer ${await tokenOf('eve')}` }
      });
      expect(await post('/api/admin/users/eve/kick')).to.eql({ user: 'eve', closed: 1 });
      expect(await stream.text()).to.contain('"code":3503');
    });

    it('leave an entry when they revoke tokens and when they accept them again', async () => {
      await post('/api/users/ada/revoke');
      await ask('/api/users/ada/revoke', KEY, 'DELETE');
      const { entries = [] } = await ask('/api/audit?limit=2');
      expect(entries.map(({ action }) => action)).to.eql(['tokens.accept', 'tokens.revoke']);
      expect(entries[1]?.detail).to.include({ user: 'ada', jti: null }).and.have.property('before');
    });

    it('may be users who manage every thread; their entries name them', async () => {
      const token = await tokenOf('maud', { threads: { '*': ['manage'] } });
      await come('ada');
      expect((await ask('/api/admin/users', token)).rows?.[0]).to.include({ user: 'ada' });
      expect(await post('/api/admin/users/ada/kick', token)).to.include({ closed: 1 });
      expect(await post('/api/users/nobody/revoke', token)).to.include({ user: 'nobody' });
      const { entries = [] } = await ask('/api/audit?limit=2', token);
      for (const { by } of entries) expect(by).to.eql({ user: 'maud', key: null });
    });

    it('are not users who manage some threads only, and these are told what is missing', async () => {
      const paths = [
        '/api/admin/connections',
        '/api/admin/users',
        '/api/admin/threads',
        '/api/audit'
      ];
      for (const threads of [{ 'room:*': ['manage'] }, { '*': ['read', 'write'] }, undefined]) {
        const token = await tokenOf('mallory', threads === undefined ? {} : { threads });
        for (const path of paths) {
          const { code, detail, rows } = await ask(path, token);
          expect(code, path).to.equal('forbidden');
          expect(detail).to.contain('it needs an API key, or a token that names * with manage');
          expect(rows).to.equal(undefined);
        }
        await come('ada');
        expect(await post('/api/admin/users/ada/kick', token)).to.include({ code: 'forbidden' });
        expect((await ask('/api/admin/users?search=ada')).rows?.[0]?.['connections']).to.not.equal(
          0
        );
      }
    });

    it('are told what is wrong with what they ask for', async () => {
      for (const query of ['limit=0', 'limit=51', 'limit=x', `search=${'x'.repeat(999)}`]) {
        const { code } = await ask(`/api/admin/connections?${query}`);
        expect(code, query).to.equal('bad_frame');
      }
      const long = 'c'.repeat(65);
      expect(await post(`/api/admin/connections/${long}/kick`)).to.include({ code: 'bad_frame' });
    });
  });
}
