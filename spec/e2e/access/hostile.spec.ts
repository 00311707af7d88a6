import { expect } from 'chai';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient } from '../wire/wire-client.js';
import { KEY, PRODUCTION, tokenOf } from './doors.js';

/** Messages of a long thread: so many that a replay takes many turns of the event loop. */
const LONG = 10_000;

for (const transport of TRANSPORTS) {
  describe(`a user who tries what is forbidden, on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    const clients: WireClient[] = [];

    const api = async (method: string, path: string, body?: object): Promise<Response> =>
      fetch(`${server.url}/api/threads/${path}`, {
        method,
        headers: { 'x-api-key': KEY },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      });
    const post = async (thread: string, mid: string, more: object = {}): Promise<void> => {
      const sent = { mid, from: 'shop', body: mid, ...more };
      expect((await api('POST', `${thread}/messages`, sent)).status).to.equal(201);
    };
    const come = async (user: string): Promise<WireClient> => {
      const client = await WireClient.open(server.url);
      clients.push(client);
      client.send({ type: 'connect', token: await tokenOf(user) });
      await client.next('connected');
      return client;
    };
    /** Checks that the server ended a client's subscription, and that the client got nothing of the thread since. */
    const heardNothingMore = async (client: WireClient, thread: string): Promise<void> => {
      await client.settle();
      const about = client.all.filter((frame) => frame.thread === thread);
      expect(about.at(-1)).to.deep.equal({ type: 'unsubscribed', thread, code: 'forbidden' });
    };

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: {
          TRANSPORT: transport,
          ...PRODUCTION,
          DELIVERY_GRACE_MS: '600000',
          LIMIT_CONNECTIONS_PER_USER: '0',
          LIMIT_PUBLISH_PER_SECOND: '0'
        }
      });
    });
    afterEach(async () => {
      const open = clients.splice(0);
      for (const { socket } of open) socket.terminate();
      await Promise.all(open.map(({ ended }) => ended));
    });
    after(async () => {
      if ((server as ServerProcess | undefined) !== undefined) await server.stop();
    });

    it('hears nothing of a thread that it waited in when its first member is named', async () => {
      const eve = await come('eve');
      await eve.subscribe('by-member');
      await api('PUT', 'by-member/members/ada', { role: 'member' });
      await post('by-member', 'secret');
      await heardNothingMore(eve, 'by-member');
    });

    it('hears nothing of a thread that it waited in when its owner is named', async () => {
      const eve = await come('eve');
      await eve.subscribe('by-owner');
      await api('PUT', 'by-owner/owner', { owner: 'ada' });
      await post('by-owner', 'secret');
      await heardNothingMore(eve, 'by-owner');
    });

    it('hears nothing more when it is removed in the middle of a long replay', async () => {
      const eve = await come('eve');
      const shop = await come('shop');
      await shop.publishAll(
        'long',
        Array.from({ length: LONG }, (_, n) => `m${String(n)}`),
        500
      );
      await api('PUT', 'long/members/eve', { role: 'reader' });
      eve.send({ type: 'subscribe', thread: 'long', since: 'start', id: 's' });
      await eve.next((frame) => frame.type === 'message');
      expect((await api('DELETE', 'long/members/eve')).status).to.equal(200);
      await shop.publish('long', 'after');
      await heardNothingMore(eve, 'long');
    });
  });
}
