import { expect } from 'chai';
import { CLIENT_FRAMES, type ClientFrameType } from '../../../protocol/frames.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient } from '../wire/wire-client.js';
import {
  askRoute,
  CALLERS,
  expected,
  FRAMES,
  KEY,
  PRODUCTION,
  sendFrame,
  THREAD,
  tokenFor,
  tokenOf,
  type Lock
} from './doors.js';
import { madeRoutes } from './made-routes.js';
import { ROUTES } from './routes.js';

describe('the doors of the server', () => {
  it('have a row each', async () => {
    expect(Object.keys(FRAMES)).to.have.members(Object.keys(CLIENT_FRAMES));
    const made = await madeRoutes();
    expect(Object.keys(ROUTES)).to.have.members(made.map((route) => route.join(' ')));
  });
});

for (const transport of TRANSPORTS) {
  describe(`access on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    const clients: WireClient[] = [];

    const api = async (method: string, path: string, body?: object): Promise<Response> =>
      fetch(`${server.url}/api/threads/${path}`, {
        method,
        headers: { 'x-api-key': KEY },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      });
    const post = async (thread: string, mid: string): Promise<number> =>
      (await api('POST', `${thread}/messages`, { mid, from: 'shop', body: mid })).status;
    const come = async (user: string, claims: object = {}): Promise<WireClient> => {
      const client = await WireClient.open(server.url);
      clients.push(client);
      client.send({ type: 'connect', token: await tokenOf(user, claims) });
      await client.next('connected');
      return client;
    };

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: {
          TRANSPORT: transport,
          ...PRODUCTION,
          INSPECT: 'token',
          INSPECT_TOKEN: 'a-token-of-the-inspector',
          DELIVERY_GRACE_MS: '600000',
          LIMIT_CONNECTIONS_PER_USER: '0'
        }
      });
      const first = { mid: 'first', from: 'olga', body: 1, expect: 'stored' };
      expect((await api('POST', `${THREAD}/messages`, first)).status).to.equal(201);
      for (const [user, role] of [
        ['max', 'member'],
        ['rita', 'reader']
      ] as const) {
        expect((await api('PUT', `${THREAD}/members/${user}`, { role })).status).to.equal(200);
      }
    });
    afterEach(async () => {
      const open = clients.splice(0);
      for (const { socket } of open) socket.terminate();
      await Promise.all(open.map(({ ended }) => ended));
    });
    after(async () => {
      if ((server as ServerProcess | undefined) !== undefined) await server.stop();
    });

    for (const caller of CALLERS) {
      it(`gives ${caller} at every frame what it may have`, async () => {
        const token = await tokenFor(caller);
        for (const [type, [lock, fields]] of Object.entries(FRAMES) as [
          ClientFrameType,
          readonly [Lock, object]
        ][]) {
          const passage = await sendFrame(server.url, type, fields, token);
          expect(`${type}: ${passage}`).to.equal(`${type}: ${expected(lock, caller)}`);
        }
      });

      it(`gives ${caller} at every route what it may have`, async () => {
        const token = await tokenFor(caller);
        for (const [route, [lock, path, body]] of Object.entries(ROUTES)) {
          const [method = ''] = route.split(' ');
          const passage = await askRoute(server.url, method, path, token, body);
          expect(`${route}: ${passage}`).to.equal(`${route}: ${expected(lock, caller)}`);
        }
      });
    }

    it('lets the key pass at every route but the inspector', async () => {
      for (const [route, [, path, body]] of Object.entries(ROUTES)) {
        const [method = ''] = route.split(' ');
        const passage = await askRoute(server.url, method, path, KEY, body);
        const is = route.includes('/inspect/') ? 'unauthorized' : 'passed';
        expect(`${route}: ${passage}`).to.equal(`${route}: ${is}`);
      }
    });

    it('makes whoever writes first the owner, sends those away who waited there, and lists them nothing', async () => {
      const [ada, eve] = [await come('ada'), await come('eve')];
      await ada.subscribe('born');
      await eve.subscribe('born');
      expect(await ada.publish('born', 'm1')).to.include({ type: 'ack' });
      expect(await eve.next('unsubscribed')).to.include({ thread: 'born', code: 'forbidden' });
      expect(await ada.ask({ type: 'members', thread: 'born' })).to.deep.include({
        owner: 'ada',
        members: []
      });
      expect(await eve.publish('born', 'm2')).to.include({ code: 'forbidden', retry: false });
      await eve.settle();
      expect(eve.all.filter(({ type }) => type === 'message')).to.eql([]);
      expect(await eve.ask({ type: 'threads' })).to.deep.include({ threads: [] });
    });

    it('gives a thread to one of two who write first at once', async () => {
      const both = [await come('ann'), await come('ben')];
      const answers = await Promise.all(both.map((each) => each.publish('race', 'm')));
      expect(answers.map(({ type }) => type).sort()).to.eql(['ack', 'error']);
    });

    it('tells subscribers of a change, and nothing more to who may no longer read', async () => {
      const [olga, max] = [await come('olga'), await come('max')];
      for (const each of [olga, max]) await each.subscribe(THREAD);
      const frame = { type: 'member', thread: THREAD, user: 'kim', role: 'reader' };
      const change = { ...frame, by: 'olga' };
      expect(await olga.ask(frame)).to.include(change);
      expect(await max.next('member')).to.include(change);
      const kim = await come('kim');
      await kim.subscribe(THREAD);
      expect((await kim.ask({ type: 'threads' }))['threads']).to.have.length(1);
      expect(await kim.publish(THREAD, 'kims')).to.include({ code: 'forbidden' });
      await olga.ask({ ...frame, role: null });
      expect(await kim.next('unsubscribed')).to.include({ thread: THREAD, code: 'forbidden' });
      expect(await max.publish(THREAD, 'after')).to.include({ type: 'ack' });
      await olga.next((each) => each.type === 'message' && each.mid === 'after');
      await kim.settle();
      const gone = kim.all.findIndex(({ type }) => type === 'unsubscribed');
      expect(kim.all.slice(gone + 1).map(({ type }) => type)).to.eql(['pong']);
      expect((await kim.ask({ type: 'threads' }))['threads']).to.eql([]);
    });

    it('ends the event stream of who may no longer read, and says so', async () => {
      await api('PUT', `${THREAD}/members/sue`, { role: 'reader' });
      const response = await fetch(`${server.url}/api/threads/${THREAD}/events`, {
        headers: { authorization: `Bearer ${await tokenOf('sue')}` }
      });
      expect(response.status).to.equal(200);
      const text = response.text();
      expect((await api('DELETE', `${THREAD}/members/sue`)).status).to.equal(200);
      expect(await text).to.match(/"unsubscribed","thread":"club","code":"forbidden".*3507/s);
    });

    it('publishes over HTTP as the user of a token, and as nobody else', async () => {
      const olga = await come('olga');
      await olga.subscribe(THREAD);
      const publish = async (message: object): Promise<Response> =>
        fetch(`${server.url}/api/threads/${THREAD}/messages`, {
          method: 'POST',
          headers: { authorization: `Bearer ${await tokenOf('max')}` },
          body: JSON.stringify({ mid: 'by-http', body: 'hi', ...message })
        });
      expect((await publish({ from: 'olga' })).status).to.equal(403);
      const stored = await publish({});
      expect(stored.status).to.equal(201);
      expect(await stored.json()).to.include({ type: 'ack', mid: 'by-http', duplicate: false });
      const message = await olga.next((each) => each.mid === 'by-http');
      expect(message).to.deep.include({ from: { user: 'max' }, body: 'hi' });
    });

    it('keeps to what a token names, whoever its user is', async () => {
      const narrow = await come('olga', { threads: { 'room:*': ['read', 'write'] } });
      expect(await narrow.ask({ type: 'history', thread: THREAD })).to.include({
        code: 'forbidden'
      });
      expect(await narrow.publish('room:7', 'm')).to.include({ type: 'ack' });
      const shown = await narrow.ask({ type: 'members', thread: 'room:7' });
      expect(shown).to.include({ owner: null });
    });

    it('moves a thread to another owner, and the one before may not read any more', async () => {
      await post('moved', 'm1');
      await api('PUT', 'moved/owner', { owner: 'old' });
      const old = await come('old');
      await old.subscribe('moved');
      expect((await api('PUT', 'moved/owner', { owner: 'new' })).status).to.equal(200);
      expect(await old.next('unsubscribed')).to.include({ code: 'forbidden' });
      expect(await (await come('new')).ask({ type: 'history', thread: 'moved' })).to.include({
        type: 'history'
      });
    });
  });
}
