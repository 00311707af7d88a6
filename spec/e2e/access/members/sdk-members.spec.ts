import { expect } from 'chai';
import { WebSocket } from 'ws';
import { connect, RollcallError, type Client, type Thread } from '../../../../client/sdk/client.js';
import { startServer, type ServerProcess } from '../../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../../wire/transports.js';
import { SECRET, tokenOf } from '../doors.js';

for (const transport of TRANSPORTS) {
  describe(`members and forbidden threads of the SDK on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    const clients: Client[] = [];

    const come = async (user: string): Promise<Client> => {
      const client = connect(server.url, { WebSocket, token: await tokenOf(user) });
      clients.push(client);
      return client;
    };
    const joined = (thread: Thread): Promise<unknown> =>
      new Promise((resolve) => thread.on('subscribed', resolve));
    const refused = (thread: Thread): Promise<RollcallError> =>
      new Promise((resolve) => thread.on('refused', resolve));

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: {
          TRANSPORT: transport,
          CLICKHOUSE_URL: 'off',
          CLICKHOUSE_REQUIRED: 'false',
          AUTH_JWT_SECRET: SECRET,
          ACCESS: 'members',
          INSPECT: 'off'
        }
      });
    });

    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
    });

    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('lets the owner add a member, who reads, and take that away again', async () => {
      const olga = await come('olga');
      await olga.publish('team', 'first');
      const hers = olga.thread('team');
      await joined(hers);
      const max = await come('max');
      const his = max.thread('team', { since: 'start' });
      expect(await refused(his)).to.include({ code: 'forbidden' });
      expect(his.state).to.equal('forbidden');

      expect(await hers.setMember('max', 'reader')).to.include({ user: 'max', by: 'olga' });
      const inside = joined(his);
      his.askAgain();
      await inside;
      expect(await his.members()).to.deep.include({
        owner: 'olga',
        members: [{ user: 'max', role: 'reader' }]
      });
      const own = await his.setMember('max', 'member').catch((error: unknown) => error);
      expect(own).to.be.instanceOf(RollcallError).and.include({ code: 'forbidden' });

      const out = refused(his);
      await hers.setMember('max', null);
      expect(await out).to.include({ message: 'you may no longer read this thread' });
      expect(his.state).to.equal('forbidden');
      expect(max.state.name).to.equal('connected');
    });
  });
}
