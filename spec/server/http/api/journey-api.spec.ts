import { expect } from 'chai';
import { StoreError, type AnalyticsStore, type Row } from '../../../../actors/clickhouse/store.js';
import type { ClickhouseStatus } from '../../../../machines/clickhouse/clickhouse-status.js';
import { ApiAccess } from '../../../../server/auth/api-access.js';
import { RouteTable } from '../../../../server/http/route-table.js';
import { NO_TOKENS } from '../../auth/no-tokens.js';
import { Connection } from '../../../../server/chat/connection.js';
import {
  createJourneyApi,
  JOURNEY_RETRY_SECONDS,
  JOURNEYS_IN_FLIGHT_MAX,
  JOURNEYS_MAX,
  JOURNEYS_WAITING_MAX
} from '../../../../server/http/api/journey-api.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';
import { threadRig } from '../../chat/thread-rig.js';
import { onlyKey } from '../../auth/some-keys.js';
import { askRoute, type AskedReply } from './ask-route.js';

const KEY = 'a-key-for-the-backend-0123456789';

/** The API over a log in memory and a store whose answers the spec sets. */
function start({ isConnected = true, isOff = false } = {}) {
  const clock = new VirtualClock();
  const { threads, log } = threadRig(clock, 10_000);
  const statements: string[] = [];
  const connections: Connection[] = [];
  let answer: (sql: string) => Promise<Row[]> = () => Promise.resolve([]);
  const store = {
    query: (sql: string) => {
      statements.push(sql);
      return answer(sql);
    }
  } as unknown as AnalyticsStore;
  const status = {
    status: isConnected ? 'connected' : 'degraded',
    error: isConnected ? null : 'nothing answers at db:8123'
  } as ClickhouseStatus;
  const table = new RouteTable(
    createJourneyApi({
      access: new ApiAccess(onlyKey(KEY), NO_TOKENS, false),
      clickhouse: { store: isOff ? null : store, status: () => (isOff ? null : status) },
      clock,
      log,
      feed: log.feed,
      areFactsKept: !isOff,
      threads,
      runs: { openRun: () => null },
      connections: { opened: () => connections },
      ttlDays: undefined,
      trustProxy: false,
      limited: () => undefined,
      startedAt: clock.now()
    })
  );
  const ask = (url: string, { key = KEY, method = 'GET' } = {}) =>
    askRoute(table, url, { key, method });
  return {
    clock,
    log,
    threads,
    connections,
    statements,
    say: (thread: string, mid: string) => {
      const entry = {
        mid,
        user: 'ada',
        kind: 'user_message',
        bodyJson: '"secret"',
        at: clock.now()
      };
      threads.publish(threads.get(thread), entry, false, () => undefined);
    },
    ask: async (url: string, how: { key?: string; method?: string } = {}) =>
      (await ask(url, how)) ?? expect.fail(`${url} is not answered`),
    passes: async (url: string) => (await ask(url)) === null,
    answers: (how: (sql: string) => Promise<Row[]>) => {
      answer = how;
    }
  };
}

const of = (mid: string): string => `/api/messages/${encodeURIComponent(mid)}/journey`;
const byQuery = (mid: string): string => `/api/journey?mid=${encodeURIComponent(mid)}`;
const journeys = ({ body }: AskedReply) =>
  body['journeys'] as { thread: string; status: string; notes: string[]; steps: object[] }[];

describe('createJourneyApi', () => {
  it('leaves other paths to others', async () => {
    const { passes } = start();
    for (const path of [
      '/api/messages',
      '/api/messages/m',
      '/api/messages/m/journey/x',
      '/journey'
    ]) {
      expect(await passes(path)).to.equal(true);
    }
  });

  it('lets nobody ask without the key, nor in another way', async () => {
    const api = start();
    api.say('t1', 'm');
    expect((await api.ask(of('m'), { key: '' })).status).to.equal(401);
    expect((await api.ask(of('m'), { key: 'wrong' })).status).to.equal(401);
    const { status, headers } = await api.ask(of('m'), { method: 'POST' });
    expect([status, headers['allow']]).to.deep.equal([405, 'GET']);
    expect(api.statements).to.deep.equal([]);
  });

  const bad: [string, string, RegExp][] = [
    [of('x'.repeat(65)), 'bad_frame', /1 to 64 characters/],
    ['/api/messages/%ff/journey', 'bad_frame', /1 to 64 characters/],
    [`${of('m')}?thred=t`, 'bad_frame', /thred is not known here/],
    [`${of('m')}?mid=m`, 'bad_frame', /mid is not known here/],
    [`${of('m')}?thread=a%20b`, 'bad_thread', /^$/],
    [`${of('m')}?thread=..`, 'bad_thread', /^$/],
    ['/api/journey', 'bad_frame', /1 to 64 characters/],
    ['/api/journey?mid=', 'bad_frame', /1 to 64 characters/],
    [byQuery('x'.repeat(65)), 'bad_frame', /1 to 64 characters/],
    [`${byQuery('m')}&thred=t`, 'bad_frame', /thred is not known here: mid and thread are/],
    [`${byQuery('m')}&thread=a%20b`, 'bad_thread', /^$/]
  ];
  for (const [url, code, detail] of bad) {
    it(`refuses ${url.slice(0, 50)}`, async () => {
      const { status, body } = await start().ask(url);
      expect([status, body['code']]).to.deep.equal([400, code]);
      expect(body['detail'] ?? '').to.match(detail);
    });
  }

  for (const mid of ['größe/1?#', '%', '.', '..', 'm\n"\\', '🦊'.repeat(32)]) {
    it(`finds ${JSON.stringify(mid).slice(0, 20)}, and never shows a body`, async () => {
      const api = start();
      api.say('t1', mid);
      const reply = await api.ask(of(mid));
      expect(reply.status).to.equal(200);
      expect(reply.body).to.deep.include({
        mid,
        now: api.clock.now(),
        clickhouse: 'asked',
        more: false
      });
      expect(journeys(reply)[0]).to.deep.include({ thread: 't1', status: 'held', sizeBytes: 8 });
      expect(JSON.stringify(reply.body)).not.to.include('secret');
    });
  }

  for (const mid of ['.', '..', 'a/b', 'größe+1&thread=x', '🦊'.repeat(32)]) {
    it(`finds ${JSON.stringify(mid).slice(0, 20)} at the address that browsers and proxies leave alone`, async () => {
      const api = start();
      api.say('t1', mid);
      const { pathname, search } = new URL(`http://h${byQuery(mid)}`);
      const reply = await api.ask(`${pathname}${search}`);
      expect(reply.body).to.deep.include({ mid, more: false });
      expect(journeys(reply)[0]).to.deep.include({ thread: 't1', status: 'held' });
    });
  }

  it('asks the store by thread, day and time, within a bound, with names as text', async () => {
    const api = start();
    api.say('t1', 'm');
    await api.ask(of('m'));
    expect(api.statements).to.have.length(2);
    for (const sql of api.statements) {
      expect(sql).to.match(
        /WHERE thread = 't1' AND day >= toDate\('\d{4}-\d\d-\d\d'\) - 1 AND at >= /
      );
      expect(sql).to.match(/LIMIT 501 SETTINGS max_execution_time = 10$/);
    }
    await api.ask(`${of("it's \\ gone")}?thread=t1`);
    expect(api.statements.at(-1)).to.include("mid = 'it\\'s \\\\ gone'");
  });

  it('tells of a mid in several threads, of some of very many, and of one that is named', async () => {
    const api = start();
    for (let n = 1; n <= JOURNEYS_MAX + 1; n += 1) api.say(`t${String(n)}`, 'same');
    const all = await api.ask(of('same'));
    expect(journeys(all)).to.have.length(JOURNEYS_MAX);
    expect(all.body['more']).to.equal(true);
    const one = await api.ask(`${of('same')}?thread=t9`);
    expect(journeys(one).map(({ thread }) => thread)).to.deep.equal(['t9']);
    expect(one.body['more']).to.equal(false);
  });

  it('finds no message that is not there, and tells how a trimmed one is looked for', async () => {
    const api = start();
    const { status, body } = await api.ask(of('never'));
    expect([status, body['code']]).to.deep.equal([404, 'not_found']);
    expect(body['detail']).to.match(/with \?thread= ClickHouse is asked/);
    expect(api.statements).to.deep.equal([]);
    expect((await api.ask(`${of('never')}?thread=t1`)).status).to.equal(404);
    expect(api.statements).to.have.length(1);
  });

  it('tells of a trimmed message from ClickHouse', async () => {
    const api = start();
    const row = { epoch: 'e0', offset: '3', user: 'ada', kind: 'k', at: '5', sizeBytes: '9' };
    api.answers((sql) => Promise.resolve(sql.includes('FROM messages') ? [row] : []));
    const reply = await api.ask(`${of('old')}?thread=t1`);
    expect(journeys(reply)[0]).to.deep.include({ thread: 't1', epoch: 'e0', offset: 3, at: 5 });
    expect(journeys(reply)[0]?.notes[0]).to.match(/trimmed/);
  });

  it('does without ClickHouse what can be done, and says what is missing', async () => {
    const away = start({ isConnected: false });
    away.say('t1', 'm');
    const reply = await away.ask(of('m'));
    expect(reply.body['clickhouse']).to.equal('away');
    expect(journeys(reply)[0]?.status, 'from the facts that are on their way').to.equal('held');
    expect(journeys(reply)[0]?.notes.join()).to.match(/is away \(nothing answers at db:8123\)/);
    const missing = await away.ask(`${of('never')}?thread=t1`);
    expect(missing.body['detail']).to.match(/ClickHouse is away/);
    const off = start({ isOff: true });
    off.say('t1', 'm');
    expect((await off.ask(of('m'))).body['clickhouse']).to.equal('off');
    const failing = start();
    failing.say('t1', 'm');
    failing.answers(() => Promise.reject(new StoreError('timeout', 'too slow')));
    const failed = await failing.ask(of('m'));
    expect(failed.status).to.equal(200);
    expect(journeys(failed)[0]?.notes.join()).to.match(/did not answer \(too slow\)/);
  });

  it('asks a ClickHouse that fails once for an answer, not once for each thread', async () => {
    const api = start();
    for (const thread of ['t1', 't2', 't3']) api.say(thread, 'm');
    api.answers(() => Promise.reject(new StoreError('timeout', 'too slow')));
    const reply = await api.ask(of('m'));
    expect(api.statements).to.have.length(1);
    expect(journeys(reply)).to.have.length(3);
    for (const { notes } of journeys(reply)) {
      expect(notes.join()).to.match(/did not answer \(too slow\)/);
    }
  });

  it('names who is behind, and makes no thread active to do so', async () => {
    const api = start();
    api.say('t1', 'm');
    const thread = api.threads.get('t1');
    const connection = new Connection('c1', '::1', null, false, 0);
    connection.user = 'bob';
    const behind = { why: 'lagged', from: 1, since: 7 } as const;
    connection.subscriptions = [
      { thread, may: [], cursor: 0, replayTo: null, isLive: false, behind }
    ];
    api.connections.push(connection);
    const [journey] = journeys(await api.ask(of('m')));
    expect(journey?.steps.at(-1)).to.deep.include({
      step: 'lagging',
      user: 'bob',
      cursor: 0,
      since: 7
    });
    api.log.append(
      'quiet',
      { mid: 'q', user: 'ada', kind: 'k', bodyJson: '1', at: api.clock.now() },
      () => undefined
    );
    await api.ask(of('q'));
    expect(api.threads.peek('quiet')).to.equal(null);
  });

  it('answers a few at a time, lets some wait and tells the others to come back', async () => {
    const api = start();
    api.say('t1', 'm');
    const release: (() => void)[] = [];
    api.answers(() => new Promise((resolve) => release.push(() => resolve([]))));
    const room = JOURNEYS_IN_FLIGHT_MAX + JOURNEYS_WAITING_MAX;
    const asked = Array.from({ length: room }, () => api.ask(of('m')));
    await settle();
    expect(release).to.have.length(JOURNEYS_IN_FLIGHT_MAX);
    const { status, headers, body } = await api.ask(of('m'));
    expect([status, headers['retry-after']]).to.deep.equal([503, String(JOURNEY_RETRY_SECONDS)]);
    expect(body).to.deep.include({ code: 'unavailable', retry: true });
    api.answers(() => Promise.resolve([]));
    for (const go of release) go();
    const replies = await Promise.all(asked);
    expect(replies.every((reply) => reply.status === 200)).to.equal(true);
    expect((await api.ask(of('m'))).status).to.equal(200);
  });

  it('says when the log cannot be read', async () => {
    const api = start();
    api.log.isUnreadable = true;
    const { status, body } = await api.ask(of('m'));
    expect([status, body['code']]).to.deep.equal([503, 'unavailable']);
  });
});
