import { expect } from 'chai';
import { rowsOf } from '../../../actors/clickhouse/copy/rows.js';
import { identityOf, migrate } from '../../../actors/clickhouse/schema.js';
import { StoreError, type AnalyticsStore } from '../../../actors/clickhouse/store.js';
import type { JourneyMessage } from '../../../actors/journey/journey.js';
import { FACT_ROWS_MAX, findKnownFacts, findTrimmed } from '../../../actors/journey/known-facts.js';
import { REAL_STORES, type RealStore } from '../clickhouse/stores.js';
import { delivered, FED_AT, MemoryFeed, stepped } from '../log/memory-feed.js';

const MESSAGE: JourneyMessage = {
  thread: 't1',
  epoch: 'e1',
  offset: 5,
  user: 'ada',
  kind: 'user_message',
  at: FED_AT,
  sizeBytes: 2,
  isKept: true
};

/** Stores everything that the feed still has to give, this many times. */
async function store(feed: MemoryFeed, into: AnalyticsStore, times = 1): Promise<void> {
  const batch = feed.next(10_000, 1e9);
  for (let n = 0; n < times; n += 1) {
    for (const { table, columns, rows } of rowsOf(batch, 'n1')) {
      if (rows.length > 0) await into.insert(table, columns, rows);
    }
  }
  await feed.take(batch);
}

describe('findKnownFacts', () => {
  const off = async (fill: (feed: MemoryFeed) => void, more: object = {}) => {
    const feed = new MemoryFeed();
    fill(feed);
    return await findKnownFacts({ feed, store: null, ...more }, MESSAGE);
  };

  it('takes what is said of the message, and leaves what is said of others', async () => {
    const { deliveries, steps, gaps } = await off((feed) => {
      feed.record(delivered('t1', 4));
      feed.record(delivered('t1', 5, { at: FED_AT + 1 }));
      feed.record(delivered('t1', 6));
      feed.record(delivered('t1', 3, { messages: 3, at: FED_AT + 2 }));
      feed.record(delivered('t2', 5));
      feed.record(delivered('t1', 5, { at: FED_AT - 1 }));
      for (const [from, upTo] of [
        [1, 4],
        [1, 5],
        [5, 9],
        [6, 9]
      ] as const) {
        feed.record(stepped('t1', 'read', from, upTo, { user: `${String(from)}-${String(upTo)}` }));
      }
    });
    expect(deliveries.map(({ fact }) => [fact.offset, fact.messages])).to.deep.equal([
      [5, 1],
      [3, 3]
    ]);
    expect(steps.map(({ fact }) => fact.user)).to.deep.equal(['1-5', '5-9']);
    expect(gaps).to.deep.equal([]);
  });

  it('puts what happened in one millisecond into the order in which it can', async () => {
    const { deliveries } = await off((feed) => {
      for (const outcome of ['delivered', 'undelivered', 'held'] as const) {
        feed.record(delivered('t1', 5, { outcome }));
      }
    });
    const outcomes = deliveries.map(({ fact }) => fact.outcome);
    expect(outcomes).to.deep.equal(['held', 'undelivered', 'delivered']);
  });

  it('says what may be missing', async () => {
    const feed = new MemoryFeed();
    feed.isWhole = false;
    feed.backlog = () => ({ threads: 0, facts: 0, factsDropped: 7 });
    const failing = { query: () => Promise.reject(new StoreError('lost', 'gone')) };
    const failed = await findKnownFacts({ feed, store: failing }, MESSAGE);
    expect(failed.gaps.join('; ')).to.match(/lacks more facts.*did not answer \(gone\).*7 facts/);
    const away = await findKnownFacts({ feed, store: 'ClickHouse is away' }, MESSAGE);
    expect(away.gaps).to.include('ClickHouse is away');
  });
});

for (const [name, make] of Object.entries(REAL_STORES)) {
  describe(`findKnownFacts with ${name}`, function () {
    this.timeout(60_000);
    let real: RealStore | undefined;
    const engine = () => real?.store ?? expect.fail('there is no store');

    before(async function () {
      real = await make(this);
      await real.store.connect(new AbortController().signal);
      await migrate(real.store, 1);
      await identityOf(real.store, 'id', 1);
    });
    after(() => real?.remove());

    it('tells a fact once that is in both places, or twice in the store, however odd its names', async () => {
      const feed = new MemoryFeed();
      const user = "o'b\\rien {x}";
      feed.record(delivered('t1', 5, { outcome: 'held', appendedMs: 1.5 }));
      feed.record(stepped('t1', 'read', 2, 7, { user, at: FED_AT + 9 }));
      await store(feed, engine(), 2);
      feed.record(stepped('t1', 'read', 2, 7, { user, at: FED_AT + 9 }));
      feed.record(delivered('t1', 5, { outcome: 'delivered', at: FED_AT + 8 }));
      const { deliveries, steps, gaps } = await findKnownFacts({ feed, store: engine() }, MESSAGE);
      expect(deliveries).to.deep.equal([
        {
          fact: delivered('t1', 5, { outcome: 'held', appendedMs: 1.5 }),
          source: 'clickhouse'
        },
        { fact: delivered('t1', 5, { at: FED_AT + 8 }), source: 'log' }
      ]);
      expect(steps).to.have.length(1);
      expect(steps[0]?.fact).to.include({ user, from: 2, upTo: 7 });
      expect(gaps).to.deep.equal([]);
    });

    it('looks at a bounded number of rows, and says so', async () => {
      const feed = new MemoryFeed();
      for (let n = 0; n <= FACT_ROWS_MAX; n += 1) {
        feed.record(stepped('many', 'replayed', 1, 9, { user: `u${String(n)}` }));
      }
      await store(feed, engine());
      const message = { ...MESSAGE, thread: 'many' };
      const { steps, gaps } = await findKnownFacts({ feed, store: engine() }, message);
      expect(steps).to.have.length(FACT_ROWS_MAX);
      expect(gaps.join()).to.match(/only the first 500 rows/);
    });

    it('finds a message that the log has trimmed', async () => {
      const feed = new MemoryFeed();
      feed.say('gone', { text: 'ü' }, { mid: "m'1" });
      await store(feed, engine());
      expect(await findTrimmed(engine(), 'gone', "m'1")).to.deep.equal({
        thread: 'gone',
        epoch: 'e1',
        offset: 1,
        user: 'ada',
        kind: 'user_message',
        at: FED_AT,
        sizeBytes: 13,
        isKept: false
      });
      expect(await findTrimmed(engine(), 'other', "m'1")).to.equal(null);
    });
  });
}
