import { expect } from 'chai';
import { SignJWT } from 'jose';
import { WebSocket } from 'ws';
import { connect } from '../../../client/sdk/client.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from './transports.js';
import { UpgradeRefused, WireClient } from './wire-client.js';

const SECRET = 'a-secret-of-the-spec-long-enough-for-hs256';

for (const transport of TRANSPORTS) {
  describe(`limits on connections on ${transport}`, function () {
    this.timeout(60_000);
    const open: WireClient[] = [];
    let server: ServerProcess | undefined;

    before(function () {
      requireTransport(this, transport);
    });
    afterEach(async () => {
      for (const client of open.splice(0)) client.socket.terminate();
      await server?.stop();
    });

    const start = async (env: Record<string, string>): Promise<string> => {
      server = await startServer({ env: { TRANSPORT: transport, ...env } });
      return server.url;
    };
    const from = async (url: string, address: string): Promise<WireClient> => {
      const client = await WireClient.open(url, { headers: { 'x-forwarded-for': address } });
      open.push(client);
      return client;
    };

    /** Returns how the server refuses a connection above a limit. */
    const turnedAway = async (opening: Promise<WireClient>): Promise<unknown> => {
      const refused = await opening.catch((error: unknown) => error);
      if (!(refused instanceof UpgradeRefused)) throw new Error('it was let in');
      const { code, retry } = JSON.parse(refused.body) as { code: string; retry: boolean };
      return [refused.status, code, retry, refused.headers['retry-after']];
    };

    /** Returns the server's counts of refusals. */
    const limited = async (url: string): Promise<unknown> =>
      ((await (await fetch(`${url}/status`)).json()) as { limited: unknown }).limited;

    it('closes with 3014, to come back, what is past the limit of a user, until one has gone', async () => {
      const url = await start({ LIMIT_CONNECTIONS_PER_USER: '2' });
      const [first] = [await WireClient.connect(url, 'ada'), await WireClient.connect(url, 'ada')];
      const third = await WireClient.open(url);
      third.send({ type: 'connect', user: 'ada' }, { type: 'subscribe', thread: 'x' });
      expect(await third.ended).to.include({ code: 3014 });
      expect(third.all).to.eql([
        { type: 'disconnect', code: 3014, reason: 'no room', reconnect: true }
      ]);
      await WireClient.connect(url, 'bob');
      await first.close();
      await WireClient.connect(url, 'ada');
    });

    it('has a client of the SDK that found no room connect, and send, once there is', async () => {
      const url = await start({ LIMIT_CONNECTIONS_PER_USER: '1' });
      const first = await WireClient.connect(url, 'ada');
      const reconnect = { firstJitterMs: 0, minMs: 10, maxMs: 20 };
      const client = connect(url, { user: 'ada', WebSocket, reconnect });
      try {
        const refused = new Promise((resolve) => {
          client.on('state', (state) => {
            if (state.name === 'waiting') resolve(state.code);
          });
        });
        expect(await refused).to.equal(3014);
        const sent = client.publish('room', 'hello', { expect: 'stored' });
        await first.close();
        expect((await sent).offset).to.equal(1);
      } finally {
        client.close();
      }
    });

    it('answers the upgrade 503 past the limit of the server, until one has gone', async () => {
      const url = await start({ LIMIT_CONNECTIONS: '2' });
      const [first] = [await WireClient.open(url), await WireClient.open(url)];
      expect(await turnedAway(WireClient.open(url))).to.eql([503, 'unavailable', true, '5']);
      const stream = await fetch(`${url}/api/threads/x/events`);
      expect([stream.status, stream.headers.get('retry-after')]).to.eql([503, '5']);
      await first.close();
      await WireClient.connect(url, 'ada');
    });

    it('answers the upgrade 429 past the limit of the address of the peer, whatever a client says it is', async () => {
      const url = await start({ LIMIT_CONNECTIONS_PER_ADDRESS: '1' });
      await from(url, '10.0.0.1');
      expect(await turnedAway(from(url, '10.0.0.2'))).to.eql([429, 'rate_limited', true, '5']);
      expect(await limited(url)).to.eql({ connections_address: 1 });
      const metrics = await fetch(`${url}/metrics`);
      expect(metrics.headers.get('content-type')).to.include('version=0.0.4');
      expect((await metrics.text()).split('\n')).to.include.members([
        'rollcall_limited_total{limit="connections_address"} 1',
        'rollcall_limited_total{limit="connections_user"} 0',
        'rollcall_connections 1'
      ]);
    });

    it('counts by what the trusted proxy says, not by what the client wrote before it', async () => {
      const url = await start({ LIMIT_CONNECTIONS_PER_ADDRESS: '1', TRUST_PROXY: 'true' });
      const first = await from(url, '10.0.0.1');
      const full = [429, 'rate_limited', true, '5'];
      expect(await turnedAway(from(url, '10.0.0.1'))).to.eql(full);
      expect(await turnedAway(from(url, '1.2.3.4, 10.0.0.1'))).to.eql(full);
      await from(url, '10.0.0.1, 10.0.0.2');
      await first.close();
      await WireClient.connect(url, 'ada', { headers: { 'x-forwarded-for': '10.0.0.1' } });
    });

    it('counts a client at one address, however a proxy writes it, whichever door it takes', async () => {
      const url = await start({ LIMIT_CONNECTIONS_PER_ADDRESS: '1', TRUST_PROXY: 'true' });
      const stream = async (address: string): Promise<number> => {
        const cut = new AbortController();
        const headers = { 'x-forwarded-for': address };
        const { signal } = cut;
        const { status } = await fetch(`${url}/api/threads/x/events`, { headers, signal });
        cut.abort();
        return status;
      };
      await from(url, '10.0.0.1:4711');
      await from(url, '2001:db8::1');
      for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '2001:db8::2', '[2001:db8::3]:99']) {
        expect(await stream(address), address).to.equal(429);
        const full = [429, 'rate_limited', true, '5'];
        expect(await turnedAway(from(url, address)), address).to.eql(full);
      }
      expect(await stream('10.0.0.2')).to.equal(200);
      expect(await stream('2001:db8:0:1::1')).to.equal(200);
    });

    it('answers the upgrade 429 to an address with too many connections that have not signed in', async () => {
      const url = await start({ LIMIT_UNAUTHENTICATED_PER_ADDRESS: '2', TRUST_PROXY: 'true' });
      const [first] = [await from(url, '10.0.0.1'), await from(url, '10.0.0.1')];
      expect(await turnedAway(from(url, '10.0.0.1'))).to.eql([429, 'rate_limited', true, '5']);
      await from(url, '10.0.0.2');
      first.send({ type: 'connect', user: 'ada' });
      await first.next('connected');
      await from(url, '10.0.0.1');
      expect(await limited(url)).to.eql({ unauthenticated_address: 1 });
    });

    it('answers the upgrade 429 to an address that connects too often', async () => {
      const url = await start({ LIMIT_CONNECTS_PER_ADDRESS: '1', TRUST_PROXY: 'true' });
      // The limit allows two at once and one more each second; all of these come within a few milliseconds.
      const coming = Array.from({ length: 30 }, () => from(url, '10.0.0.1'));
      const came = await Promise.allSettled(coming);
      const refused = came.filter(({ status }) => status === 'rejected');
      expect(refused.length).to.be.within(1, 28);
      const [opening] = coming.filter((_, n) => came[n]?.status === 'rejected');
      if (opening === undefined) throw new Error('none was refused');
      expect(await turnedAway(opening)).to.eql([429, 'rate_limited', true, '5']);
      await from(url, '10.0.0.2');
      expect(await limited(url)).to.eql({ connects_address: refused.length });
    });

    it('counts the event streams of a user with the connections', async () => {
      const url = await start({
        LIMIT_CONNECTIONS_PER_USER: '2',
        AUTH_JWT_SECRET: SECRET,
        API_KEY: 'key-of-the-spec'
      });
      const token = await new SignJWT({ sub: 'ada' })
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime('1h')
        .sign(Buffer.from(SECRET));
      const cut = new AbortController();
      const stream = (by: string): Promise<Response> =>
        fetch(`${url}/api/threads/x/events`, {
          headers: { authorization: `Bearer ${by}` },
          signal: cut.signal
        });
      try {
        expect([(await stream(token)).status, (await stream(token)).status]).to.eql([200, 200]);
        const third = await stream(token);
        expect([third.status, third.headers.get('retry-after')]).to.eql([429, '5']);
        const client = await WireClient.open(url);
        client.send({ type: 'connect', token });
        expect(await client.ended).to.include({ code: 3014 });
        expect((await stream('key-of-the-spec')).status).to.equal(200);
      } finally {
        cut.abort();
      }
    });

    it('lets a user begin no more threads and store no more in an hour, over every door and after a reconnect', async () => {
      const url = await start({
        LIMIT_THREADS_PER_HOUR: '2',
        LIMIT_STORED_MB_PER_HOUR: '1',
        AUTH_JWT_SECRET: SECRET,
        API_KEY: 'key-of-the-spec'
      });
      const token = await new SignJWT({ sub: 'ada' })
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime('1h')
        .sign(Buffer.from(SECRET));
      const come = async (): Promise<WireClient> => {
        const client = await WireClient.open(url);
        open.push(client);
        client.send({ type: 'connect', token });
        await client.next('connected');
        return client;
      };
      const post = (thread: string, by: string, body: object): Promise<Response> =>
        fetch(`${url}/api/threads/${thread}/messages`, {
          method: 'POST',
          headers: { authorization: `Bearer ${by}` },
          body: JSON.stringify(body)
        });
      const first = await come();
      for (const thread of ['a', 'b'])
        expect((await first.publish(thread, 'm', 'hi')).offset).to.equal(1);
      await first.close();
      const again = await come();
      const publish = { type: 'publish', expect: 'stored' };
      const third = await again.ask({ ...publish, thread: 'c', mid: 'm', body: 1 });
      expect(third).to.include({ type: 'error', code: 'rate_limited', retry: true });
      expect(third.afterMs).to.be.within(1_700_000, 1_800_000);
      const overHttp = await post('d', token, { mid: 'm', body: 1 });
      expect([overHttp.status, Number(overHttp.headers.get('retry-after')) > 1_700]).to.eql([
        429,
        true
      ]);
      expect(
        (await post('e', 'key-of-the-spec', { mid: 'm', from: 'ada', body: 1 })).status
      ).to.equal(201);
      const text = 'x'.repeat(65_000);
      const sizes = Array.from({ length: 17 }, (_, n) => ({
        ...publish,
        thread: 'a',
        mid: `l${String(n)}`,
        body: text
      }));
      for (const frame of sizes) expect(await again.ask(frame)).to.include({ type: 'ack' });
      const full = await again.ask({ ...publish, thread: 'a', mid: 'last', body: 1 });
      expect(full).to.include({ code: 'rate_limited', retry: true });
      expect(await limited(url)).to.eql({ threads_user: 2, stored_bytes_user: 1 });
    });

    it('has no limit on frames, subscriptions or publishes when they are 0', async () => {
      const url = await start({
        LIMIT_FRAME_BYTES: '0',
        LIMIT_SUBSCRIPTIONS: '0',
        LIMIT_PUBLISH_PER_SECOND: '0'
      });
      const ada = await WireClient.connect(url, 'ada');
      await ada.subscribe('wide');
      const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
      ada.sendText(`{"type":"publish","thread":"wide","mid":"deep","body":${deep}}`);
      expect(await ada.next('error')).to.include({ code: 'bad_frame' });
      const text = 'x'.repeat(3_000_000);
      expect(await ada.publish('wide', 'large', text)).to.include({ offset: 1 });
      expect((await ada.next('message')).body).to.eql({ text });
      const bob = await WireClient.connect(url, 'bob');
      const { replays } = await bob.subscribe('wide', 'start');
      expect(replays[0]?.body).to.eql({ text });
      const history = await bob.ask({ type: 'history', thread: 'wide' });
      expect((history['messages'] as unknown[]).length).to.equal(1);
    });
  });
}
