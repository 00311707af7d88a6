/**
 * HTTP API of the analytics: search, reports and the figures of the status page, answered from ClickHouse. No message
 * waits for it.
 */
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Clickhouse } from '../../../actors/clickhouse/clickhouse.js';
import {
  askReport,
  REPORT_MINUTES_MAX,
  reportOf,
  REPORTS,
  type ReportSpan
} from '../../../actors/clickhouse/reports.js';
import {
  foundJson,
  SEARCH_LIMIT_MAX,
  readablePage,
  searchMessages,
  wordsOf
} from '../../../actors/clickhouse/search.js';
import type { Sink } from '../../../actors/clickhouse/sink.js';
import { askStats } from '../../../actors/clickhouse/stats.js';
import { StoreError, type AnalyticsStore } from '../../../actors/clickhouse/store.js';
import type { Clock } from '../../../actors/clock.js';
import { ANALYTICS_POINTS } from '../../chat/work/costs.js';
import type { HttpCosts } from '../http-costs.js';
import type { Guard } from '../../access/guard.js';
import { isOfAllThreads, type Identity } from '../../access/identity.js';
import type { Scope } from '../../access/scopes.js';
import type { ApiAccess } from '../../auth/api-access.js';
import { refusalOf } from '../refusal.js';
import { guarded, type Route } from '../route-table.js';
import { askAgain, json, problem } from '../../transport/problem.js';
import type { NoteLimited } from '../../limits/limited.js';
import { clientAddress } from '../../transport/client-address.js';
import { askerOf, BusyError, Turns } from '../turns.js';
import { isThreadId, UserName } from '../../../protocol/frames.js';
import type { HttpReply, TransportRequest } from '../../transport/transport.js';

/** Default messages of a page of search results (`limit`). */
export const SEARCH_LIMIT_DEFAULT = 50;

/** Default span of a report in minutes (`minutes`). */
export const REPORT_MINUTES_DEFAULT = 60;

/** Most requests that query the store at once, so that a socket stays free for pings. */
export const ANALYTICS_IN_FLIGHT_MAX = 4;

/** The same for the embedded engine, which runs one query at a time: more would only wait inside it. */
export const EMBEDDED_IN_FLIGHT_MAX = 2;

/** Most of them for one user, so that one user cannot occupy an engine that runs one query at a time. */
export const SEARCHES_OF_ONE_MAX = 1;

/** Most waiting requests of one caller; the next gets `rate_limited`. */
export const ANALYTICS_WAITING_EACH_MAX = 4;

/** Most waiting requests of all users, and as many of all callers with the key; the next gets `unavailable`. */
export const ANALYTICS_WAITING_MAX = 16;

/** Seconds after which a request that got `unavailable` should be sent again. */
export const ANALYTICS_RETRY_SECONDS = 5;

/** Options of {@link createAnalyticsApi}. */
export interface AnalyticsApiOptions {
  readonly access: ApiAccess;
  readonly guard: Pick<Guard, 'decide'>;
  readonly costs: Pick<HttpCosts, 'payer' | 'refusal' | 'charge'>;
  readonly clickhouse: Pick<Clickhouse, 'store' | 'status'>;
  readonly sink: Pick<Sink, 'asOf'>;
  readonly clock: Clock;
  readonly trustProxy: boolean;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
  /** Reports leave threads with these prefixes out; search finds them. */
  readonly testThreadPrefixes: readonly string[];
}

/** Number of places reserved for users, and the same number for callers with the key. */
const KEPT_FREE = 1;

const Time = Type.Optional(Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 }));
/** Parameters of `GET /api/search`; times in Unix milliseconds. */
export const SearchQuery = Type.Object({
  q: Type.Optional(Type.String({ maxLength: 256 })),
  thread: Type.Optional(Type.String()),
  from: Type.Optional(UserName),
  since: Time,
  until: Time,
  before: Time,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: SEARCH_LIMIT_MAX }))
});
/** Parameters of reports and figures. */
export const SpanQuery = Type.Object({
  minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: REPORT_MINUTES_MAX }))
});
const searchQuery = { names: Object.keys(SearchQuery.properties), schema: Compile(SearchQuery) };
const spanQuery = { names: Object.keys(SpanQuery.properties), schema: Compile(SpanQuery) };

/** Parameters that are numbers. */
const NUMBERS: ReadonlySet<string> = new Set(['since', 'until', 'before', 'limit', 'minutes']);

/** Returns the routes of search, reports and stats. */
export function createAnalyticsApi(options: AnalyticsApiOptions): Route[] {
  const { access, clock, guard, trustProxy } = options;
  const running =
    options.clickhouse.store?.mode === 'embedded'
      ? EMBEDDED_IN_FLIGHT_MAX
      : ANALYTICS_IN_FLIGHT_MAX;
  const turns = new Turns({
    works: 'searches and reports',
    running,
    runningEach: ({ kind }) => (kind === 'user' ? SEARCHES_OF_ONE_MAX : running - KEPT_FREE),
    reserved: KEPT_FREE,
    waiting: ANALYTICS_WAITING_MAX,
    waitingEach: ANALYTICS_WAITING_EACH_MAX,
    limited: options.limited
  });
  const ask = async (
    request: TransportRequest,
    caller: Identity,
    work: (store: AnalyticsStore) => Promise<HttpReply>
  ): Promise<HttpReply> => {
    const store = storeOf(options.clickhouse);
    const { costs } = options;
    const payer = costs.payer(request, caller);
    const wait = costs.refusal(payer);
    if (wait !== null) return wait;
    costs.charge(payer, ANALYTICS_POINTS);
    const asker = askerOf(caller, clientAddress(request, trustProxy));
    try {
      return await turns.take(asker, () => work(store));
    } catch (error) {
      if (!(error instanceof BusyError) || error.isOwn) throw error;
      throw new StoreError('busy', error.message);
    }
  };
  const spanOf = (request: TransportRequest): ReportSpan => {
    const { minutes = REPORT_MINUTES_DEFAULT } = queryOf(request, spanQuery);
    const until = clock.now();
    const { testThreadPrefixes } = options;
    return { since: until - minutes * 60_000, until, testThreadPrefixes };
  };

  /** Returns the reply that refuses to search a thread; null when the caller may read it. */
  const refusalTo = async (caller: Identity, thread: string): Promise<HttpReply | null> => {
    const refusal = isOfAllThreads(caller) ? null : await guard.decide(caller, 'read', thread);
    if (refusal === null) return null;
    return refusalOf(refusal === 'unavailable' ? refusal : 'forbidden');
  };
  /** Returns which threads the caller may read; null when the application gave no answer about one. */
  const readableAmong = async (
    caller: Identity,
    threads: ReadonlySet<string>
  ): Promise<ReadonlySet<string> | null> => {
    if (isOfAllThreads(caller)) return threads;
    const judged = await Promise.all(
      [...threads].map(
        async (thread) => [thread, await guard.decide(caller, 'read', thread)] as const
      )
    );
    if (judged.some(([, refusal]) => refusal === 'unavailable')) return null;
    return new Set(judged.filter(([, refusal]) => refusal === null).map(([thread]) => thread));
  };
  const search = async (request: TransportRequest, caller: Identity): Promise<HttpReply> => {
    const { q = '', thread, limit = SEARCH_LIMIT_DEFAULT, ...rest } = queryOf(request, searchQuery);
    if (thread !== undefined && !isThreadId(thread)) return problem('bad_thread');
    const refusal = thread === undefined ? null : await refusalTo(caller, thread);
    if (refusal !== null) return refusal;
    const words = wordsOf(q);
    if (words.length === 0 && thread === undefined && rest.from === undefined) {
      return badQuery('at least one of q, thread and from is needed');
    }
    return plainly(caller, () =>
      ask(request, caller, async (store) => {
        // Read this before the rows: rows that are stored meanwhile may be among them or not.
        const asOf = options.sink.asOf();
        const filter = { words, thread, limit, ...rest };
        const page =
          thread !== undefined || isOfAllThreads(caller)
            ? { ...(await searchMessages(store, filter)), next: null }
            : await readablePage(store, filter, (threads) => readableAmong(caller, threads));
        // A page that lacks some would look as if there were no more.
        if (page === null) return refusalOf('unavailable');
        return { ...json(200, null), body: foundJson(page, asOf, page.next) };
      })
    );
  };
  const runReport = (
    request: TransportRequest,
    caller: Identity,
    name: string
  ): Promise<HttpReply> | HttpReply => {
    const report = reportOf(name);
    if (report === null) return problem('not_found', 'GET /api/reports lists the reports');
    const span = spanOf(request);
    const { title, columns } = report;
    return ask(request, caller, async (store) => {
      const rows = await askReport(store, report, span);
      const { since, until } = span;
      return json(200, { report: name, title, columns, rows, since, until });
    });
  };
  const stats = (request: TransportRequest, caller: Identity): Promise<HttpReply> => {
    const span = spanOf(request);
    return ask(request, caller, async (store) => json(200, await askStats(store, span)));
  };
  const reader = (request: TransportRequest, scope: Scope): Promise<Identity> =>
    access.reader(request, scope);
  const backend = (request: TransportRequest, scope: Scope): Identity =>
    access.backend(request, scope);
  const methods = ['GET'];

  return [
    guarded({
      methods,
      path: '/api/search',
      scope: 'read',
      access: reader,
      handler: ({ request }, caller) => search(request, caller),
      failed
    }),
    guarded({
      methods,
      path: '/api/reports',
      scope: 'reports',
      access: backend,
      handler: () => json(200, { reports: REPORTS.map(({ name, title }) => ({ name, title })) })
    }),
    guarded({
      methods,
      path: '/api/reports/{name}',
      scope: 'reports',
      access: backend,
      handler: ({ request, part }, caller) => runReport(request, caller, part('name')),
      failed
    }),
    guarded({
      methods,
      path: '/api/stats',
      scope: 'reports',
      access: backend,
      handler: ({ request }, caller) => stats(request, caller),
      failed
    })
  ];
}

/** The parameters of a path, and their compiled schema, made on first use. */
interface QueryRule<Q> {
  readonly names: readonly string[];
  readonly schema: {
    Check(value: unknown): value is Q;
    Errors(value: unknown): readonly { readonly instancePath: string; readonly message: string }[];
  };
}

/** Title of replies when ClickHouse fails. */
const CANNOT_ANSWER = 'ClickHouse cannot answer';

function badQuery(detail: string): HttpReply {
  return problem('bad_frame', detail, { title: 'the request does not fit the schema' });
}

/** Hides an engine's text about its statements and files from callers without the API key. */
async function plainly<T>(caller: Identity, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (caller.kind === 'backend' || !(error instanceof StoreError)) throw error;
    throw new StoreError(error.code, 'search is not available now');
  }
}

/** A query that does not fit the schema. */
class BadQueryError extends Error {}

function failed(error: unknown): HttpReply | null {
  if (error instanceof BadQueryError) return badQuery(error.message);
  if (error instanceof BusyError) {
    return askAgain(problem('rate_limited', error.message), ANALYTICS_RETRY_SECONDS);
  }
  if (!(error instanceof StoreError)) return null;
  // When it is switched off, a retry does not help.
  const retry = error.code !== 'off';
  const reply = problem('unavailable', error.message, { title: CANNOT_ANSWER, retry });
  return retry ? askAgain(reply, ANALYTICS_RETRY_SECONDS) : reply;
}

function storeOf({ store, status }: AnalyticsApiOptions['clickhouse']): AnalyticsStore {
  if (store === null) {
    throw new StoreError('off', 'ClickHouse is switched off (CLICKHOUSE_URL=off)');
  }
  const now = status();
  if (now?.status === 'connected') return store;
  throw new StoreError('closed', `ClickHouse is not connected: ${now?.error ?? 'not yet'}`);
}

/**
 * Returns the parameters of a request that fits the schema.
 * @throws {BadQueryError} naming the parameter that does not fit
 */
function queryOf<Q>(request: TransportRequest, { names, schema }: QueryRule<Q>): Q {
  const query: Record<string, unknown> = {};
  for (const [name, text] of new URLSearchParams(request.query)) {
    if (!names.includes(name)) {
      throw new BadQueryError(`${name.slice(0, 40)} is not known here: ${names.join(', ')} are`);
    }
    if (Object.hasOwn(query, name)) throw new BadQueryError(`${name} is given twice`);
    query[name] = NUMBERS.has(name) && /^\d{1,16}$/.test(text) ? Number(text) : text;
  }
  if (schema.Check(query)) return query;
  const [first] = schema.Errors(query);
  throw new BadQueryError(
    first === undefined
      ? 'the parameters do not fit'
      : `${first.instancePath.slice(1)} ${first.message}`
  );
}
