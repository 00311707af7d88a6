import { expect } from 'chai';
import { createHmac } from 'node:crypto';
import { createServer, type Server as HttpServer } from 'node:http';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { WebSocket } from 'ws';
import {
  connect,
  RollcallError,
  type Client,
  type ClientState
} from '../../../client/sdk/client.js';
import type { MonitorStatus } from '../../../actors/monitor/monitor.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from './transports.js';
import { UpgradeRefused, WireClient, type Ended, type OpenOptions } from './wire-client.js';

const SECRET = 'a-secret-of-the-specs-that-is-longer-than-32-bytes';

async function token(
  claims: Record<string, unknown> = { sub: 'ada' },
  expires: string | number = '1h',
  secret = SECRET
): Promise<string> {
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(expires);
  return await jwt.sign(new TextEncoder().encode(secret));
}

/** Makes a token with any header, signed with the key as HS256, or not signed. */
function forged(header: object, claims: object, key: string | null): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  const signature =
    key === null ? '' : createHmac('sha256', key).update(signed).digest('base64url');
  return `${signed}.${signature}`;
}

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

for (const transport of TRANSPORTS) {
  describe(`authentication with a shared secret on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    const open: WireClient[] = [];

    const dial = async (options: OpenOptions = {}): Promise<WireClient> => {
      const client = await WireClient.open(server.url, options);
      open.push(client);
      return client;
    };
    const refusal = async (client: WireClient, code = 'unauthorized'): Promise<string> => {
      const error = await client.next('error');
      expect(error).to.include({ code, retry: false });
      expect(await client.next('disconnect')).to.include({ code: 3500, reconnect: false });
      expect(await client.ended).to.include({ code: 3500 });
      return error.message;
    };

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: {
          TRANSPORT: transport,
          ENVIRONMENT: 'production',
          CLICKHOUSE_REQUIRED: 'false',
          AUTH_JWT_SECRET: SECRET,
          LIMIT_CONNECTIONS_PER_USER: '5',
          DELIVERY_GRACE_MS: '600000'
        }
      });
    });
    afterEach(async () => {
      const clients = open.splice(0);
      for (const client of clients) client.socket.terminate();
      await Promise.all(clients.map(({ ended }) => ended));
    });
    after(async () => {
      if ((server as ServerProcess | undefined) === undefined) return;
      expect(await server.stop()).to.equal(0);
      const loud = server.lines.filter(({ level }) => level === 'warn' || level === 'error');
      expect(loud).to.eql([]);
      const said = JSON.stringify(server.lines);
      expect(said).not.to.include('eyJ');
      expect(said).not.to.include(SECRET);
    });

    it('takes the token from the connect frame, and the user from the token alone', async () => {
      const client = await dial();
      client.send({ type: 'connect', id: 1, token: await token(), user: 'root' });
      expect(await client.next('connected')).to.include({ id: 1, user: 'ada' });
    });

    it('takes the token from the Authorization header', async () => {
      const client = await dial({ headers: { authorization: `Bearer ${await token()}` } });
      client.send({ type: 'connect' });
      expect(await client.next('connected')).to.include({ user: 'ada' });
    });

    it('takes the token from a subprotocol and never gives it back', async () => {
      const protocols = ['rollcall.v1', `bearer.${await token()}`];
      const client = await dial({ protocols });
      expect(client.socket.protocol).to.equal('rollcall.v1');
      client.send({ type: 'connect' });
      expect(await client.next('connected')).to.include({ user: 'ada' });
    });

    it('lets nobody in without a token', async () => {
      const client = await dial();
      client.send({ type: 'connect', user: 'ada' });
      expect(await refusal(client)).to.include('token');
    });

    const now = inSeconds(0);
    const bad: readonly [what: string, make: () => Promise<string> | string][] = [
      ['is no token', () => 'rubbish'],
      ['is signed with another secret', () => token({ sub: 'ada' }, '1h', 'b'.repeat(40))],
      ['has expired', () => token({ sub: 'ada' }, now - 60)],
      ['is not valid yet', () => token({ sub: 'ada', nbf: inSeconds(3_600) })],
      ['is for another service', () => token({ sub: 'ada', aud: 'payments' })],
      ['never expires', () => forged({ alg: 'HS256' }, { sub: 'ada' }, SECRET)],
      ['names nobody', () => token({})],
      ['names nobody but spaces out', () => token({ sub: '' })],
      ['names a user of 129 characters', () => token({ sub: 'u'.repeat(129) })],
      ['names a user that is no text', () => token({ sub: 7 as unknown as string })],
      ['says alg none', () => forged({ alg: 'none' }, { sub: 'root' }, null)],
      ['says alg None', () => forged({ alg: 'None' }, { sub: 'root' }, null)],
      ['says RS256 over the secret', () => forged({ alg: 'RS256' }, { sub: 'root' }, SECRET)],
      ['has an empty signature', async () => (await token()).replace(/[^.]+$/, '')],
      [
        'has another payload',
        async () => {
          const [head = '', , tail = ''] = (await token()).split('.');
          const payload = Buffer.from('{"sub":"root"}').toString('base64url');
          return `${head}.${payload}.${tail}`;
        }
      ]
    ];
    for (const [what, make] of bad) {
      const code = what === 'has expired' ? 'expired' : 'unauthorized';
      it(`answers ${code} and closes with 3500 when the token ${what}`, async () => {
        const client = await dial();
        const shown = await make();
        client.send({ type: 'connect', token: shown });
        expect(await refusal(client, code)).not.to.include(shown);
      });
    }

    it('lets the SDK stop, and say why, when its token is bad, and come in with a good one', async () => {
      const closed = (client: Client): Promise<ClientState> =>
        new Promise((resolve) => {
          client.on('state', (state) => {
            if (state.name === 'closed') resolve(state);
          });
        });
      const refused = connect(server.url, { WebSocket, token: 'rubbish' });
      const [state, error] = await Promise.all([
        closed(refused),
        refused.publish('t', 1).catch((reason: unknown) => reason)
      ]);
      expect(state).to.include({ name: 'closed', code: 3500 });
      expect(error).to.be.instanceOf(RollcallError).and.include({ code: 'unauthorized' });
      expect((error as RollcallError).message)
        .to.include('token')
        .and.not.include('rubbish');
      const client = connect(server.url, { WebSocket, getToken: () => token() });
      expect((await client.threads()).threads).to.eql([]);
      client.close();
    });

    it('handles what was sent with connect once the token is good, in order', async () => {
      const client = await dial();
      client.send(
        { type: 'connect', id: 1, token: await token() },
        { type: 'subscribe', id: 2, thread: 'piped', since: 'start' },
        { type: 'publish', id: 3, thread: 'piped', mid: 'm', body: 1 },
        { type: 'ping', id: 4 }
      );
      await client.next('message');
      const order = client.all.filter(({ type }) => type !== 'presence').map(({ type }) => type);
      expect(order.slice(0, 4)).to.eql(['connected', 'subscribed', 'caught_up', 'pong']);
      expect(order.slice(4)).to.have.members(['ack', 'message']);
    });

    it('does nothing of what was sent with a bad token', async () => {
      const client = await dial();
      client.send(
        { type: 'connect', token: 'bad' },
        { type: 'publish', thread: 'sneaked', mid: 'm', body: 1 }
      );
      await refusal(client);
      expect(client.all.map(({ type }) => type)).to.eql(['error', 'disconnect']);
      const ada = await dial({ headers: { authorization: `Bearer ${await token()}` } });
      ada.send({ type: 'connect' });
      const history = await ada.ask({ type: 'history', thread: 'sneaked' });
      expect(history['messages']).to.eql([]);
    });

    it('takes a second connect while the first is being checked for what it is', async () => {
      const client = await dial();
      const good = await token();
      client.send({ type: 'connect', token: good, id: 1 }, { type: 'connect', token: good, id: 2 });
      expect(await client.next('error')).to.include({ code: 'already_connected', id: 2 });
      expect(await client.next('connected')).to.include({ id: 1 });
    });

    it('counts nobody for connections that went away while their token was checked', async () => {
      const good = await token({ sub: 'flaky' });
      for (let round = 0; round < 30; round++) {
        const client = await dial();
        client.send(
          { type: 'connect', token: good },
          { type: 'subscribe', thread: 'ghosts', since: 'start' }
        );
        if (round % 2 === 0) client.socket.close();
        else client.socket.terminate();
        await client.ended;
      }
      const client = await dial();
      client.send({ type: 'connect', token: good });
      await client.next('connected');
      const watcher = await dial();
      watcher.send({ type: 'connect', token: await token({ sub: 'watcher' }) });
      await watcher.next('connected');
      const { subscribed } = await watcher.subscribe('ghosts');
      expect(subscribed['present']).to.eql(['watcher']);
    });

    it('closes with 3005 when the token expires', async () => {
      const client = await dial();
      client.send({ type: 'connect', token: await token({ sub: 'ada' }, inSeconds(2)) });
      await client.next('connected');
      expect(await client.next('disconnect')).to.include({ code: 3005, reconnect: true });
      expect(await client.ended).to.include({ code: 3005 });
    });

    it('says when a token ends, and takes a newer one instead, whose claims hold from then on', async () => {
      const ends = inSeconds(600);
      const threads = { 'room:*': ['read', 'write'] };
      const client = await dial();
      client.send({ type: 'connect', token: await token({ sub: 'ada', threads }, ends) });
      expect(await client.next('connected')).to.include({ expiresAt: ends * 1_000 });
      await client.subscribe('room:1');
      const later = { sub: 'ada', threads: { 'hall:*': ['read', 'write'] } };
      client.send({ type: 'refresh', id: 7, token: await token(later, ends + 600) });
      expect(await client.next('unsubscribed')).to.include({ thread: 'room:1', code: 'forbidden' });
      const refreshed = await client.next('refreshed');
      expect(refreshed).to.include({ id: 7, expiresAt: (ends + 600) * 1_000 });
      expect(await client.publish('room:1', 'm1')).to.include({ code: 'forbidden' });
      expect(await client.publish('hall:1', 'm2')).to.include({ type: 'ack' });
    });

    it('keeps a connection by its old token when a newer one is refused', async () => {
      const client = await dial();
      client.send({ type: 'connect', token: await token() });
      await client.next('connected');
      const refresh = async (bad: string): Promise<unknown> =>
        (await client.ask({ type: 'refresh', token: bad })).code;
      expect(await refresh('rubbish')).to.equal('unauthorized');
      expect(await refresh(await token({ sub: 'ada' }, inSeconds(-60)))).to.equal('expired');
      expect(await client.ask({ type: 'ping' })).to.include({ type: 'pong' });
    });

    it('closes with 3500 a connection that shows the token of somebody else', async () => {
      const client = await dial();
      client.send({ type: 'connect', token: await token() });
      await client.next('connected');
      client.send({ type: 'refresh', token: await token({ sub: 'bob' }) });
      await refusal(client);
    });

    it('lets the SDK stay connected beyond its token, by a newer one', async () => {
      const questions: boolean[] = [];
      let renew: () => void = () => undefined;
      const renewed = new Promise<void>((resolve) => {
        renew = resolve;
      });
      const client = connect(server.url, {
        WebSocket,
        getToken: ({ expired }) => {
          questions.push(expired);
          if (questions.length === 1) return token({ sub: 'ada' }, inSeconds(4));
          renew();
          return token();
        }
      });
      const states: string[] = [];
      client.on('state', ({ name }) => states.push(name));
      const before = await client.publish('refreshing', 1, { expect: 'stored' });
      await renewed;
      expect(await client.publish('refreshing', 2, { expect: 'stored' })).to.include({
        offset: before.offset + 1
      });
      expect(questions).to.eql([false, true]);
      expect(states.filter((name) => name === 'connected')).to.have.length(1);
      client.close();
    });

    it('reserves the test prefixes in production, but for tokens with the probe scope', async () => {
      const ada = await dial();
      ada.send({ type: 'connect', token: await token() });
      await ada.next('connected');
      for (const request of [
        { type: 'subscribe' },
        { type: 'publish', mid: 'm', body: 1 },
        { type: 'history' }
      ]) {
        const reply = await ada.ask({ ...request, thread: 'startup_test_mine' });
        expect(reply).to.include({ type: 'error', code: 'reserved_thread', retry: false });
      }
      expect(await ada.publish('Startup_test_x', 'm')).to.include({ type: 'ack' });
      const probe = await dial();
      probe.send({ type: 'connect', token: await token({ sub: 'p', scope: 'read probe' }) });
      await probe.next('connected');
      expect(await probe.publish('startup_test_mine', 'm')).to.include({ type: 'ack' });
    });

    it('lets pages of its own host in and refuses those of others', async () => {
      const { host } = new URL(server.url);
      await dial({ origin: `http://${host}` });
      await dial({ origin: `https://${host}` });
      for (const origin of ['https://evil.example', 'null', `http://evil.${host}`, 'x', '']) {
        const refused = await WireClient.open(server.url, { headers: { origin } }).catch(
          (error: unknown) => error
        );
        if (!(refused instanceof UpgradeRefused)) throw new Error(`${origin} was let in`);
        expect(refused.status).to.equal(403);
        expect(JSON.parse(refused.body)).to.include({ code: 'forbidden', status: 403 });
      }
    });
  });

  describe(`ALLOWED_ORIGINS on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: {
          TRANSPORT: transport,
          ALLOWED_ORIGINS: 'https://chat.example,http://localhost:3000'
        }
      });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('lets in what is listed and clients without an origin, and nothing else', async () => {
      for (const origin of ['https://chat.example', 'http://localhost:3000']) {
        await (await WireClient.open(server.url, { origin })).close();
      }
      await (await WireClient.open(server.url)).close();
      for (const origin of ['http://chat.example', 'https://chat.example:8443', server.url]) {
        const refused = await WireClient.open(server.url, { origin }).catch((e: unknown) => e);
        expect(refused).to.be.instanceOf(UpgradeRefused);
        expect(refused).to.include({ status: 403 });
      }
    });
  });

  describe(`authentication with a key set on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess | undefined;
    let keyServer: HttpServer;
    let jwksUrl: string;
    let keys: { keys: JWK[] } | null;
    let fetches = 0;
    let privateKey: CryptoKey;
    let spki: string;

    before(async function () {
      requireTransport(this, transport);
      const pair = await generateKeyPair('RS256', { extractable: true });
      ({ privateKey } = pair);
      spki = await exportSPKI(pair.publicKey);
      const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
      keys = { keys: [jwk] };
      keyServer = createServer((_request, response) => {
        fetches++;
        response.writeHead(keys === null ? 500 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(keys));
      });
      await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
      const address = keyServer.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      jwksUrl = `http://127.0.0.1:${String(port)}/jwks.json`;
    });
    afterEach(async () => {
      await server?.stop();
    });
    after(() => {
      (keyServer as HttpServer | undefined)?.close();
    });

    const present = async (shown: string): Promise<{ type: string; ended: Promise<Ended> }> => {
      const client = await WireClient.open(server!.url);
      client.send({ type: 'connect', token: shown });
      const { type, code } = await client.next(() => true);
      return { type: type === 'error' ? String(code) : type, ended: client.ended };
    };
    const signed = async (kid: string): Promise<string> =>
      await new SignJWT({ sub: 'ada' })
        .setProtectedHeader({ alg: 'RS256', kid })
        .setExpirationTime('1h')
        .sign(privateKey);

    it('takes tokens of its keys and refuses those that use a public key as a secret', async () => {
      server = await startServer({ env: { TRANSPORT: transport, AUTH_JWKS_URL: jwksUrl } });
      expect((await present(await signed('k1'))).type).to.equal('connected');
      const claims = { sub: 'root', exp: inSeconds(600) };
      for (const bad of [
        forged({ alg: 'HS256', kid: 'k1' }, claims, spki),
        forged({ alg: 'HS256' }, claims, spki),
        forged({ alg: 'none', kid: 'k1' }, claims, null),
        await signed('k2')
      ]) {
        const { type, ended } = await present(bad);
        expect(type).to.equal('unauthorized');
        expect(await ended).to.include({ code: 3500 });
      }
    });

    it('asks the client to come back when the keys cannot be had, and takes it then', async () => {
      const good = keys;
      keys = null;
      server = await startServer({ env: { TRANSPORT: transport, AUTH_JWKS_URL: jwksUrl } });
      const { type, ended } = await present(await signed('k1'));
      expect(type).to.equal('unavailable');
      expect(await ended).to.include({ code: 3004 });
      keys = good;
      expect((await present(await signed('k1'))).type).to.equal('connected');
    });

    it('takes a new key with its first token, and refuses the one that it replaces', async () => {
      const first = keys;
      const before = fetches;
      server = await startServer({ env: { TRANSPORT: transport, AUTH_JWKS_URL: jwksUrl } });
      expect((await present(await signed('k1'))).type).to.equal('connected');
      const pair = await generateKeyPair('RS256', { extractable: true });
      keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k2', alg: 'RS256' }] };
      const fresh = await new SignJWT({ sub: 'ada' })
        .setProtectedHeader({ alg: 'RS256', kid: 'k2' })
        .setExpirationTime('1h')
        .sign(pair.privateKey);
      expect((await present(fresh)).type).to.equal('connected');
      expect(fetches - before).to.equal(2);
      const replaced = await present(await signed('k1'));
      expect(replaced.type).not.to.equal('connected');
      expect(fetches - before).to.equal(2);
      keys = first;
    });

    it('reports keys that cannot be fetched once, until they are', async () => {
      const good = keys;
      keys = null;
      server = await startServer({ env: { TRANSPORT: transport, AUTH_JWKS_URL: jwksUrl } });
      const line = await server.line('the keys of tokens cannot be fetched');
      expect(line).to.include({ level: 'error', finding: 'token_keys' });
      expect(line.message).to.include('answered 500');
      keys = good;
      expect((await present(await signed('k1'))).type).to.equal('connected');
      const response = await fetch(`${server.url}/status`);
      const { monitor } = (await response.json()) as { monitor: MonitorStatus };
      const [finding] = monitor.findings.filter(({ kind }) => kind === 'token_keys');
      expect(finding?.endedAt).to.be.a('string');
      const said = server.lines.filter(({ message }) => message.includes('keys of tokens'));
      expect(said).to.have.lengthOf(1);
    });

    it('asks the client to come back when the key server is gone', async () => {
      const url = 'http://127.0.0.1:1/jwks.json';
      server = await startServer({ env: { TRANSPORT: transport, AUTH_JWKS_URL: url } });
      const { type, ended } = await present(await signed('k1'));
      expect(type).to.equal('unavailable');
      expect(await ended).to.include({ code: 3004 });
    });
  });
}
