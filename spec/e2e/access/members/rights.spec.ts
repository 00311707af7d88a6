import { expect } from 'chai';
import { MEMBERS_MAX } from '../../../../server/access/members.js';
import { startServer, type ServerProcess } from '../../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../../wire/transports.js';
import { WireClient, type Frame } from '../../wire/wire-client.js';
import { KEY, PRODUCTION, tokenOf } from '../doors.js';

/** Members added in one message: a multiple of the most members. */
const AT_ONCE = 100;

for (const transport of TRANSPORTS) {
  describe(`what a subscriber is told it may do on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    const clients: WireClient[] = [];

    const put = async (path: string, body: object): Promise<Response> =>
      fetch(`${server.url}/api/threads/${path}`, {
        method: 'PUT',
        headers: { 'x-api-key': KEY },
        body: JSON.stringify(body)
      });
    const come = async (user: string, claims: object = {}): Promise<WireClient> => {
      const client = await WireClient.open(server.url);
      clients.push(client);
      client.send({ type: 'connect', token: await tokenOf(user, claims) });
      await client.next('connected');
      return client;
    };
    const mayOf = async (client: WireClient, thread: string): Promise<unknown> =>
      (await client.subscribe(thread)).subscribed['may'];
    const told = ({ all }: WireClient): Partial<Frame>[] =>
      all.filter(({ type }) => ['rights', 'owner', 'member', 'unsubscribed'].includes(type));

    before(async function () {
      requireTransport(this, transport);
      const env = { TRANSPORT: transport, ...PRODUCTION, LIMIT_CONNECTIONS_PER_USER: '0' };
      server = await startServer({ env });
    });
    afterEach(async () => {
      const open = clients.splice(0);
      for (const { socket } of open) socket.terminate();
      await Promise.all(open.map(({ ended }) => ended));
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('is what its role and its token say', async () => {
      await put('roles/owner', { owner: 'olga' });
      await put('roles/members/max', { role: 'member' });
      await put('roles/members/rita', { role: 'reader' });
      const all = ['read', 'write', 'manage'];
      expect(await mayOf(await come('olga'), 'roles')).to.eql(all);
      expect(await mayOf(await come('max'), 'roles')).to.eql(['read', 'write']);
      expect(await mayOf(await come('rita'), 'roles')).to.eql(['read']);
      const named = await come('sam', { threads: { roles: ['read', 'manage'] } });
      expect(await mayOf(named, 'roles')).to.eql(['read', 'manage']);
      const frame = { type: 'member', thread: 'roles', user: 'kim', role: 'reader' };
      expect(await named.ask(frame)).to.include({ type: 'member', by: 'sam' });
    });

    it('changes with a role, for that user only', async () => {
      await put('change/owner', { owner: 'olga' });
      await put('change/members/max', { role: 'reader' });
      const [olga, max] = [await come('olga'), await come('max')];
      for (const each of [olga, max]) await each.subscribe('change');
      const frame = { type: 'member', thread: 'change', user: 'max', by: 'olga' };
      for (const role of ['member', 'member', 'reader']) await olga.ask({ ...frame, role });
      await max.settle();
      expect(told(max)).to.eql([
        { type: 'rights', thread: 'change', may: ['read', 'write'] },
        { ...frame, role: 'member' },
        { ...frame, role: 'member' },
        { type: 'rights', thread: 'change', may: ['read'] },
        { ...frame, role: 'reader' }
      ]);
      expect(told(olga).filter(({ type }) => type === 'rights')).to.eql([]);
    });

    it('changes with the owner, of whom all subscribers hear', async () => {
      await put('moves/owner', { owner: 'olga' });
      for (const user of ['olga', 'max', 'rita'])
        await put(`moves/members/${user}`, { role: 'reader' });
      const [olga, max, rita] = [await come('olga'), await come('max'), await come('rita')];
      for (const each of [olga, max, rita]) await each.subscribe('moves');
      expect((await put('moves/owner', { owner: 'max' })).status).to.equal(200);
      for (const each of [olga, max, rita]) await each.settle();
      const owner = { type: 'owner', thread: 'moves', owner: 'max', by: null };
      const rights = { type: 'rights', thread: 'moves' };
      expect(told(olga)).to.eql([{ ...rights, may: ['read'] }, owner]);
      expect(told(max)).to.eql([{ ...rights, may: ['read', 'write', 'manage'] }, owner]);
      expect(told(rita)).to.eql([owner]);
      await put('moves/owner', { owner: 'max' });
      await rita.settle();
      expect(told(rita)).to.eql([owner]);
    });

    it('is in the list of members too, for who has become the owner by writing first', async () => {
      const ada = await come('ada');
      expect(await mayOf(ada, 'fresh')).to.eql(['read', 'write']);
      await ada.publish('fresh', 'm1');
      const may = ['read', 'write', 'manage'];
      const answer = { type: 'members', owner: 'ada', members: [], may };
      expect(await ada.ask({ type: 'members', thread: 'fresh' })).to.deep.include(answer);
      expect(told(ada)).to.eql([]);
    });

    it('changes with a newer token, before `refreshed`', async () => {
      await put('token/members/max', { role: 'member' });
      const max = await come('max');
      await max.subscribe('token');
      const narrow = await tokenOf('max', { threads: { token: ['read'] } });
      expect(await max.ask({ type: 'refresh', token: narrow })).to.include({ type: 'refreshed' });
      expect(told(max)).to.eql([{ type: 'rights', thread: 'token', may: ['read'] }]);
    });

    it('counts the members of a thread, whoever adds them', async () => {
      await put('full/owner', { owner: 'olga' });
      const olga = await come('olga');
      const add = (user: string): object => ({
        type: 'member',
        thread: 'full',
        user,
        role: 'reader'
      });
      for (let from = 0; from < MEMBERS_MAX; from += AT_ONCE) {
        const ids = Array.from({ length: AT_ONCE }, (_, n) => from + n);
        olga.send(...ids.map((id) => ({ ...add(`u${String(id)}`), id })));
        for (const id of ids) {
          expect(await olga.next((frame) => frame.id === id)).to.include({ type: 'member' });
        }
      }
      const refused = { code: 'too_large', message: 'a thread has at most 1000 members' };
      expect(await olga.ask(add('more'))).to.include({ type: 'error', retry: false, ...refused });
      const byHttp = await put('full/members/more', { role: 'reader' });
      expect([byHttp.status, await byHttp.json()]).to.deep.include(413);
      await olga.ask({ ...add('u0'), role: null });
      expect(await olga.ask(add('more'))).to.include({ type: 'member' });
    });

    it('takes a name by its characters, whatever their size, over frames and HTTP', async () => {
      const [long, longer] = ['😀'.repeat(128), '😀'.repeat(129)];
      expect((await put('names/owner', { owner: long })).status).to.equal(200);
      const owner = await come(long);
      const add = (user: string): object => ({
        type: 'member',
        thread: 'names',
        user,
        role: 'reader'
      });
      const other = `${long.slice(2)}🙂`;
      expect(await owner.ask(add(other))).to.include({ type: 'member', user: other });
      expect(await owner.ask(add(longer))).to.include({ code: 'bad_frame' });
      const path = (user: string): string => `names/members/${encodeURIComponent(user)}`;
      expect((await put(path(other), { role: 'member' })).status).to.equal(200);
      expect((await put(path(longer), { role: 'member' })).status).to.equal(400);
      expect(await mayOf(await come(other), 'names')).to.eql(['read', 'write']);
    });
  });
}
