import { expect } from 'chai';
import { createServer, type Server as TcpServer } from 'node:net';
import { WebSocket } from 'ws';
import { launchServer, startServer, type ServerProcess } from './server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { UpgradeRefused, WireClient } from '../wire/wire-client.js';

const PHASES = ['infrastructure', 'handlers', 'monitoring', 'services', 'health'];
const HANDLERS = [
  'connect',
  'subscribe',
  'unsubscribe',
  'publish',
  'history',
  'threads',
  'typing',
  'mark',
  'ping',
  'pong',
  'cancel',
  'answer',
  'withdraw',
  'refresh',
  'members',
  'member'
];

interface Probe {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Record<string, unknown>;
}

async function probe(url: string, path: string): Promise<Probe> {
  const response = await fetch(url + path);
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body };
}

for (const transport of TRANSPORTS) {
  describe(`startup on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({ env: { TRANSPORT: transport } });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    it('completes the five phases in order, each with its time', () => {
      const completed = server.lines.flatMap(
        ({ message }) => /^PHASE COMPLETED: (\w+) \(\d+ ms\)$/.exec(message)?.[1] ?? []
      );
      expect(completed).to.eql(PHASES);
    });

    it('says how many handlers it has registered, once, before anything else can use them', () => {
      const messages = server.lines.map(({ message }) => message);
      const registered = messages.filter((message) => message.includes('WebSocket handlers'));
      expect(registered).to.eql([`✅ Registered ${String(HANDLERS.length)} WebSocket handlers`]);
      expect(messages.indexOf(registered[0]!)).to.be.lessThan(
        messages.findIndex((message) => message.startsWith('PHASE COMPLETED: handlers'))
      );
    });

    it('says nothing above info when all is well', () => {
      expect(server.lines.filter(({ level }) => level !== 'info')).to.eql([]);
      expect(server.stderr()).to.equal('');
      for (const { message } of server.lines) {
        expect(message).not.to.match(/Cannot deliver message|ZERO|CRITICAL/);
      }
    });

    it('prints the port that it was given when PORT is 0', () => {
      const port = Number(new URL(server.url).port);
      expect(port).to.be.greaterThan(0);
      const listening = server.lines.find(({ message }) => message.startsWith('Listening on'));
      expect(listening).to.include({ port, transport });
    });

    it('answers the probes', async () => {
      expect((await probe(server.url, '/livez')).status).to.equal(200);
      expect((await probe(server.url, '/startupz')).status).to.equal(200);
      const ready = await probe(server.url, '/readyz');
      expect(ready.status).to.equal(200);
      expect(ready.retryAfter).to.equal(null);
      expect(ready.body).to.include({ status: 'ready', environment: 'development' });
      expect(ready.body['startup']).to.eql({ complete: true, phase: 'serving' });
    });

    it('reports every field of the documented status', async () => {
      const { status, body } = await probe(server.url, '/status');
      expect(status).to.equal(200);
      expect(body).to.include({ status: 'ready', environment: 'development' });
      expect(body['version']).to.match(/^\d+\.\d+\.\d+/);
      expect(body['node']).to.match(/^n\w+$/);
      expect(new Date(String(body['since'])).toISOString()).to.equal(body['since']);
      expect(body['uptimeMs']).to.be.a('number').and.greaterThan(0);
      const startup = body['startup'] as Record<string, unknown>;
      expect(startup).to.include({ complete: true, phase: 'serving' });
      expect(startup['tookMs']).to.be.a('number');
      const phases = startup['phases'] as Record<string, unknown>[];
      expect(phases.map(({ name }) => name)).to.eql(PHASES);
      let before = 0;
      for (const phase of phases) {
        expect(phase['status']).to.equal('done');
        expect(phase['tookMs']).to.be.a('number');
        expect(phase['startedAtMs']).to.be.at.least(before);
        before = Number(phase['startedAtMs']);
      }
      const handlers = body['handlers'] as Record<string, unknown>;
      expect(handlers).to.include({
        status: 'ready',
        count: HANDLERS.length,
        gracePeriodActive: false
      });
      expect(handlers['handlers']).to.have.members(HANDLERS);
      expect(handlers['registrationMs']).to.be.a('number').and.at.least(0);
      expect(handlers['elapsedMs']).to.be.a('number');
      expect(handlers['message']).to.be.a('string');
      const [clickhouse] = body['services'] as Record<string, unknown>[];
      expect(clickhouse).to.include({
        service: 'clickhouse',
        required: false,
        status: 'skipped',
        error: null,
        restarts: 0,
        nextAttemptMs: null
      });
      expect(clickhouse).to.include.keys('mode', 'since');
      expect(body['monitor']).to.deep.include({ status: 'healthy', issues: [] });
      expect(body['threads']).to.eql({ active: 1, test: 1, waiting: 0, undelivered: 0 });
      expect(body['connections']).to.eql({ open: 0, lagging: 0 });
      expect(body['waitingFor']).to.eql([]);
    });

    it('counts open connections in the status', async () => {
      const client = await WireClient.connect(server.url, 'ada');
      expect((await probe(server.url, '/status')).body['connections']).to.eql({
        open: 1,
        lagging: 0
      });
      await client.close();
    });

    it('refuses other methods on the probes and says what is not there', async () => {
      const post = await fetch(`${server.url}/readyz`, { method: 'POST' });
      expect(post.status).to.equal(405);
      expect(post.headers.get('allow')).to.equal('GET, HEAD');
      const nowhere = await fetch(`${server.url}/nowhere`);
      expect(nowhere.status).to.equal(404);
      expect(nowhere.headers.get('content-type')).to.include('application/problem+json');
      expect(await nowhere.json()).to.include({ code: 'not_found', status: 404 });
      const head = await fetch(`${server.url}/readyz`, { method: 'HEAD' });
      expect([head.status, await head.text()]).to.eql([200, '']);
    });
  });

  describe(`startup on ${transport} that is held up`, function () {
    this.timeout(60_000);
    let hanging: TcpServer;
    let url: string;
    let server: Awaited<ReturnType<typeof launchServer>>;

    before(async function () {
      requireTransport(this, transport);
      hanging = createServer((socket) => socket.on('error', () => undefined));
      await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
      const address = hanging.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server = await launchServer({
        env: {
          TRANSPORT: transport,
          CLICKHOUSE_REQUIRED: 'true',
          CLICKHOUSE_URL: `http://127.0.0.1:${String(port)}/chat`
        }
      });
      const listening = await server.line('Listening on');
      url = `http://127.0.0.1:${String(listening['port'])}`;
      await server.line('PHASE COMPLETED: monitoring');
    });
    after(async () => {
      await (server as typeof server | undefined)?.stop();
      (hanging as TcpServer | undefined)?.close();
    });

    it('is alive but neither started nor ready, and says what it waits for', async () => {
      expect((await probe(url, '/livez')).status).to.equal(200);
      const started = await probe(url, '/startupz');
      expect([started.status, started.body['status']]).to.eql([503, 'initializing']);
      const ready = await probe(url, '/readyz');
      expect([ready.status, ready.body['status']]).to.eql([503, 'initializing']);
      expect(Number(ready.retryAfter)).to.be.at.least(1);
      const [waiting] = ready.body['waitingFor'] as Record<string, unknown>[];
      expect(waiting).to.include({ what: 'clickhouse', attempt: 1 });
      const { status, body } = await probe(url, '/status');
      expect([status, (body['startup'] as { phase: string }).phase]).to.eql([200, 'services']);
      expect(body['monitor'], 'what is not up yet is no finding').to.deep.include({
        status: 'healthy',
        issues: [],
        findings: []
      });
    });

    it('answers upgrades with 503, Retry-After and the readiness', async () => {
      const refused = await WireClient.open(url).catch((error: unknown) => error);
      if (!(refused instanceof UpgradeRefused)) throw new Error('it was let in');
      expect(refused.status).to.equal(503);
      expect(Number(refused.headers['retry-after'])).to.be.at.least(1);
      expect(JSON.parse(refused.body)).to.include({ status: 'initializing' });
    });

    it('lets nobody in who only claims to be the health probe', async () => {
      for (const secret of ['', 'x'.repeat(32), 'é'.repeat(32), 'Ã©'.repeat(32)]) {
        const headers = { 'x-rollcall-probe': secret };
        const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers });
        const status = await new Promise((resolve) => {
          socket.on('error', resolve);
          socket.on('open', () => {
            resolve('open');
          });
          socket.on('unexpected-response', (_request, response) => {
            resolve(response.statusCode);
            socket.terminate();
          });
        });
        expect(status).to.equal(503);
      }
      expect((await probe(url, '/livez')).status).to.equal(200);
    });

    it('ends with 0 and leaves nothing when it is told to stop meanwhile', async () => {
      expect(await server.stop()).to.equal(0);
      expect(server.lines.filter(({ level }) => level === 'error')).to.eql([]);
      const gone = await fetch(`${url}/livez`).catch((error: unknown) => error);
      expect(gone).to.be.instanceOf(TypeError);
    });
  });
}
