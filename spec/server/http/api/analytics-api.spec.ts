import { expect } from 'chai';
import { StoreError, type AnalyticsStore, type Row } from '../../../../actors/clickhouse/store.js';
import type { ClickhouseStatus } from '../../../../machines/clickhouse/clickhouse-status.js';
import {
  ANALYTICS_IN_FLIGHT_MAX,
  ANALYTICS_RETRY_SECONDS,
  ANALYTICS_WAITING_EACH_MAX,
  ANALYTICS_WAITING_MAX,
  EMBEDDED_IN_FLIGHT_MAX,
  createAnalyticsApi,
  SEARCHES_OF_ONE_MAX
} from '../../../../server/http/api/analytics-api.js';
import { tokenless } from '../../../../server/access/identity.js';
import { ApiAccess } from '../../../../server/auth/api-access.js';
import { TurnBudget } from '../../../../server/chat/work/turn-budget.js';
import { WorkLimits } from '../../../../server/chat/work/work-limits.js';
import { HttpCosts } from '../../../../server/http/http-costs.js';
import { RouteTable } from '../../../../server/http/route-table.js';
import { AuthError, type Authenticator } from '../../../../server/auth/auth.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';
import { onlyKey } from '../../auth/some-keys.js';
import { askRoute, type AskedReply } from './ask-route.js';

const KEY = 'a-key-for-the-backend-0123456789';

/** Accepts `token-of-ada` as a token of ada. */
const auth: Authenticator = {
  isRequired: true,
  verify: (token) => {
    const user = /^token-of-(.+)$/.exec(token ?? '')?.[1];
    if (user === undefined) return Promise.reject(new AuthError('a token is needed'));
    return Promise.resolve(tokenless(user));
  }
};

/** The API over a store whose answers the spec sets. */
function start({
  isConnected = true,
  isOff = false,
  mode = 'remote'
}: { isConnected?: boolean; isOff?: boolean; mode?: AnalyticsStore['mode'] } = {}) {
  const statements: string[] = [];
  let answer: (sql: string) => Promise<Row[]> = () => Promise.resolve([]);
  const store: AnalyticsStore = {
    mode,
    connect: () => Promise.resolve({ version: '18.16' }),
    ping: () => Promise.resolve(),
    command: () => Promise.resolve(),
    insert: () => Promise.resolve(),
    copy: () => ({ add: () => Promise.resolve(), insert: () => Promise.resolve(0) }),
    close: () => Promise.resolve(),
    onLost: () => undefined,
    query: (sql) => {
      statements.push(sql);
      return answer(sql);
    }
  };
  const status: ClickhouseStatus = {
    service: 'clickhouse',
    required: false,
    status: isConnected ? 'connected' : 'degraded',
    error: isConnected ? null : 'nothing answers at db:8123',
    mode: 'remote',
    since: 0,
    restarts: 0,
    attempt: 1,
    of: null,
    nextAttemptMs: null,
    deadlineMs: null
  };
  const clock = new VirtualClock();
  const access = new ApiAccess(onlyKey(KEY), auth, false);
  const work = new WorkLimits({ perUser: 1_000, perAddress: 0 }, clock);
  const limited = (): void => undefined;
  const costs = new HttpCosts({ access, work, turn: new TurnBudget(), trustProxy: false, limited });
  const table = new RouteTable(
    createAnalyticsApi({
      access,
      guard: { decide: () => Promise.resolve(null) },
      costs,
      clickhouse: { store: isOff ? null : store, status: () => (isOff ? null : status) },
      sink: { asOf: () => 77 },
      clock,
      trustProxy: false,
      limited,
      testThreadPrefixes: ['test_']
    })
  );
  const ask = (url: string, { key = KEY, method = 'GET' } = {}) =>
    askRoute(table, url, { key, method });
  return {
    clock,
    statements,
    ask: async (url: string, how: { key?: string; method?: string } = {}) =>
      (await ask(url, how)) ?? expect.fail(`${url} is not answered`),
    passes: async (url: string) => (await ask(url)) === null,
    answers: (how: (sql: string) => Promise<Row[]>) => {
      answer = how;
    }
  };
}

describe('createAnalyticsApi', () => {
  it('leaves other paths to others', async () => {
    const { passes } = start();
    for (const path of ['/api', '/api/searches', '/api/reports/a/b', '/api/threads/t/messages']) {
      expect(await passes(path)).to.equal(true);
    }
  });

  it('answers a page of messages, and up to when they are there', async () => {
    const api = start();
    const row = { thread: 't1', epoch: 'e1', offset: '3', mid: 'm', user: 'ada', at: '5' };
    api.answers(() => Promise.resolve([{ ...row, kind: 'user_message', body: '{"text":"hi"}' }]));
    const { status, body } = await api.ask('/api/search?q=hi+you&thread=t1&from=ada&limit=2');
    expect(status).to.equal(200);
    expect(body).to.deep.equal({
      messages: [
        {
          thread: 't1',
          epoch: 'e1',
          offset: 3,
          mid: 'm',
          from: { user: 'ada' },
          at: 5,
          kind: 'user_message',
          body: { text: 'hi' }
        }
      ],
      more: false,
      asOf: 77
    });
    expect(api.statements[0]).to.contain("thread = 't1'").and.contain("user = 'ada'");
    expect(api.statements[0]).to.match(/LIMIT 3 SETTINGS max_execution_time = 25$/);
  });

  it('answers bodies as they were written, digit by digit', async () => {
    const api = start();
    const row = {
      thread: 't1',
      epoch: 'e1',
      offset: '3',
      mid: 'm',
      user: 'ada',
      kind: 'k',
      at: '5'
    };
    const bodies = ['{"n":9007199254740993,"big":1e400,"one":1.0}', '-0', '{"type":'];
    api.answers(() => Promise.resolve(bodies.map((body) => ({ ...row, body }))));
    const { text } = await api.ask('/api/search?q=hi');
    expect(text).to.include('"body":{"n":9007199254740993,"big":1e400,"one":1.0}}');
    expect(text).to.include('"body":-0}');
    // A stored body that is not JSON is answered as a string.
    expect(text).to.include('"body":"{\\"type\\":"}],"more":false,"asOf":77}');
  });

  it('keeps what is asked for out of the statement, as text', async () => {
    const api = start();
    await api.ask(`/api/search?q=${encodeURIComponent("') OR 1 --\\")}`);
    expect(api.statements[0]).to.contain("(text, '\\')') > 0").and.contain("'--\\\\'");
  });

  const bad: [string, RegExp][] = [
    ['/api/search', /at least one of q, thread and from/],
    ['/api/search?q=+', /at least one of/],
    ['/api/search?q=a&limit=0', /limit/],
    ['/api/search?q=a&limit=201', /limit/],
    ['/api/search?q=a&limit=ten', /limit/],
    ['/api/search?q=a&since=-1', /since/],
    ['/api/search?q=a&before=1e9', /before/],
    ['/api/search?q=a&q=b', /q is given twice/],
    ['/api/search?from=', /from/],
    ['/api/search?q=a&form=ada', /not known here/],
    [`/api/search?q=${'a'.repeat(257)}`, /q must/],
    ['/api/reports/outcomes?minutes=0', /minutes/],
    ['/api/reports/outcomes?minutes=44641', /minutes/],
    ['/api/stats?minutes=1.5', /minutes/]
  ];
  for (const [url, detail] of bad) {
    it(`refuses ${url.slice(0, 60)}`, async () => {
      const api = start();
      const { status, headers, body } = await api.ask(url);
      expect(status).to.equal(400);
      expect(headers['content-type']).to.equal('application/problem+json');
      expect(body['code']).to.equal('bad_frame');
      expect(body['detail']).to.match(detail);
      expect(api.statements).to.deep.equal([]);
    });
  }

  it('refuses what is no thread id', async () => {
    const { body } = await start().ask('/api/search?thread=a%20b');
    expect(body['code']).to.equal('bad_thread');
  });

  for (const url of ['/api/search?q=a', '/api/reports', '/api/reports/outcomes', '/api/stats']) {
    it(`lets nobody ask ${url} without the key, nor in another way`, async () => {
      const api = start();
      expect((await api.ask(url, { key: '' })).status).to.equal(401);
      expect((await api.ask(url, { key: 'wrong' })).status).to.equal(401);
      expect((await api.ask(url, { method: 'POST' })).status).to.equal(405);
      expect(api.statements).to.deep.equal([]);
    });
  }

  it('lists the reports and answers one over its minutes', async () => {
    const api = start();
    const { body } = await api.ask('/api/reports');
    expect(body['reports']).to.deep.include({
      name: 'outcomes',
      title:
        'How often messages met each outcome; held ones again when they are delivered or reported'
    });
    api.answers(() => Promise.resolve([{ outcome: 'delivered', messages: '7' }]));
    const report = await api.ask('/api/reports/outcomes?minutes=5');
    expect(report.body).to.deep.equal({
      report: 'outcomes',
      title:
        'How often messages met each outcome; held ones again when they are delivered or reported',
      columns: [
        { name: 'outcome', kind: 'text' },
        { name: 'messages', kind: 'count' }
      ],
      rows: [{ outcome: 'delivered', messages: 7 }],
      since: api.clock.now() - 300_000,
      until: api.clock.now()
    });
    expect((await api.ask('/api/reports/nope')).body['code']).to.equal('not_found');
  });

  it('answers the figures of the last hour when nothing else is asked', async () => {
    const api = start();
    const { body } = await api.ask('/api/stats');
    expect(body).to.deep.include({ since: api.clock.now() - 3_600_000, messagesPerMinute: [] });
  });

  const away: [string, ReturnType<typeof start>, RegExp, retry: boolean][] = [
    ['is switched off', start({ isOff: true }), /switched off \(CLICKHOUSE_URL=off\)/, false],
    [
      'is not connected',
      start({ isConnected: false }),
      /not connected: nothing answers at db:8123/,
      true
    ]
  ];
  for (const [how, api, detail, retry] of away) {
    it(`says so when ClickHouse ${how}`, async () => {
      const { status, headers, body } = await api.ask('/api/search?q=a');
      expect(status).to.equal(503);
      const after = retry ? String(ANALYTICS_RETRY_SECONDS) : undefined;
      expect(headers['retry-after']).to.equal(after);
      const title = 'ClickHouse cannot answer';
      expect(body).to.deep.include({ code: 'unavailable', title, retry });
      expect(body['detail']).to.match(detail);
    });
  }

  it('charges searches to the user, and nothing to the key', async () => {
    const api = start();
    const search = async (key?: string): Promise<number> =>
      (await api.ask('/api/search?thread=t', key === undefined ? {} : { key })).status;
    const all: number[] = [];
    while (all.length < 100 && all.at(-1) !== 429) all.push(await search('token-of-ada'));
    expect([all.length < 100, all[0], all.at(-1)]).to.eql([true, 200, 429]);
    expect(await search()).to.equal(200);
    await api.clock.advance(5_000);
    expect(await search('token-of-ada')).to.equal(200);
  });

  it('says so when ClickHouse goes away during a query', async () => {
    const api = start();
    api.answers(() => Promise.reject(new StoreError('lost', 'db closed the connection')));
    const { status, body } = await api.ask('/api/stats');
    expect(status).to.equal(503);
    expect(body['detail']).to.equal('db closed the connection');
  });

  describe('when searches take long', () => {
    const held = (api: ReturnType<typeof start>): (() => void)[] => {
      const release: (() => void)[] = [];
      api.answers(() => new Promise((resolve) => release.push(() => resolve([]))));
      return release;
    };

    it('answers the operator, whatever one user searches', async () => {
      const api = start();
      held(api);
      const refused: AskedReply[] = [];
      for (let n = 0; n < 12; n += 1) {
        void api
          .ask('/api/search?q=a', { key: 'token-of-mal' })
          .then((reply) => refused.push(reply));
      }
      await settle();
      expect(api.statements).to.have.length(SEARCHES_OF_ONE_MAX);
      expect(refused).to.have.length(12 - SEARCHES_OF_ONE_MAX - ANALYTICS_WAITING_EACH_MAX);
      for (const { status, headers, body } of refused) {
        expect([status, body['code'], body['retry']]).to.deep.equal([429, 'rate_limited', true]);
        expect(headers['retry-after']).to.equal(String(ANALYTICS_RETRY_SECONDS));
      }
      api.answers(() => Promise.resolve([]));
      expect((await api.ask('/api/stats')).status).to.equal(200);
      expect((await api.ask('/api/search?q=a', { key: 'token-of-ada' })).status).to.equal(200);
    });

    it('answers the operator, whatever all users search', async () => {
      const api = start();
      held(api);
      const answered: AskedReply[] = [];
      for (let n = 0; n < 100; n += 1) {
        void api
          .ask('/api/search?q=a', { key: `token-of-u${String(n % 50)}` })
          .then((reply) => answered.push(reply));
      }
      await settle();
      expect(api.statements).to.have.length(ANALYTICS_IN_FLIGHT_MAX - 1);
      expect(answered).to.have.length(100 - ANALYTICS_IN_FLIGHT_MAX + 1 - ANALYTICS_WAITING_MAX);
      expect(answered.every(({ body }) => body['code'] === 'unavailable')).to.equal(true);
      api.answers(() => Promise.resolve([]));
      expect((await api.ask('/api/stats')).status).to.equal(200);
    });

    it('gives the embedded engine one query of users at a time, and one of the operator', async () => {
      const api = start({ mode: 'embedded' });
      held(api);
      for (const user of ['ada', 'bob', 'eve']) {
        void api.ask('/api/search?q=a', { key: `token-of-${user}` });
      }
      await settle();
      expect(api.statements).to.have.length(EMBEDDED_IN_FLIGHT_MAX - 1);
      void api.ask('/api/search?q=a');
      void api.ask('/api/search?q=a');
      await settle();
      expect(api.statements).to.have.length(EMBEDDED_IN_FLIGHT_MAX);
    });

    it('lets requests wait, and answers them when their turn has come', async () => {
      const api = start();
      const release = held(api);
      const asked = Array.from({ length: 5 }, () => api.ask('/api/search?q=a'));
      await settle();
      expect(api.statements).to.have.length(ANALYTICS_IN_FLIGHT_MAX - 1);
      api.answers(() => Promise.resolve([]));
      for (const go of release) go();
      const replies = await Promise.all(asked);
      expect(replies.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200, 200]);
    });
  });
});
