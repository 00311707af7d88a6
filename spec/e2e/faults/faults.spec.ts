/** Real faults in a whole server: the chat goes on, `/status` shows each fault, the log has one incident for each. */
import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireTool } from '../../require.js';
import { childrenOf, startServer, type ServerProcess } from '../servers/server-process.js';
import { until } from '../servers/until.js';
import { WireClient } from '../wire/wire-client.js';

const ENTRY = [
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL('faulty-server.child.ts', import.meta.url))
];

/** The parts of `/status` that are checked here. */
interface Status {
  readonly status: string;
  readonly reason: string | null;
  readonly supervision: readonly {
    readonly service: string;
    readonly reason: string | null;
    readonly action: string;
    readonly since: string;
    readonly restarts: number;
    readonly nextAttemptMs: number | null;
  }[];
  readonly services: readonly { readonly status: string; readonly restarts: number }[];
  readonly sink: { readonly stored: { readonly messages: number } } | null;
  readonly monitor: { readonly status: string; readonly issues: readonly string[] };
}

function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'supervision' in value;
}

describe('a fault in a running server', function () {
  this.timeout(60_000);
  let server: ServerProcess;
  let ada: WireClient;
  let bob: WireClient;
  let said = 0;

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    server = await startServer({ entry: ENTRY, env });
    ada = await WireClient.connect(server.url, 'ada');
    bob = await WireClient.connect(server.url, 'bob');
    await bob.subscribe('room');
  };
  const status = async (): Promise<Status> => {
    const body: unknown = await (await fetch(`${server.url}/status`)).json();
    if (!isStatus(body)) throw new Error(JSON.stringify(body));
    return body;
  };
  const part = async (id: string) =>
    (await status()).supervision.find(({ service }) => service === id);
  /** Ada publishes and Bob receives, both on the connections that they have had since the start. */
  const chatGoesOn = async (): Promise<void> => {
    const mid = `m${String((said += 1))}`;
    expect((await ada.publish('room', mid)).type).to.equal('ack');
    await bob.next((frame) => frame.type === 'message' && frame.mid === mid);
  };
  /** Returns what a search finds in a thread; nothing while the search is unavailable. */
  const foundIn = async (thread: string): Promise<readonly unknown[]> => {
    const reply = await fetch(`${server.url}/api/search?thread=${thread}&limit=200`);
    const body: unknown = await reply.json();
    const isFound = typeof body === 'object' && body !== null && 'messages' in body;
    const found: unknown = isFound ? body.messages : [];
    return Array.isArray(found) ? found.map((each: unknown) => each) : [];
  };
  const aboveInfo = (): string[] =>
    server.lines.filter(({ level }) => level !== 'info').map(({ message }) => message);

  afterEach(async () => {
    await server.stop('SIGKILL');
  });

  describe('that the supervisor mends', () => {
    it('in a supervised actor is one incident, told truly while it lasts and after, and the chat goes on', async () => {
      await start({ CLICKHOUSE_URL: '' });
      await server.line('ClickHouse connected');
      for (const id of ['sink', 'clickhouse', 'monitor']) {
        const isRequired = id === 'monitor';
        // The part fails several times in a short time: the waits grow, and it stays one incident.
        for (const loss of [1, 2, 3]) {
          server.order(`crash ${id}`);
          const away = await until(
            () => part(id),
            (row) => row?.action === 'restarting'
          );
          expect(away).to.include({ reason: `a fault in ${id}`, restarts: loss - 1 });
          expect(away?.nextAttemptMs).to.be.within(0, 100 * 2 ** (loss - 1));
          await chatGoesOn();
          if (loss === 3) {
            const { status: whole, reason, monitor } = await status();
            expect(whole).to.equal(isRequired ? 'failed' : 'degraded');
            expect(reason).to.contain(`${id}: a fault in ${id}`);
            expect(monitor).to.include({ status: isRequired ? 'critical' : 'warning' });
            const ready = await fetch(`${server.url}/readyz`);
            expect(ready.status).to.equal(isRequired ? 503 : 200);
          }
          await until(
            () => part(id),
            (row) => row?.action === 'none'
          );
        }
        const back = await until(status, ({ status: whole }) => whole === 'ready');
        expect(back.supervision.find(({ service }) => service === id)).to.include({
          reason: null,
          restarts: 3
        });
        await chatGoesOn();
      }
      for (const id of ['sink', 'clickhouse', 'monitor']) {
        const over = await server.line(`${id} is well again`);
        expect(over).to.include({ level: 'info', actor: 'supervisor', service: id, restarts: 3 });
      }
      expect(aboveInfo()).to.deep.equal(
        ['sink', 'clickhouse', 'monitor'].map(
          (id) => `${id} was lost and is started again: a fault in ${id}`
        )
      );
      expect(await server.stop()).to.equal(0);
    });

    it('in the process of the embedded ClickHouse costs no row and no message', async function () {
      requireTool(this, '/proc', process.platform === 'linux', 'it tells of child processes');
      await start({ CLICKHOUSE_URL: '' });
      await server.line('ClickHouse connected');
      for (let kill = 1; kill <= 3; kill += 1) {
        const before = server.lines.length;
        for (const pid of childrenOf(server.pid)) process.kill(pid, 'SIGKILL');
        await until(status, ({ services }) => services[0]?.restarts === kill);
        await chatGoesOn();
        await until(status, ({ services }) => services[0]?.status === 'connected');
        await chatGoesOn();
        const lines = server.lines.slice(before).map(({ message }) => message);
        expect(lines.filter((line) => line.includes('ClickHouse unavailable'))).to.have.length(1);
        expect(lines.filter((line) => line.includes('ClickHouse connected'))).to.have.length(1);
      }
      expect(aboveInfo()).to.deep.equal([]);
      await until(
        () => foundIn('room'),
        (messages) => messages.length === 6
      );
    });
  });

  it('by deleted files under the running ClickHouse is found out, and all rows are there again', async () => {
    await start({ CLICKHOUSE_URL: '' });
    await server.line('ClickHouse connected');
    for (let n = 0; n < 20; n += 1) await chatGoesOn();
    await until(status, ({ sink }) => (sink?.stored.messages ?? 0) >= 20);
    await rm(join(server.dataDir, 'clickhouse'), { recursive: true, force: true });
    for (let n = 0; n < 20; n += 1) await chatGoesOn();
    await server.line('ClickHouse unavailable');
    const found = await until(
      () => foundIn('room'),
      (messages) => messages.length === 40,
      20_000
    );
    expect(found).to.have.length(40);
    expect(aboveInfo()).to.deep.equal([]);
  });

  describe('that nobody needs to mend', () => {
    it('in a handler costs the one who asked a reconnect, and is one incident', async () => {
      await start();
      server.order('break handler');
      for (let times = 0; times < 3; times += 1) {
        const eve = await WireClient.connect(server.url, 'eve');
        // The order may not have arrived yet.
        for (let tries = 0; tries < 100 && eve.socket.readyState === eve.socket.OPEN; tries += 1) {
          eve.send({ type: 'ping' });
          await eve.next(({ type }) => type === 'pong' || type === 'disconnect');
        }
        expect((await eve.ended).code).to.equal(3004);
        await chatGoesOn();
      }
      server.order('mend');
      const { monitor, status: whole } = await status();
      expect(whole).to.equal('ready');
      expect(monitor.issues).to.deep.equal([
        'a handler failed; its connection was closed (3 times lately, last: a fault in a handler)'
      ]);
      expect(aboveInfo()).to.deep.equal(['a handler failed; its connection was closed']);
    });

    it('in a delivery actor is mended from its record, and is one incident', async () => {
      await start();
      for (let times = 0; times < 3; times += 1) {
        server.order('crash delivery:room');
        await chatGoesOn();
      }
      const { monitor } = await until(status, ({ monitor: { issues } }) => issues.length > 0);
      expect(monitor.issues[0]).to.contain('a delivery actor crashed and was replaced');
      expect(aboveInfo()).to.deep.equal([
        'a delivery actor crashed and was replaced from its record'
      ]);
      expect((await status()).status).to.equal('ready');
    });

    it('in an observer of the charts harms nobody, and is one incident', async () => {
      await start();
      server.order('break observer');
      const carol = await WireClient.connect(server.url, 'carol');
      await carol.subscribe('other');
      await until(status, ({ monitor: { issues } }) => issues.length > 0);
      await carol.close();
      await chatGoesOn();
      expect(aboveInfo()).to.deep.equal(['an observer of the charts failed']);
      expect((await status()).status).to.equal('ready');
      expect(await server.stop()).to.equal(0);
    });
  });

  it('that comes back at every start ends the server with the reason, once the intensity is used up', async () => {
    await start();
    for (let loss = 1; loss <= 6; loss += 1) {
      server.order('crash monitor');
      if (loss === 6) break;
      await until(
        () => part('monitor'),
        (row) => row?.action === 'none' && row.restarts === loss
      );
    }
    expect(await server.exit).to.equal(1);
    const critical = server.lines.filter(({ message }) => message.includes('CRITICAL'));
    expect(critical.map(({ message }) => message)).to.deep.equal([
      '❌ CRITICAL: monitor failed in monitoring: a fault in monitor (restarted 5 times within 30000 ms, the most allowed)'
    ]);
    expect((await ada.ended).code).to.equal(3001);
  });
});
