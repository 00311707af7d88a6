import { expect } from 'chai';
import {
  askReport,
  REPORTS,
  reportOf,
  type ReportRow,
  type ReportSpan
} from '../../../actors/clickhouse/reports.js';
import { rowsOf } from '../../../actors/clickhouse/copy/rows.js';
import { COPIED_TABLES, migrate } from '../../../actors/clickhouse/schema.js';
import {
  searchMessages,
  SEARCH_WORDS_MAX,
  wordsOf,
  type SearchFilter
} from '../../../actors/clickhouse/search.js';
import { askStats } from '../../../actors/clickhouse/stats.js';
import type { AnalyticsStore } from '../../../actors/clickhouse/store.js';
import { delivered, FED_AT, MemoryFeed, moved } from '../log/memory-feed.js';
import { REAL_STORES, type RealStore } from './stores.js';

const MINUTE_MS = 60_000;
const SPAN: ReportSpan = {
  since: FED_AT - MINUTE_MS,
  until: FED_AT + 10 * MINUTE_MS,
  testThreadPrefixes: ['startup_test_', "te_st's%"]
};
const EMPTY: ReportSpan = { ...SPAN, since: 0, until: 1_000 };
const OLD = FED_AT - 60 * MINUTE_MS;
/** When runs of agents ended, and a span around it: other messages and facts are not in it. */
const RAN = FED_AT - 30 * MINUTE_MS;
const RUNS_SPAN: ReportSpan = { ...SPAN, since: RAN, until: RAN + 1 };

/** Adds rows for everything that the reports and the search distinguish. */
function fill(feed: MemoryFeed): void {
  // Reports leave out test threads.
  feed.say('startup_test_1', { text: 'a probe' }, { at: FED_AT + 2 });
  feed.say('t1', { text: 'The Quick brown Fox' }, { user: 'ada' });
  feed.say('t1', { text: 'a quick ÉCOLE' }, { user: 'bob', at: FED_AT + 1 });
  // Decomposed, as in file names of macOS; and partly composed, as Vietnamese keyboards type it.
  feed.say('startup_test_1', { text: 'une cole\u0300re' }, { at: FED_AT + 3 });
  feed.say('startup_test_1', { text: 'Vi\u00ea\u0323t Nam' }, { at: FED_AT + 4 });
  feed.say('t1', 'old fox', { user: "o'brien\\", at: OLD });
  feed.say(
    't2',
    { text: '100% fox_ \'quoted\' \\ "x"', n: 1 },
    { user: 'bob', at: FED_AT + MINUTE_MS }
  );
  feed.say('t2', { n: 2 }, { user: 'ada', at: FED_AT + MINUTE_MS });
  feed.record(delivered('t1', 1, { tookMs: 10 }));
  feed.record(delivered('t1', 2, { tookMs: 30, messages: 99 }));
  feed.record(delivered('t2', 1, { outcome: 'undelivered', messages: 3, tookMs: 9_000 }));
  feed.record(delivered('t2', 4, { outcome: 'held', tookMs: 0 }));
  feed.record(delivered('t2', 1, { outcome: 'undelivered', messages: 7, at: OLD }));
  feed.record(moved('t1', 'idle', 'waiting', { spentMs: 100 }));
  feed.record(moved('t2', 'idle', 'waiting', { spentMs: 201 }));
  feed.record(moved('t2', 'waiting', 'delivering', { spentMs: 9_000 }));
}

/** Adds the ends of runs, also one in a test thread. */
function fillRuns(feed: MemoryFeed): void {
  const end = (kind: string, body: object, thread = 't3', agent = 'echo') => {
    feed.say(thread, { run: 'r', ...body }, { kind, user: `agent:${agent}`, at: RAN });
  };
  const usage = { input: 10, output: 5, model: 'm' };
  end('agent_completed', { user: 'ada', ms: 100, firstTextMs: 10, usage });
  end('agent_completed', { user: 'bob', ms: 300, firstTextMs: 30, usage, attempt: 2 });
  end('agent_cancelled', { user: 'ada' });
  end('agent_failed', { user: 'ada', ms: 5, error: { code: 'timeout' } }, 't3', 'slow');
  end('agent_failed', { user: 'ada', error: { code: 'interrupted' } }, 't3', 'slow');
  end('agent_completed', { user: 'ada', ms: 100 }, 'startup_test_2');
}

const EXPECTED: Readonly<Record<string, readonly ReportRow[]>> = {
  'messages-per-minute': [
    { minute: Math.floor(FED_AT / MINUTE_MS + 1) * MINUTE_MS, messages: 2 },
    { minute: Math.floor(FED_AT / MINUTE_MS) * MINUTE_MS, messages: 2 }
  ],
  outcomes: [
    { outcome: 'delivered', messages: 100 },
    { outcome: 'undelivered', messages: 3 },
    { outcome: 'held', messages: 1 }
  ],
  'delivery-times': [{ p50Ms: 30, p99Ms: 30, maxMs: 30, delivered: 100 }],
  'time-in-state': [
    { chart: 'delivery', state: 'waiting', count: 1, totalMs: 9_000, averageMs: 9_000 },
    { chart: 'delivery', state: 'idle', count: 2, totalMs: 301, averageMs: 150 }
  ],
  'busiest-threads': [
    { thread: 't1', messages: 2, authors: 2, lastAt: FED_AT + 1 },
    { thread: 't2', messages: 2, authors: 2, lastAt: FED_AT + MINUTE_MS }
  ],
  undelivered: [{ thread: 't2', messages: 3, lastAt: FED_AT }],
  runs: [
    {
      agent: 'echo',
      runs: 3,
      completed: 2,
      failed: 0,
      cancelled: 1,
      interrupted: 0,
      retried: 1,
      users: 2,
      firstTextP50Ms: 30,
      firstTextP99Ms: 30,
      p50Ms: 300,
      p99Ms: 300,
      inputTokens: 20,
      outputTokens: 10,
      cachedTokens: 0,
      reasoningTokens: 0
    },
    {
      agent: 'slow',
      runs: 2,
      completed: 0,
      failed: 1,
      cancelled: 0,
      interrupted: 1,
      retried: 0,
      users: 1,
      firstTextP50Ms: null,
      firstTextP99Ms: null,
      p50Ms: 5,
      p99Ms: 5,
      inputTokens: 0,
      outputTokens: 0,
      cachedTokens: 0,
      reasoningTokens: 0
    }
  ],
  'run-failures': [
    { agent: 'slow', code: 'interrupted', model: '', runs: 1, lastAt: RAN },
    { agent: 'slow', code: 'timeout', model: '', runs: 1, lastAt: RAN }
  ]
};

for (const [name, make] of Object.entries(REAL_STORES)) {
  describe(`reports and search with ${name}`, function () {
    this.timeout(60_000);
    let real: RealStore | undefined;
    let store: AnalyticsStore;

    before(async function () {
      real = await make(this);
      ({ store } = real);
      await store.connect(new AbortController().signal);
      await migrate(store, 1);
      // Stop merges, which would remove the duplicates by themselves: the reports must do without.
      for (const table of COPIED_TABLES) {
        await store.command(`SYSTEM STOP MERGES ${table}`).catch(() => undefined);
      }
      const feed = new MemoryFeed();
      fill(feed);
      const ends = new MemoryFeed();
      fillRuns(ends);
      // The same batch twice, in separate parts, as an outage between insert and take leaves it.
      for (let time = 0; time < 2; time += 1) {
        for (const { table, columns, rows } of rowsOf(feed.next(500, 1e6), 'n1')) {
          await store.insert(table, columns, rows);
        }
        for (const { table, columns, rows } of rowsOf(ends.next(500, 1e6), 'n1')) {
          if (table === 'runs') await store.insert(table, columns, rows);
        }
      }
    });
    after(() => real?.remove());

    it('has the rows twice, which is what the others must not tell', async () => {
      expect(await store.query('SELECT count() AS n FROM messages')).to.deep.equal([{ n: '16' }]);
    });

    for (const report of REPORTS) {
      it(`counts every row once in ${report.name}`, async () => {
        const span = report.name.startsWith('run') ? RUNS_SPAN : SPAN;
        expect(await askReport(store, report, span)).to.deep.equal(EXPECTED[report.name]);
      });
    }

    it('answers no rows where there is nothing', async () => {
      for (const report of REPORTS) {
        expect(await askReport(store, report, EMPTY)).to.deep.equal([]);
      }
    });

    it('puts the figures of the status page together', async () => {
      const { messagesPerMinute, outcomes, delivery, timeInState } = await askStats(store, SPAN);
      expect(messagesPerMinute.map(({ messages }) => messages)).to.deep.equal([2, 2]);
      expect(outcomes).to.deep.equal({ delivered: 100, undelivered: 3, held: 1 });
      expect(delivery).to.deep.equal({ p50Ms: 30, p99Ms: 30, count: 100 });
      expect(timeInState[1]).to.deep.equal({
        chart: 'delivery',
        state: 'idle',
        count: 2,
        totalMs: 301
      });
      const { runs } = await askStats(store, RUNS_SPAN);
      expect(runs).to.deep.equal(EXPECTED['runs']);
      const empty = await askStats(store, EMPTY);
      expect(empty.delivery).to.deep.equal({ p50Ms: null, p99Ms: null, count: 0 });
    });

    const find = async (filter: Partial<SearchFilter>) => {
      const { messages, more } = await searchMessages(store, { words: [], limit: 50, ...filter });
      return { found: messages.map(({ thread, offset }) => `${thread}/${String(offset)}`), more };
    };
    const cases: [string, Partial<SearchFilter>, string[]][] = [
      ['every word, in any case', { words: ['QUICK', 'fox'] }, ['t1/1']],
      ['words with accents in any case', { words: ['école'] }, ['t1/2']],
      ['composed words by decomposed ones', { words: ['e\u0301cole'] }, ['t1/2']],
      ['decomposed words by composed ones', { words: ['COL\u00c8RE'] }, ['startup_test_1/2']],
      ['words that are neither, by composed ones', { words: ['vi\u1ec7t'] }, ['startup_test_1/3']],
      [
        'words that are neither, by decomposed ones',
        { words: ['vie\u0323\u0302t'] },
        ['startup_test_1/3']
      ],
      ['signs of patterns as they are', { words: ['100%', 'fox_'] }, ['t2/1']],
      ['quotes and backslashes', { words: ["'quoted'", '\\', '"x"'] }, ['t2/1']],
      ['nothing when one word does not occur', { words: ['quick', 'wolf'] }, []],
      ['a thread, newest first', { thread: 't1' }, ['t1/2', 't1/1', 't1/3']],
      ['an author', { from: "o'brien\\" }, ['t1/3']],
      ['what is not older', { words: ['fox'], since: FED_AT }, ['t2/1', 't1/1']],
      ['what is not newer', { words: ['fox'], until: FED_AT }, ['t1/1', 't1/3']],
      ['what is older', { words: ['fox'], before: FED_AT }, ['t1/3']]
    ];
    for (const [what, filter, found] of cases) {
      it(`finds ${what}, once each`, async () => {
        expect(await find(filter)).to.deep.equal({ found, more: false });
      });
    }

    it('gives a message back as it was published', async () => {
      const page = await searchMessages(store, { words: ['100%'], limit: 1 });
      expect(page.messages).to.deep.equal([
        {
          thread: 't2',
          epoch: 'e1',
          offset: 1,
          mid: 't2-1',
          from: { user: 'bob' },
          at: FED_AT + MINUTE_MS,
          kind: 'user_message',
          bodyJson: JSON.stringify({ text: '100% fox_ \'quoted\' \\ "x"', n: 1 })
        }
      ]);
    });

    it('goes through all of them page by page, never parting what has one time', async () => {
      const all: string[] = [];
      let before: number | undefined;
      for (let more = true; more;) {
        const page = await searchMessages(store, { words: [], before, limit: 2 });
        all.push(...page.messages.map(({ thread, offset }) => `${thread}/${String(offset)}`));
        before = page.messages.at(-1)?.at;
        ({ more } = page);
      }
      const probes = ['startup_test_1/3', 'startup_test_1/2', 'startup_test_1/1'];
      expect(all).to.deep.equal(['t2/2', 't2/1', ...probes, 't1/2', 't1/1', 't1/3']);
      expect((await find({ limit: 4 })).found).to.have.length(4);
      expect((await find({ limit: 1 })).more).to.equal(true);
    });

    it('finds what older versions have stored as it was written, composed or not', async () => {
      const columns = [
        'thread',
        'epoch',
        'offset',
        'mid',
        'user',
        'kind',
        'body',
        'text',
        'at'
      ] as const;
      const old = {
        thread: 'old',
        epoch: 'e1',
        user: 'u',
        kind: 'user_message',
        body: '1',
        at: OLD
      };
      await store.insert('messages', columns, [
        { ...old, offset: 1, mid: 'm1', text: 'na\u00efve' },
        { ...old, offset: 2, mid: 'm2', text: 'nai\u0308ve' }
      ]);
      for (const word of ['na\u00efve', 'nai\u0308ve', 'NA\u00cfVE', 'NAI\u0308VE']) {
        const { found } = await find({ words: [word] });
        expect(found, word).to.deep.equal(['old/2', 'old/1']);
      }
    });
  });
}

describe('wordsOf', () => {
  it('splits at white space, drops doubles and bounds how many there are', () => {
    expect(wordsOf('  one\ttwo\u00a0one\n')).to.deep.equal(['one', 'two']);
    const many = Array.from({ length: 40 }, (_, n) => `w${String(n)}`);
    expect(wordsOf(many.join(' '))).to.have.length(SEARCH_WORDS_MAX);
  });
});

describe('reportOf', () => {
  it('knows its reports and no other', () => {
    expect(reportOf('outcomes')?.title).to.be.a('string');
    expect(reportOf('toString')).to.equal(null);
  });

  it('reads every table as FINAL', () => {
    for (const { sql } of REPORTS) expect(sql(SPAN)).to.match(/FROM \w+ FINAL WHERE/);
  });
});
