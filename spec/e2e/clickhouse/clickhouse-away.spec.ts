/**
 * ClickHouse dies while a whole server uses it, as a required or an optional service. Checks what operators, probes and
 * users of the chat and the search see while it is away and after it is back.
 */
import { expect } from 'chai';
import { RemoteStore } from '../../../actors/clickhouse/remote-store.js';
import { ClickhouseServer, requireClickhouseServer } from '../../clickhouse-server.js';
import { get } from '../http/http-answer.js';
import { found } from './log-and-store.js';
import { runCli } from '../terminal/run-cli.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { statusOf, untilStatus, type StatusBody } from '../servers/until.js';
import { WireClient } from '../wire/wire-client.js';

/** Longest wait for a change: the server checks ClickHouse every 5 seconds, and retries after growing waits. */
const PATIENCE_MS = 20_000;

const ANALYTICS = [
  '/api/search?q=hello',
  '/api/stats',
  '/api/reports/outcomes',
  '/api/reports/messages-per-minute'
];

const clickhouseOf = ({ services }: StatusBody) =>
  services[0] ?? expect.fail('there is no row of ClickHouse');

describe('a ClickHouse that dies after the start', function () {
  this.timeout(120_000);
  let clickhouse: ClickhouseServer | undefined;
  /** A server under test and its clients; there is one that requires ClickHouse and one that does not. */
  interface Watched {
    readonly server: ServerProcess;
    readonly ada: WireClient;
    readonly bob: WireClient;
  }
  const watched = new Map<boolean, Watched>();
  const of = (isRequired: boolean): Watched =>
    watched.get(isRequired) ?? expect.fail('it was not started');
  const each = async (work: (watched: Watched, isRequired: boolean) => Promise<void>) => {
    await Promise.all([...watched].map(([isRequired, one]) => work(one, isRequired)));
  };
  const chats = async ({ ada, bob }: Watched, mid: string): Promise<void> => {
    expect((await ada.publish('room', mid, `Hello from ${mid}`)).type).to.equal('ack');
    await bob.next((frame) => frame.type === 'message' && frame.mid === mid);
  };

  before(async function () {
    const running = await ClickhouseServer.start(requireClickhouseServer(this));
    clickhouse = running;
    const store = new RemoteStore(running.url());
    await store.connect(new AbortController().signal);
    for (const isRequired of [true, false]) {
      const database = isRequired ? 'required' : 'optional';
      await store.command(`CREATE DATABASE ${database}`);
      const server = await startServer({
        env: { CLICKHOUSE_URL: running.url(database), CLICKHOUSE_REQUIRED: String(isRequired) }
      });
      const ada = await WireClient.connect(server.url, 'ada');
      const bob = await WireClient.connect(server.url, 'bob');
      await bob.subscribe('room');
      watched.set(isRequired, { server, ada, bob });
      await server.line('✅ ClickHouse connected');
    }
    await store.close();
  });
  after(async () => {
    const codes: (number | null)[] = [];
    await each(async ({ server }) => {
      codes.push(await server.stop());
    });
    await clickhouse?.stop();
    expect(codes.filter((code) => code !== 0)).to.deep.equal([]);
    const lines = [...watched.values()].flatMap(({ server }) => server.lines);
    expect(lines.filter(({ level }) => level === 'error')).to.deep.equal([]);
  });

  it('was ready before, and finds what was published', async () => {
    await each(async (one) => {
      await chats(one, 'before');
      const { url } = one.server;
      expect((await untilStatus(url, ({ status }) => status === 'ready')).reason).to.equal(null);
      expect(await found(url, 'q=hello')).to.deep.equal(['Hello from before']);
    });
  });

  describe('while it is away', () => {
    before(async () => {
      await clickhouse?.kill();
      await each(async ({ server }) => {
        await untilStatus(server.url, ({ status }) => status !== 'ready', PATIENCE_MS);
      });
    });

    for (const [isRequired, status, http] of [
      [true, 'failed', 503],
      [false, 'degraded', 200]
    ] as const) {
      const kind = isRequired ? 'required' : 'optional';

      it(`is ${status} and ${String(http)} where it is ${kind}, with the reason`, async () => {
        const { url } = of(isRequired).server;
        const ready = await get(`${url}/readyz`);
        expect([ready.status, ready.body['status']]).to.deep.equal([http, status]);
        expect(ready.retryAfter).to.equal(isRequired ? '1' : null);
        expect(ready.body['reason']).to.match(/^clickhouse: (nothing answers at|.* closed the)/);
        const all = await statusOf(url);
        expect(all.status).to.equal(status);
        expect(all.reason).to.match(/^clickhouse: /);
        const row = clickhouseOf(all);
        expect(row).to.include({ required: isRequired, status: 'degraded', mode: 'remote' });
        expect(row.error).to.match(/127\.0\.0\.1/);
        expect(row.restarts).to.equal(1);
        expect(new Date(row.since).toISOString()).to.equal(row.since);
        const waiting = await untilStatus(
          url,
          ({ waitingFor }) => typeof waitingFor[0]?.nextAttemptMs === 'number'
        );
        expect(waiting.waitingFor).to.have.length(1);
        expect(waiting.waitingFor[0]).to.include({ what: 'clickhouse', of: null });
        expect(waiting.waitingFor[0]?.attempt).to.be.at.least(1);
      });

      it(`is alive and started, and goes on chatting, where it is ${kind}`, async () => {
        const one = of(isRequired);
        const { url } = one.server;
        expect((await get(`${url}/livez`)).status).to.equal(200);
        expect((await get(`${url}/startupz`)).status).to.equal(200);
        await chats(one, 'during');
        const eve = await WireClient.connect(url, 'eve');
        const { replays } = await eve.subscribe('room', 'start');
        expect(replays.map(({ mid }) => mid)).to.deep.equal(['before', 'during']);
        await eve.close();
      });
    }

    it('is said once, in the words for each', () => {
      const said = (isRequired: boolean, text: string) =>
        of(isRequired)
          .server.lines.filter(({ message }) => message.startsWith(text))
          .map(({ level }) => level);
      expect(said(true, 'ClickHouse lost, reconnecting: ')).to.deep.equal(['warn']);
      expect(said(true, 'ℹ️ ClickHouse unavailable')).to.deep.equal([]);
      expect(said(false, 'ℹ️ ClickHouse unavailable (optional): ')).to.deep.equal(['info']);
      expect(said(false, 'ClickHouse lost')).to.deep.equal([]);
    });

    for (const path of ANALYTICS) {
      it(`answers ${path} with 503, the reason in words and when to ask again`, async () => {
        const { status, retryAfter, body } = await get(of(false).server.url + path);
        expect([status, body['code'], body['retry']]).to.deep.equal([503, 'unavailable', true]);
        expect(Number(retryAfter)).to.be.at.least(1);
        expect(body['detail']).to.match(/^ClickHouse is not connected: .*127\.0\.0\.1/);
      });
    }

    it('makes rollcall query end with 1 and clear words', async () => {
      const { url } = of(false).server;
      const { code, stdout, stderr } = await runCli(['query', 'outcomes', '--url', url]);
      expect([code, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.match(
        /^rollcall query: the server cannot answer now: ClickHouse is not connected: .+\n$/
      );
    });
  });

  describe('once it is back', () => {
    before(async () => {
      await clickhouse?.restart();
      await each(async ({ server }) => {
        await untilStatus(server.url, ({ status }) => status === 'ready', PATIENCE_MS);
      });
    });

    it('is ready again, as if nothing had been', async () => {
      await each(async ({ server: { url } }, required) => {
        const ready = await get(`${url}/readyz`);
        expect([ready.status, ready.body['status'], ready.body['reason']]).to.deep.equal([
          200,
          'ready',
          null
        ]);
        const all = await statusOf(url);
        expect(clickhouseOf(all)).to.include({
          required,
          status: 'connected',
          error: null,
          restarts: 1,
          nextAttemptMs: null
        });
        expect(all.waitingFor).to.deep.equal([]);
        expect(all.monitor).to.deep.include({ status: 'healthy', issues: [] });
      });
    });

    it('says that it is connected once more, with how long it was away, and nothing else', async () => {
      await each(async ({ server }) => {
        const [, again, ...more] = server.lines.filter(({ message }) =>
          message.startsWith('✅ ClickHouse connected')
        );
        expect(more).to.deep.equal([]);
        expect(again).to.include({ level: 'info', recovered: true });
        expect(again?.['downMs']).to.be.a('number').and.greaterThan(0);
        const loud = server.lines.filter(({ level }) => level !== 'info');
        expect(loud.filter(({ message }) => !message.startsWith('ClickHouse lost,'))).to.eql([]);
        return Promise.resolve();
      });
    });

    it('finds what was published before, during and after, in any case, by author and by thread', async () => {
      const one = of(false);
      await chats(one, 'after');
      const cat = await WireClient.connect(one.server.url, 'cat');
      await cat.publish('kitchen', 'purr', 'hELLO GRÜSSE');
      await cat.close();
      const { url } = one.server;
      const room = ['before', 'during', 'after'].map((mid) => `Hello from ${mid}`);
      expect(await found(url, 'q=hello')).to.deep.equal([...room, 'hELLO GRÜSSE']);
      expect(await found(url, 'q=FROM+DURING')).to.deep.equal(['Hello from during']);
      expect(await found(url, 'q=gr%C3%BCsse')).to.deep.equal(['hELLO GRÜSSE']);
      expect(await found(url, 'q=hello&from=cat')).to.deep.equal(['hELLO GRÜSSE']);
      expect(await found(url, 'q=hello&from=dog')).to.deep.equal([]);
      expect(await found(url, 'thread=kitchen')).to.deep.equal(['hELLO GRÜSSE']);
      expect(await found(url, 'q=hello&thread=room')).to.deep.equal(room);
    });

    it('answers figures and reports, also on the command line', async () => {
      const { url } = of(false).server;
      const stats = await get(`${url}/api/stats`);
      expect(stats.status).to.equal(200);
      // The thread "kitchen" has no subscribers, so its message is held.
      expect(stats.body['outcomes']).to.deep.equal({ delivered: 3, held: 1 });
      for (const path of ANALYTICS) expect((await get(url + path)).status).to.equal(200);
      const { code, stdout, stderr } = await runCli(['query', 'outcomes', '--url', url]);
      expect([code, stderr]).to.deep.equal([0, '']);
      expect(stdout).to.match(/^delivered +3$/m);
    });
  });
});
