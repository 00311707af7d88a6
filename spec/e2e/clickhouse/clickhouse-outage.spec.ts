/** Kills ClickHouse many times during a chat: users notice nothing, and in the end it has every message once. */
import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { RemoteStore } from '../../../actors/clickhouse/remote-store.js';
import { ClickhouseServer, requireClickhouseServer } from '../../clickhouse-server.js';
import { ClickhouseGate, INSERT_STAGES } from './clickhouse-gate.js';
import { isStored, logged, numberIn, outcomesIn, stored } from './log-and-store.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { SteadyLoad } from '../wire/steady-load.js';
import { statusOf, untilStatus, type StatusBody } from '../servers/until.js';
import { WireClient } from '../wire/wire-client.js';

const CYCLES = 20;

/** Cycles in which ClickHouse stays away until the server notices; the others end before the server's next check. */
const LONG_CYCLES = [6, 13];

/** In this cycle messages without `expect: stored` go to threads without subscribers; the grace outlasts the spec. */
const HELD_CYCLE = 3;
const HELD_MESSAGES = 5;
const GRACE_MS = 600_000;

/** Longest time to catch up. */
const CATCH_UP_MS = 45_000;

/** Longest wait between attempts; by default, this many outages in a row would make each wait half a minute long. */
const RETRY_MAX_MS = 1_000;

/** Longest times to an ack. A wait for ClickHouse would take 5 to 30 s; the delay of a busy machine is shorter. */
const ACK_P99_MS = 500;
const ACK_MAX_MS = 3_000;

const THREADS = [
  { id: 'team', isWatched: true },
  { id: 'family', isWatched: true },
  { id: 'diary', isWatched: false },
  { id: 'notes', isWatched: false }
];

function environment(url: string): Record<string, string> {
  return {
    CLICKHOUSE_URL: url,
    CLICKHOUSE_TIMEOUT_MS: '3000',
    CLICKHOUSE_RETRY_MAX_MS: String(RETRY_MAX_MS),
    DELIVERY_GRACE_MS: String(GRACE_MS),
    LIMIT_PUBLISH_PER_SECOND: '0'
  };
}

async function connected(url: string): Promise<RemoteStore> {
  const store = new RemoteStore(url);
  await store.connect(new AbortController().signal);
  return store;
}

describe(`a chat whose ClickHouse is killed in the middle of an insert, ${String(CYCLES)} times`, function () {
  this.timeout(240_000);
  let clickhouse: ClickhouseServer | undefined;
  let gate: ClickhouseGate | undefined;
  let server: ServerProcess | undefined;
  let store: RemoteStore;
  let closeStore = (): Promise<void> => Promise.resolve();
  let load: SteadyLoad;
  let url = '';
  let atStart: StatusBody;
  let atEnd: StatusBody;
  /** Number of log lines that announce an outage, by cycle. */
  const told: number[] = [];

  before(async function () {
    const running = await ClickhouseServer.start(requireClickhouseServer(this));
    clickhouse = running;
    const way = await ClickhouseGate.start(running.port);
    gate = way;
    const { lines, line, ...started } = await startServer({
      env: environment(way.url(running.url()))
    });
    server = { lines, line, ...started };
    ({ url } = started);
    atStart = await untilStatus(url, ({ services }) => services[0]?.status === 'connected');
    load = new SteadyLoad(THREADS);
    load.phase = 'before';
    await load.start(url);
    await load.more(500);
    const count = (text: RegExp): number =>
      lines.filter(({ message }) => text.test(message)).length;
    const outages = (): number => count(/unavailable|takes no rows/);
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      const outagesBefore = outages();
      const unavailable = count(/ClickHouse unavailable/);
      const stage = INSERT_STAGES[cycle % INSERT_STAGES.length] ?? 'asked';
      await way.insert(1 + (cycle % 4), stage);
      await running.kill();
      load.phase = 'away';
      await way.shut();
      await load.more(50);
      if (cycle === HELD_CYCLE) await publishToNobody(url);
      if (LONG_CYCLES.includes(cycle)) await line('ClickHouse unavailable', unavailable + 1);
      await way.open();
      await running.restart();
      load.phase = 'back';
      told.push(outages() - outagesBefore);
    }
    await load.quiet();
    const nobody = await WireClient.connect(url, 'late');
    await nobody.subscribe('nobody', 'start');
    await nobody.close();
    atEnd = await untilStatus(url, isStored, CATCH_UP_MS);
    store = await connected(running.url());
    closeStore = () => store.close();
  });
  after(async () => {
    await closeStore();
    await server?.stop();
    await gate?.shut();
    await clickhouse?.stop();
  });

  it('does not notice: all is acked and given out, no later than before', () => {
    expect(load.faults).to.deep.equal([]);
    expect(load.unanswered).to.deep.equal([]);
    for (const { id } of THREADS.filter(({ isWatched }) => isWatched)) {
      const acked = load.acks.filter(({ thread }) => thread === id).map(({ offset }) => offset);
      expect(load.seen(id)).to.deep.equal(acked);
    }
    expect(load.quantile(0.99, 'away')).to.be.lessThan(
      Math.max(ACK_P99_MS, 10 * load.quantile(0.99, 'before'))
    );
    expect(load.quantile(1, 'before', 'away', 'back')).to.be.lessThan(
      Math.max(ACK_MAX_MS, 10 * load.quantile(1, 'before'))
    );
  });

  it('has every message in ClickHouse as in the log, once', async () => {
    for (const { id } of [...THREADS, { id: 'nobody' }]) {
      const log = await logged(url, id);
      expect(log.map(([offset]) => offset)).to.deep.equal(log.map((_, index) => index + 1));
      expect(await stored(store, id)).to.deep.equal(log);
    }
    const acked = load.acks.map(({ mid }) => mid);
    expect(new Set(acked).size).to.equal(acked.length);
    expect(await numberIn(store, "count() FROM messages FINAL WHERE mid LIKE 'm%'")).to.equal(
      acked.length
    );
    expect(await numberIn(store, 'uniqExact(thread, epoch, `offset`) FROM messages')).to.equal(
      await numberIn(store, 'count() FROM messages FINAL')
    );
  });

  it('has in ClickHouse what became of every message, as the monitor counts it', async () => {
    const counted = Object.entries(atEnd.monitor.outcomes)
      .map(([name, n]) => [name, n - (atStart.monitor.outcomes[name] ?? 0)] as const)
      .filter(([, n]) => n > 0);
    const outcomes = await outcomesIn(store);
    expect(outcomes).to.deep.equal(Object.fromEntries(counted));
    expect(outcomes).to.have.all.keys('delivered', 'stored', 'held');
    expect(outcomes['held']).to.equal(HELD_MESSAGES);
  });

  it('tells at most one incident a cycle, ends each, and has nothing above info', () => {
    const lines = server?.lines ?? [];
    const said = (text: string): number =>
      lines.filter(({ message }) => message.includes(text)).length;
    expect(Math.max(...told)).to.equal(1);
    expect(said('unavailable (optional)')).to.be.at.least(LONG_CYCLES.length);
    expect(said('✅ ClickHouse connected')).to.equal(1 + said('unavailable (optional)'));
    expect(lines.filter(({ level }) => level !== 'info')).to.deep.equal([]);
  });
});

/** Returns the messages that wait for a subscriber. */
async function publishToNobody(url: string): Promise<void> {
  const ada = await WireClient.connect(url, 'ada');
  for (let n = 1; n <= HELD_MESSAGES; n += 1) await ada.publish('nobody', `h${String(n)}`);
  await ada.close();
}

describe('a server that ends while ClickHouse is away', function () {
  this.timeout(120_000);
  let clickhouse: ClickhouseServer | undefined;
  let server: ServerProcess | undefined;
  let store: RemoteStore | undefined;
  let dataDir = '';

  afterEach(async () => {
    await store?.close();
    await server?.stop('SIGKILL');
    await clickhouse?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('has every message there once, after a stop and after a kill', async function () {
    const running = await ClickhouseServer.start(requireClickhouseServer(this));
    clickhouse = running;
    dataDir = await temporaryDir();
    const load = new SteadyLoad(THREADS);
    const begin = async (): Promise<ServerProcess> => {
      server = await startServer({ dataDir, env: environment(running.url()) });
      await load.start(server.url);
      return server;
    };
    const first = await begin();
    await first.line('✅ ClickHouse connected');
    await load.more(200);
    await running.kill();
    await load.more(200);
    await load.leave();
    expect(await first.stop()).to.equal(0);
    const told = load.acks.length;

    const second = await begin();
    await load.more(200);
    await second.stop('SIGKILL');
    await load.leave();

    const third = await begin();
    await load.more(200);
    await load.leave();
    expect((await statusOf(third.url)).sink?.backlog.threads).to.be.greaterThan(0);
    await running.restart();
    await untilStatus(third.url, isStored, CATCH_UP_MS);

    store = await connected(running.url());
    const mids: string[] = [];
    for (const { id } of THREADS) {
      const log = await logged(third.url, id);
      expect(await stored(store, id)).to.deep.equal(log);
      mids.push(...log.map(([, mid]) => mid));
    }
    expect(mids).to.include.members(load.acks.map(({ mid }) => mid));
    expect(load.faults).to.deep.equal([]);
    // A message without an answer may be in the log or not. No other message may be missing or extra.
    expect(mids.length).to.be.within(load.acks.length, load.acks.length + load.unanswered.length);
    // Facts of delivery: a clean stop writes all of them. A kill may lose those of the last quarter of a second, which
    // wait for a common write (FACTS_FLUSH_MS), but never a message.
    const places = 'uniqExact(thread, `offset`) FROM deliveries FINAL';
    const known = await numberIn(store, places);
    expect(known).to.equal(await numberIn(store, 'count() FROM deliveries FINAL'));
    expect(known).to.be.within(told, mids.length);
  });
});
