import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MonitorStatus } from '../../../actors/monitor/monitor.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient } from '../wire/wire-client.js';
import { KEY, PRODUCTION, tokenOf } from './doors.js';

/** How long an answer holds: the shortest time allowed. For open subscriptions the server asks once a second. */
const TTL_MS = 100;

for (const transport of TRANSPORTS) {
  describe(`AUTHORIZE_URL on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    let application: Server;
    /** How the application handles the next question. */
    let says: RequestListener;
    const asked: Record<string, unknown>[] = [];
    const clients: WireClient[] = [];

    const allow =
      (...actions: string[]): RequestListener =>
      (request, response) => {
        let text = '';
        request.setEncoding('utf8');
        request.on('data', (part: string) => (text += part));
        request.on('end', () => {
          const question = JSON.parse(text) as Record<string, unknown>;
          asked.push(question);
          response.end(JSON.stringify({ allowed: actions.includes(String(question['action'])) }));
        });
      };
    const come = async (user: string, claims: object = {}): Promise<WireClient> => {
      const client = await WireClient.open(server.url);
      clients.push(client);
      client.send({ type: 'connect', token: await tokenOf(user, claims) });
      await client.next('connected');
      return client;
    };
    /** Sends a frame and returns the type of the reply, or the code of the error. */
    const answer = async (client: WireClient, frame: object): Promise<unknown> => {
      client.send({ ...frame, id: 'x' });
      const { type, code } = await client.next(({ id }) => id === 'x');
      return type === 'error' ? code : type;
    };
    const get = async (path: string, token: string): Promise<Response> =>
      fetch(`${server.url}/api/${path}`, { headers: { authorization: `Bearer ${token}` } });

    before(async function () {
      requireTransport(this, transport);
      application = createServer((request, response) => {
        says(request, response);
      });
      application.listen(0, '127.0.0.1');
      await once(application, 'listening');
      const { port } = application.address() as AddressInfo;
      server = await startServer({
        env: {
          ...PRODUCTION,
          TRANSPORT: transport,
          AUTHORIZE_URL: `http://127.0.0.1:${String(port)}/rights`,
          AUTHORIZE_TTL_MS: String(TTL_MS),
          DELIVERY_GRACE_MS: '600000'
        }
      });
    });
    beforeEach(() => {
      asked.length = 0;
    });
    afterEach(async () => {
      const open = clients.splice(0);
      for (const { socket } of open) socket.terminate();
      await Promise.all(open.map(({ ended }) => ended));
    });
    after(async () => {
      if ((server as ServerProcess | undefined) !== undefined) await server.stop();
      (application as Server | undefined)?.closeAllConnections();
      (application as Server | undefined)?.close();
    });

    it('asks with the claims of the token, and does what it is told', async () => {
      says = allow('read');
      const ada = await come('ada', { team: 'red' });
      expect(await answer(ada, { type: 'subscribe', thread: 't' })).to.equal('subscribed');
      const publish = { type: 'publish', thread: 't', mid: 'm', body: 1 };
      expect(await answer(ada, publish)).to.equal('forbidden');
      expect(asked[0]).to.include({ user: 'ada', action: 'read', thread: 't' });
      expect(asked[0]!['claims']).to.include({ sub: 'ada', team: 'red' });
      expect(asked[1]).to.include({ action: 'write' });
      says = allow('write');
      const bob = await come('bob');
      expect(await answer(bob, { ...publish, thread: 'u' })).to.equal('ack');
      expect(await answer(bob, { type: 'history', thread: 'u' })).to.equal('forbidden');
      expect((await get('threads/u/messages', await tokenOf('eve'))).status).to.equal(403);
    });

    it('never asks about the API key', async () => {
      says = allow();
      const headers = { 'x-api-key': KEY };
      const body = JSON.stringify({ mid: 'k', from: 'shop', body: 1, expect: 'stored' });
      const path = `${server.url}/api/threads/k/messages`;
      expect((await fetch(path, { method: 'POST', headers, body })).status).to.equal(201);
      expect((await fetch(path, { headers })).status).to.equal(200);
      expect(asked).to.eql([]);
    });

    it('ends open subscriptions and event streams once the answer is another', async () => {
      says = allow('read');
      const ada = await come('ada');
      expect(await answer(ada, { type: 'subscribe', thread: 'v' })).to.equal('subscribed');
      const stream = await get('threads/v/events', await tokenOf('bob'));
      says = allow();
      expect(await ada.next('unsubscribed')).to.include({ thread: 'v', code: 'forbidden' });
      expect(await stream.text()).to.match(/event: disconnect\n.*3507/s);
    });

    const faults: [string, RequestListener, RegExp][] = [
      ['fails', (_, r) => r.writeHead(500).end(), /answered 500/],
      ['says no by a status', (_, r) => r.writeHead(403).end('{"allowed":true}'), /answered 403/],
      ['answers a page', (_, r) => r.end('<html>yes</html>'), /no JSON/],
      ['answers something else', (_, r) => r.end('{"allow":true}'), /without "allowed"/],
      ['redirects', (_, r) => r.writeHead(307, { location: '/yes' }).end(), /redirect/],
      [
        'answers too much',
        (_, r) => r.end(`{"allowed":true,"x":"${'x'.repeat(20_000)}"}`),
        /more than/
      ],
      ['hangs', () => undefined, /not answered within 2000 ms/]
    ];
    for (const [does, listener, message] of faults) {
      it(`answers unavailable, with which clients come back, while the application ${does}`, async () => {
        says = listener;
        const user = `user-${does.replaceAll(' ', '-')}`;
        const client = await come(user);
        client.send({ type: 'publish', id: 'x', thread: 't', mid: user, body: 1 });
        const error = await client.next('error');
        expect(error).to.include({ id: 'x', code: 'unavailable', retry: true, afterMs: 2_000 });
        const report = await fetch(`${server.url}/status`, { headers: { 'x-api-key': KEY } });
        const { monitor } = (await report.json()) as { monitor: MonitorStatus };
        const [finding] = monitor.findings.filter(({ kind }) => kind === 'authorize');
        expect(finding).to.include({ level: 'critical', endedAt: null });
        expect(finding?.message).to.match(message);
        const reply = await get('threads/t/messages', await tokenOf(user));
        expect([reply.status, reply.headers.get('retry-after')]).to.eql([503, '2']);
      });
    }

    it('told of all that by one line, and goes on once the application answers', async () => {
      says = allow('read', 'write');
      const ada = await come('ada');
      const publish = { type: 'publish', thread: 't', mid: 'after', body: 1, expect: 'stored' };
      expect(await answer(ada, publish)).to.equal('ack');
      const told = server.lines.filter(({ finding }) => finding === 'authorize');
      expect(told).to.have.lengthOf(1);
      expect(told[0]!.level).to.equal('error');
      const report = await fetch(`${server.url}/status`, { headers: { 'x-api-key': KEY } });
      const { monitor } = (await report.json()) as { monitor: MonitorStatus };
      const [finding] = monitor.findings.filter(({ kind }) => kind === 'authorize');
      expect(finding?.endedAt).to.be.a('string');
    });
  });
}
