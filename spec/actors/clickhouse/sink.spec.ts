import { expect } from 'chai';
import { RemoteStore } from '../../../actors/clickhouse/remote-store.js';
import { UNREADABLE } from '../../../actors/clickhouse/copy/rows.js';
import { LocalCopy, type RowLines } from '../../../actors/clickhouse/copy/local-copy.js';
import type { CopiedTable } from '../../../actors/clickhouse/copy/row-copy.js';
import { COPIED_TABLES, migrate, SCHEMA_VERSION } from '../../../actors/clickhouse/schema.js';
import { BATCH_ROWS, createSink } from '../../../actors/clickhouse/sink.js';
import { StoreError, type AnalyticsStore, type Row } from '../../../actors/clickhouse/store.js';
import { ClickhouseServer, requireClickhouseServer } from '../../clickhouse-server.js';
import { systemClock } from '../../../actors/clock.js';
import { delivered, FED_AT, MemoryFeed, moved, stepped } from '../log/memory-feed.js';
import { supervise } from '../../machines/supervision/supervised.js';
import { RecordedLogger } from '../recorded-logger.js';
import { FAST_CLOCK, runSink, type SinkRigOptions } from './sink-rig.js';
import { REAL_STORES, type RealStore } from './stores.js';

const TABLES = ['messages', 'deliveries', 'transitions'] as const;

async function countsOf(store: AnalyticsStore, final = 'FINAL'): Promise<number[]> {
  const counts: number[] = [];
  for (const table of TABLES) {
    const [row] = await store.query(`SELECT count() AS n FROM ${table} ${final}`);
    counts.push(Number(row?.['n']));
  }
  return counts;
}

const forget = (store: AnalyticsStore) =>
  Promise.all(
    [...COPIED_TABLES, 'identity', 'schema_version'].map((table) =>
      store.command(`DROP TABLE IF EXISTS ${table}`)
    )
  );

for (const [name, make] of Object.entries(REAL_STORES)) {
  describe(`createSink with ${name}`, function () {
    this.timeout(60_000);
    let real: RealStore | undefined;
    let rig: ReturnType<typeof runSink> | undefined;
    const run = (options: SinkRigOptions = {}) => {
      const { store } = real ?? expect.fail('there is no store');
      const started = runSink(store, { storeClock: systemClock, ...options });
      rig = started;
      return { ...started, store };
    };
    before(async function () {
      real = await make(this);
    });
    after(() => real?.remove());
    afterEach(async () => {
      if (rig === undefined || real === undefined) return;
      await rig.stop();
      rig = undefined;
      await real.store.connect(new AbortController().signal);
      await forget(real.store);
      await real.store.close();
    });

    it('stores messages, deliveries, transitions and steps as they were', async () => {
      const { feed, stored, store, status, said } = run();
      feed.say('t1', { text: 'Hello, Straße' }, { user: "o'brien" });
      feed.record(delivered('t1', 1, { tookMs: 4, appendedMs: 1.5 }));
      feed.record(moved('t1', 'waiting', 'flushing.now'));
      feed.record(stepped('t1', 'lagged', 1, 3, { user: 'b\\ob', since: FED_AT - 7 }));
      await stored();
      expect(await store.query('SELECT * FROM messages FINAL')).to.deep.equal([
        {
          day: '2026-01-02',
          thread: 't1',
          epoch: 'e1',
          offset: '1',
          mid: 't1-1',
          user: "o'brien",
          kind: 'user_message',
          body: '{"text":"Hello, Straße"}',
          text: 'Hello, Straße',
          at: String(FED_AT)
        }
      ]);
      expect(await store.query('SELECT * FROM deliveries FINAL')).to.deep.equal([
        {
          day: '2026-01-02',
          epoch: 'e1',
          id: '1000',
          thread: 't1',
          offset: '1',
          messages: 1,
          outcome: 'delivered',
          subscribers: 2,
          at: String(FED_AT),
          tookMs: 4,
          appendedMs: 1.5
        }
      ]);
      expect(await store.query('SELECT * FROM transitions FINAL')).to.deep.equal([
        {
          day: '2026-01-02',
          epoch: 'e1',
          id: '2000',
          node: 'n1',
          chart: 'delivery',
          actor: 'delivery:t1',
          from: 'waiting',
          to: 'flushing.now',
          event: 'subscriber.joined',
          at: String(FED_AT),
          spentMs: '1000'
        }
      ]);
      expect(await store.query('SELECT * FROM steps FINAL')).to.deep.equal([
        {
          day: '2026-01-02',
          epoch: 'e1',
          id: '3000',
          thread: 't1',
          step: 'lagged',
          user: 'b\\ob',
          connection: 'c1',
          from: '1',
          upTo: '3',
          since: String(FED_AT - 7),
          at: String(FED_AT)
        }
      ]);
      expect(status()).to.deep.include({
        status: 'idle',
        error: null,
        stored: { messages: 1, deliveries: 1, transitions: 1, steps: 1, runs: 0 }
      });
      expect(said).to.deep.equal(['child.ready']);
    });

    it('stores each run once, from the message of its end, also when it is sent twice', async () => {
      const { feed, stored, store, status, when } = run();
      feed.takeFault = new Error('the log is away');
      const usage = { input: 3, model: 'm-1' };
      const body = { run: 'r1', user: 'ada', inReplyTo: 'm7', ms: 12.5, usage };
      feed.say('t1', body, { kind: 'agent_completed', user: 'agent:echo' });
      await when(() => status().error !== null);
      feed.takeFault = null;
      await stored();
      const row = {
        day: '2026-01-02',
        thread: 't1',
        epoch: 'e1',
        offset: '1',
        run: 'r1',
        agent: 'echo',
        user: 'ada',
        inReplyTo: 'm7',
        outcome: 'completed',
        code: '',
        attempts: 1,
        ms: 12.5,
        firstTextMs: null,
        model: 'm-1',
        inputTokens: '3',
        outputTokens: null,
        cachedTokens: null,
        reasoningTokens: null,
        at: String(FED_AT)
      };
      expect(await store.query('SELECT * FROM runs FINAL')).to.deep.equal([row]);
      expect(status().stored).to.include({ messages: 1, runs: 1 });
    });

    it('keeps the rows and the identity of tables of version 2, and adds to them what is new', async () => {
      const { store } = real ?? expect.fail('there is no store');
      await store.connect(new AbortController().signal);
      // Make the tables as the version before did.
      await migrate(store, 1);
      for (const sql of [
        'ALTER TABLE deliveries DROP COLUMN appendedMs',
        'DROP TABLE steps',
        'DROP TABLE runs',
        'DROP TABLE schema_version',
        'CREATE TABLE schema_version (version UInt32, at UInt64) ENGINE = ReplacingMergeTree() ORDER BY version'
      ]) {
        await store.command(sql);
      }
      await store.insert('schema_version', ['version', 'at'], [{ version: 2, at: 1 }]);
      await store.insert('identity', ['id', 'at'], [{ id: 'kept', at: 1 }]);
      const old = { thread: 't0', epoch: 'e1', outcome: 'held', offset: 1, at: FED_AT, id: 9 };
      await store.insert('deliveries', ['thread', 'epoch', 'outcome', 'offset', 'at', 'id'], [old]);
      await store.close();

      const feed = new MemoryFeed();
      await feed.rewind('kept');
      feed.record(delivered('t1', 1, { appendedMs: 0.5 }));
      feed.record(stepped('t1', 'read', 1, 1));
      feed.say('t1', { run: 'r1' }, { kind: 'agent_cancelled', user: 'agent:echo' });
      const { stored } = run({ feed });
      await stored();
      expect(feed.rewinds, 'nothing is sent again').to.deep.equal(['kept']);
      expect(
        await store.query('SELECT thread, appendedMs FROM deliveries FINAL ORDER BY thread')
      ).to.deep.equal([
        { thread: 't0', appendedMs: null },
        { thread: 't1', appendedMs: 0.5 }
      ]);
      const [version] = await store.query('SELECT max(version) AS version FROM schema_version');
      expect(version).to.deep.equal({ version: SCHEMA_VERSION });
      const [steps] = await store.query('SELECT count() AS n FROM steps FINAL');
      expect(Number(steps?.['n'])).to.equal(1);
      const [runs] = await store.query('SELECT count() AS n FROM runs FINAL');
      expect(Number(runs?.['n'])).to.equal(1);
    });

    it('stores whatever a log may hold, and lets nothing hold up what comes after', async () => {
      const { feed, stored, store, said } = run();
      const odd = 'a\b\f\n\r\t\u0000\u001f\u007f\u2028"\\/\u{1F600}\\u0041{}';
      feed.say('odd', { text: odd }, { user: 'u\udc00', mid: 'm\ud800' });
      feed.say('odd', { text: 'half \ud83d' });
      feed.say('odd', 'a string');
      for (const body of [null, 7, [], { text: 7 }, { text: { a: 1 } }]) feed.say('odd', body);
      feed.add({ thread: 'odd', epoch: 'e1', offset: 9, frame: '{"type":"mess\ud800' });
      feed.record(
        delivered('odd', 1, { tookMs: -3.5, messages: 1e12, subscribers: -2, at: FED_AT + 0.5 })
      );
      await stored();
      const rows = await store.query(
        'SELECT mid, user, text, kind FROM messages FINAL ORDER BY `offset`'
      );
      expect(rows.map((row) => row['text'])).to.deep.equal([
        odd,
        'half \ufffd',
        'a string',
        ...Array<string>(6).fill('')
      ]);
      expect(rows[0]).to.include({ mid: 'm\ufffd', user: 'u\ufffd' });
      expect(rows[8]).to.include({ kind: UNREADABLE });
      expect(await store.query('SELECT messages, tookMs, at FROM deliveries FINAL')).to.deep.equal([
        { messages: 4_294_967_295, tookMs: 0, at: String(FED_AT) }
      ]);
      expect(said).to.deep.equal(['child.ready']);
    });

    it('catches up piece by piece and batch by batch, in turn with the threads', async () => {
      const feed = new MemoryFeed();
      for (let n = 0; n < BATCH_ROWS; n += 1) feed.say('busy', { text: `m${String(n)}` });
      for (let n = 0; n < 700; n += 1) feed.record(delivered('busy', n + 1));
      feed.say('quiet', 'hello');
      const { stored, store, status } = run({ feed });
      await stored();
      expect(await countsOf(store)).to.deep.equal([BATCH_ROWS + 1, 700, 0]);
      expect(status().batches).to.equal(2);
    });

    it('sends everything again when its tables were dropped in the middle, and says so', async () => {
      const { feed, stored, store, said, logger } = run();
      feed.say('t1', 'before');
      feed.record(moved('t1', 'idle', 'delivering'));
      await stored();
      await store.command('DROP TABLE messages');
      feed.say('t1', 'after');
      await stored();
      expect(await countsOf(store)).to.deep.equal([2, 0, 1]);
      expect(feed.rewinds).to.have.length(2);
      expect(said).to.have.length(3);
      expect(said[1]).to.match(/code 60/);
      expect(said[2]).to.equal('child.recovered');
      expect(logger.with('has all rows again')).to.have.length(1);
      expect(logger.with('ClickHouse takes no rows')).to.have.length(1);
      expect(logger.with('is not the one that had the rows')).to.have.length(1);
    });

    it('sends everything again when the store is another one, and nothing when it is the same', async () => {
      const first = run();
      first.feed.say('t1', 'one');
      await first.stored();
      await first.stop();
      const second = run({ feed: first.feed });
      first.feed.say('t1', 'two');
      await second.stored();
      expect(second.status().stored.messages).to.equal(1);
      await second.stop();
      await second.store.connect(new AbortController().signal);
      await forget(second.store);
      const third = run({ feed: first.feed });
      await third.stored();
      expect(third.status().stored.messages).to.equal(2);
      expect(third.said).to.deep.equal(['child.ready']);
      expect(await countsOf(third.store)).to.deep.equal([2, 0, 0]);
    });

    it('lets old rows go', async () => {
      const feed = new MemoryFeed();
      feed.say('t1', 'old', { at: Date.now() - 40 * 86_400_000 });
      feed.say('t1', 'new', { at: Date.now() });
      const first = run({ feed });
      await first.stored();
      await first.stop();
      const { store, clickhouse, when } = run({ feed, ttlDays: 30 });
      let left: Row[] = [];
      await when(() => clickhouse.status()?.status === 'connected');
      do {
        left = await store.query('SELECT text FROM messages FINAL');
      } while (left.length !== 1);
      expect(left).to.deep.equal([{ text: 'new' }]);
    });

    it('finishes the batch in hand when it is told to stop', async () => {
      const { feed, store, stopSink, status, when } = run();
      await when(() => status().status === 'idle');
      for (let n = 0; n < 400; n += 1) feed.say('t1', 'x');
      await when(() => status().status === 'storing');
      await stopSink();
      expect(feed.backlog().threads).to.equal(0);
      expect(await countsOf(store)).to.deep.equal([400, 0, 0]);
    });
  });
}

describe('createSink with a server that fails', function () {
  this.timeout(120_000);
  const CYCLES = 20;
  let server: ClickhouseServer | undefined;
  let rig: ReturnType<typeof runSink> | undefined;

  beforeEach(async function () {
    server = await ClickhouseServer.start(requireClickhouseServer(this));
  });
  afterEach(async () => {
    await rig?.stop();
    await server?.stop();
  });

  /** A store that tells the spec when an insert begins. */
  class Heard extends RemoteStore {
    onInsert: (table: string) => void = () => undefined;
    override insertLines(table: CopiedTable, lines: RowLines): Promise<void> {
      const inserting = super.insertLines(table, lines);
      this.onInsert(table);
      return inserting;
    }
  }

  it(`has every row once after ${String(CYCLES)} kills in the middle of inserts`, async () => {
    const running = server ?? expect.fail('there is no server');
    const store = new Heard(running.url());
    const feed = new MemoryFeed();
    rig = runSink(store, { feed, clock: FAST_CLOCK });
    let said = 0;
    const say = (count: number) => {
      for (let n = 0; n < count; n += 1) {
        const thread = `t${String(said++ % 7)}`;
        feed.say(thread, { text: `message ${String(said)}` });
        feed.record(delivered(thread, said));
        if (n % 3 === 0) feed.record(moved(thread, 'idle', 'delivering'));
      }
    };
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      say(700);
      const table = TABLES[cycle % TABLES.length];
      await new Promise<void>((resolve) => {
        store.onInsert = (inserting) => {
          say(5);
          if (inserting === table) resolve();
        };
      });
      // Kill the server sometimes before it has read the insert, sometimes after it has written it.
      for (let turn = 0; turn < cycle * 8; turn += 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await running.kill();
      say(5);
      await running.restart();
    }
    store.onInsert = () => undefined;
    await rig.stored();
    const facts = (kind: string) => feed.facts.filter(({ fact }) => fact.kind === kind).length;
    const all = [feed.entries.length, facts('delivery'), facts('transition')];
    expect(await countsOf(store)).to.deep.equal(all);
    const raw = await countsOf(store, '');
    raw.forEach((rows, index) => expect(rows).to.be.at.least(all[index] ?? Infinity));
    const threads = await store.query(
      'SELECT thread, max(`offset`) AS last, uniqExact(`offset`) AS offsets FROM messages GROUP BY thread ORDER BY thread'
    );
    expect(threads).to.have.length(7);
    for (const { thread, last, offsets } of threads) {
      const count = feed.entries.filter((entry) => entry.thread === thread).length;
      expect([Number(last), Number(offsets)]).to.deep.equal([count, count]);
    }
    // The actor of ClickHouse reports an outage of the server; the sink does not.
    expect(rig.said).to.deep.equal(['child.ready']);
  });

  it('goes on where it was when the server hangs and comes back', async () => {
    const running = server ?? expect.fail('there is no server');
    const store = new RemoteStore(running.url());
    rig = runSink(store, { clock: FAST_CLOCK });
    rig.feed.say('t1', 'before');
    await rig.stored();
    running.pause();
    rig.feed.say('t1', 'during');
    // The timeout of the pings detects it.
    await rig.when(() => rig?.status().status === 'waiting');
    expect(rig.clickhouse.status()?.status).to.equal('degraded');
    running.resume();
    await rig.stored();
    expect(await countsOf(store)).to.deep.equal([2, 0, 0]);
    expect(rig.said).to.deep.equal(['child.ready']);
  });
});

describe('createSink', () => {
  /** A store that has all tables and accepts everything until `fault` is set. */
  class Willing implements AnalyticsStore {
    readonly mode = 'remote';
    readonly inserted: string[] = [];
    fault: StoreError | null = null;
    connect = () => Promise.resolve({ version: '18.16' });
    ping = () => Promise.resolve();
    command = () => Promise.resolve();
    close = () => Promise.resolve();
    onLost = () => undefined;
    query = (sql: string): Promise<Row[]> => {
      const names = ['schema_version', 'identity', ...COPIED_TABLES];
      if (sql.includes('system.tables')) return Promise.resolve(names.map((name) => ({ name })));
      const version = { version: SCHEMA_VERSION };
      return Promise.resolve([sql.includes('max(version)') ? version : { id: 'one', n: 0 }]);
    };
    copy = (node: string) => new LocalCopy(node, (table) => this.insert(table));
    insert = (table: string) => {
      if (this.fault !== null) return Promise.reject(this.fault);
      this.inserted.push(table);
      return Promise.resolve();
    };
  }
  let rig: ReturnType<typeof runSink> | undefined;
  afterEach(() => rig?.stop());

  it('is degraded while the log cannot be read or its place not be noted, and goes on after', async () => {
    const feed = new MemoryFeed();
    rig = runSink(new Willing(), { feed });
    await rig.stored();
    for (const fault of ['readFault', 'takeFault'] as const) {
      feed[fault] = new Error(fault);
      feed.say('t1', fault);
      await rig.when(() => rig?.said.at(-1) === fault);
      feed[fault] = null;
      await rig.stored();
      expect(rig.said.at(-1)).to.equal('child.recovered');
    }
    expect(rig.logger.with('ClickHouse takes no rows')).to.have.length(2);
    expect(rig.logger.with('ClickHouse has all rows again, 1 were behind')).to.have.length(2);
  });

  it('says why a row is refused, skips none and takes nothing until it is stored', async () => {
    const store = new Willing();
    store.fault = new StoreError('query', 'refused (code 27)');
    rig = runSink(store);
    rig.feed.say('t1', 'poison');
    await rig.when(() => rig?.status().status === 'retrying');
    expect(rig.said).to.deep.equal(['child.ready', 'refused (code 27)']);
    expect(rig.status()).to.deep.include({ error: 'refused (code 27)' });
    expect(rig.feed.takes).to.equal(0);
    expect(rig.logger.with('takes no rows: refused (code 27)')).to.have.length(1);
    store.fault = null;
    await rig.stored();
    expect(store.inserted).to.deep.equal(['messages']);
  });

  it('knows up to when all is stored', async () => {
    const feed = new MemoryFeed();
    const store = new Willing();
    rig = runSink(store, { feed });
    await rig.stored();
    const before = rig.sink.asOf() ?? expect.fail('it does not know');
    expect(before).to.be.at.most(Date.now());
    store.fault = new StoreError('lost', 'gone');
    feed.say('t1', 'waits');
    const waiting = rig.sink.asOf() ?? expect.fail('it does not know');
    expect(waiting).to.be.at.most(before);
    store.fault = null;
    await rig.stored();
    expect(rig.sink.asOf()).to.be.at.least(before);
  });

  it('says nothing of itself before it is spawned, and waits where there is no store', async () => {
    const clickhouse = { store: null, onChange: () => () => undefined };
    const sink = createSink({
      clickhouse,
      feed: () => new MemoryFeed(),
      log: () => null,
      node: 'n1',
      ttlDays: 30,
      retryMaxMs: 30_000,
      clock: systemClock,
      random: () => 0.5,
      newId: () => 'id',
      logger: new RecordedLogger()
    });
    expect(sink.status()).to.equal(null);
    expect(sink.asOf()).to.equal(null);
    const child = supervise(sink.logic);
    expect(sink.status()).to.deep.include({ status: 'waiting', error: null });
    await child.stop();
    expect(child.ends).to.deep.equal([{ status: 'stopped' }]);
  });
});
