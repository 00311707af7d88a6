import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { startServer, temporaryDir, type ServerProcess } from '../../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../../wire/transports.js';
import { WireClient } from '../../wire/wire-client.js';
import { KEY, PRODUCTION, tokenOf } from '../doors.js';

const THREAD = 'kept';

for (const transport of TRANSPORTS) {
  describe(`members and owners on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    let dataDir: string;
    const env = { TRANSPORT: transport, ...PRODUCTION };

    const put = async (path: string, body: object): Promise<void> => {
      const response = await fetch(`${server.url}/api/threads/${path}`, {
        method: 'PUT',
        headers: { 'x-api-key': KEY },
        body: JSON.stringify(body)
      });
      expect(response.status).to.equal(200);
    };
    /** Returns what each user may do, tried with frames, and the list of members; `-` for users that may not read. */
    const rights = async (users: readonly string[]): Promise<Record<string, unknown>> => {
      const found: Record<string, unknown> = {};
      for (const user of users) {
        const client = await WireClient.open(server.url);
        client.send({ type: 'connect', token: await tokenOf(user) });
        await client.next('connected');
        const { owner, members, may, code } = await client.ask({ type: 'members', thread: THREAD });
        found[user] = code === 'forbidden' ? '-' : { owner, members, may };
        client.socket.terminate();
        await client.ended;
      }
      return found;
    };

    before(async function () {
      requireTransport(this, transport);
      dataDir = await temporaryDir();
      server = await startServer({ env, dataDir });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
      if ((dataDir as string | undefined) !== undefined) {
        await rm(dataDir, { recursive: true, force: true });
      }
    });

    it('are the same after a restart, and after the process was killed as soon as a change was answered', async () => {
      await put(`${THREAD}/owner`, { owner: 'old' });
      await put(`${THREAD}/members/max`, { role: 'member' });
      await put(`${THREAD}/members/rita`, { role: 'reader' });
      const people = ['old', 'olga', 'max', 'rita', 'sam'];
      const first = await rights(people);
      expect(first['sam']).to.equal('-');
      await server.stop();
      server = await startServer({ env, dataDir });
      expect(await rights(people)).to.deep.equal(first);

      // An answered change is durable: change the owner, remove a member, add another, and kill the process.
      const olga = await WireClient.open(server.url);
      olga.send({ type: 'connect', token: await tokenOf('olga') });
      await olga.next('connected');
      await put(`${THREAD}/owner`, { owner: 'olga' });
      const frame = { type: 'member', thread: THREAD };
      expect(await olga.ask({ ...frame, user: 'max', role: null })).to.include({ type: 'member' });
      expect(await olga.ask({ ...frame, user: 'sam', role: 'member' })).to.include({
        type: 'member'
      });
      await server.stop('SIGKILL');
      await olga.ended;
      server = await startServer({ env, dataDir });
      const members = [
        { user: 'rita', role: 'reader' },
        { user: 'sam', role: 'member' }
      ];
      expect(await rights(people)).to.deep.equal({
        old: '-',
        olga: { owner: 'olga', members, may: ['read', 'write', 'manage'] },
        max: '-',
        rita: { owner: 'olga', members, may: ['read'] },
        sam: { owner: 'olga', members, may: ['read', 'write'] }
      });
    });
  });
}
