import { expect } from 'chai';
import { startServer } from '../servers/server-process.js';
import { WireClient } from '../wire/wire-client.js';
import { KEY, PRODUCTION, tokenOf } from './doors.js';

/** Access settings, the answer to the first publish, and whether a spec must name the intended readers. */
const SETTINGS = [
  { env: { ACCESS: 'open' }, answer: 'ack', named: false },
  { env: { ACCESS: 'members', ACCESS_CREATE: 'false' }, answer: 'error', named: true }
] as const;

describe('who publishes first outside development', function () {
  this.timeout(60_000);
  for (const { env, answer, named } of SETTINGS) {
    it(`owns nothing and gets nothing with ${JSON.stringify(env)}`, async () => {
      const server = await startServer({
        env: {
          ...env,
          ...PRODUCTION,
          DELIVERY_GRACE_MS: '600000'
        }
      });
      const clients: WireClient[] = [];
      try {
        const come = async (user: string): Promise<WireClient> => {
          const client = await WireClient.open(server.url);
          clients.push(client);
          client.send({ type: 'connect', token: await tokenOf(user) });
          await client.next('connected');
          return client;
        };
        const api = (method: string, path: string, body: object): Promise<Response> =>
          fetch(`${server.url}/api/threads/orders/${path}`, {
            method,
            headers: { 'x-api-key': KEY },
            body: JSON.stringify(body)
          });
        const mal = await come('mal');
        const squat = {
          type: 'publish',
          thread: 'orders',
          mid: 'squat',
          body: 1,
          expect: 'stored'
        };
        expect(await mal.ask(squat)).to.include({ type: answer });
        if (named) await api('PUT', 'members/warehouse', { role: 'reader' });
        const order = { mid: 'o1', from: 'shop', body: 'an order' };
        expect((await api('POST', 'messages', order)).status).to.equal(201);
        await mal.settle();
        expect(mal.all.filter(({ type }) => type === 'message')).to.eql([]);
        const { replays } = await (await come('warehouse')).subscribe('orders');
        expect(replays.map(({ mid }) => mid)).to.eql(['o1']);
      } finally {
        for (const { socket } of clients) socket.terminate();
        await server.stop();
      }
    });
  }
});
