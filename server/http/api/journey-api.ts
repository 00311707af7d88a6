/**
 * `GET /api/messages/{mid}/journey`, and `GET /api/journey?mid=` for mids that no path can have: every step of one message, from the log, from ClickHouse and from the present
 * state. It needs the API key and never shows a body.
 */
import type { Clickhouse } from '../../../actors/clickhouse/clickhouse.js';
import { StoreError, type AnalyticsStore } from '../../../actors/clickhouse/store.js';
import type { Clock } from '../../../actors/clock.js';
import type { Journey, JourneyMessage } from '../../../actors/journey/journey.js';
import { findKnownFacts, findTrimmed } from '../../../actors/journey/known-facts.js';
import { findTrail, type TrailPlaces } from '../../../actors/journey/find-trail.js';
import { tellJourney } from '../../../actors/journey/tell-journey.js';
import { LogCorruptError, LogUnavailableError } from '../../../actors/log/log-errors.js';
import { frameBody, parseMessageFrame } from '../../../protocol/message-frame.js';
import type { AnalyticsFeed } from '../../../actors/log/analytics-feed.js';
import type { FoundEntry } from '../../../actors/log/log-reader.js';
import type { Identity } from '../../access/identity.js';
import type { Scope } from '../../access/scopes.js';
import type { ApiAccess } from '../../auth/api-access.js';
import { decodedPart, guarded, type Route } from '../route-table.js';
import { askAgain, json, problem } from '../../transport/problem.js';
import { journeyNow, type JourneyNowOptions } from './journey-now.js';
import type { NoteLimited } from '../../limits/limited.js';
import { clientAddress } from '../../transport/client-address.js';
import { askerOf, BusyError, Turns } from '../turns.js';
import { UNREADABLE } from '../../chat/unreadable.js';
import { isLongerThan, isThreadId } from '../../../protocol/frames.js';
import { MID_MAX } from '../../../protocol/run-fields.js';
import type { HttpReply, TransportRequest } from '../../transport/transport.js';

/** Most threads in one answer; a mid is used in several only by mistake or by a test. */
export const JOURNEYS_MAX = 8;

/** Most requests that are answered at once; each sends ClickHouse one query at a time. */
export const JOURNEYS_IN_FLIGHT_MAX = 2;

/** Most requests in the queue; one more gets `unavailable`. */
export const JOURNEYS_WAITING_MAX = 16;

/** Seconds after which a request that got `unavailable` should be sent again. */
export const JOURNEY_RETRY_SECONDS = 2;

/** Options of {@link createJourneyApi}. */
export interface JourneyApiOptions extends JourneyNowOptions {
  readonly access: ApiAccess;
  /** The facts that ClickHouse does not have yet. */
  readonly feed: Pick<AnalyticsFeed, 'find' | 'backlog'>;
  /** Whether facts are recorded: not with `CLICKHOUSE_URL=off`. */
  readonly areFactsKept: boolean;
  readonly runs: TrailPlaces['runs'];
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly trustProxy: boolean;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
  readonly clickhouse: Pick<Clickhouse, 'store' | 'status'>;
  /** `CLICKHOUSE_TTL_DAYS`. */
  readonly ttlDays: number | undefined;
}

const NOT_FOUND =
  'no thread of the log has a message with this mid: it never came here, or it was refused, or it has been trimmed';

/** Returns the routes of journeys. */
export function createJourneyApi(options: JourneyApiOptions): Route[] {
  const turns = new Turns({
    works: 'journeys',
    running: JOURNEYS_IN_FLIGHT_MAX,
    runningEach: () => JOURNEYS_IN_FLIGHT_MAX,
    // Only callers with the API key may ask.
    reserved: 0,
    waiting: JOURNEYS_WAITING_MAX,
    waitingEach: JOURNEYS_WAITING_MAX,
    limited: options.limited
  });
  const row = {
    methods: ['GET'],
    scope: 'journey' as const,
    access: (request: TransportRequest, scope: Scope) => options.access.backend(request, scope),
    failed
  };
  const tell = (
    request: TransportRequest,
    caller: Identity,
    mid: string | null,
    names: readonly string[]
  ): HttpReply | Promise<HttpReply> => {
    if (mid === null || mid === '' || isLongerThan(mid, MID_MAX)) {
      return unfit(`mid must be 1 to ${String(MID_MAX)} characters`);
    }
    const thread = threadOf(request, names);
    if (typeof thread === 'object' && thread !== null) return thread;
    const asker = askerOf(caller, clientAddress(request, options.trustProxy));
    return turns.take(asker, () => answer(options, mid, thread));
  };
  return [
    guarded({
      ...row,
      path: '/api/messages/{mid}/journey',
      handler: ({ request, part }, caller) =>
        tell(request, caller, decodedPart(part('mid')), ['thread'])
    }),
    guarded({
      ...row,
      path: '/api/journey',
      handler: ({ request }, caller) =>
        tell(request, caller, new URLSearchParams(request.query).get('mid'), ['mid', 'thread'])
    })
  ];
}

async function answer(
  options: JourneyApiOptions,
  mid: string,
  thread: string | null
): Promise<HttpReply> {
  const { clickhouse, clock } = options;
  const store = storeOf(clickhouse);
  // Read one more than is shown, to see whether there are more.
  const entries = options.log.withMid(mid, JOURNEYS_MAX + 1, thread ?? undefined);
  const messages = entries.slice(0, JOURNEYS_MAX).map((entry) => messageOf(options, entry));
  if (messages.length === 0) {
    if (thread === null) {
      return problem(
        'not_found',
        `${NOT_FOUND}; with ?thread= ClickHouse is asked for a trimmed one`
      );
    }
    if (store === null) return problem('not_found', NOT_FOUND);
    if (typeof store === 'string') return problem('not_found', `${NOT_FOUND}; ${store}`);
    const trimmed = await findTrimmed(store, thread, mid);
    if (trimmed === null) {
      return problem(
        'not_found',
        `thread ${thread} has no message with this mid, ClickHouse included`
      );
    }
    messages.push(trimmed);
  }
  const journeys: Journey[] = [];
  let asked = store;
  for (const message of messages) {
    const { journey, failure } = await journeyOf(options, message, asked, mid);
    journeys.push(journey);
    // When ClickHouse does not answer, wait for it once and not for each thread, while other requests wait.
    asked = failure ?? asked;
  }
  return json(200, {
    mid,
    now: clock.now(),
    clickhouse: store === null ? 'off' : typeof store === 'string' ? 'away' : 'asked',
    journeys,
    more: entries.length > JOURNEYS_MAX
  });
}

async function journeyOf(
  options: JourneyApiOptions,
  message: JourneyMessage,
  store: AnalyticsStore | string | null,
  mid: string
): Promise<{ journey: Journey; failure: string | null }> {
  const { feed } = options;
  // Read this before the facts: what happens meanwhile is then in the facts, or not yet known.
  const now = journeyNow(options, message);
  const trail = await findTrail({ log: options.log, runs: options.runs, store }, message, mid);
  const found = await findKnownFacts({ feed, store }, message);
  const known = { ...found, gaps: [...found.gaps, ...trail.gaps] };
  const keeping = { isKept: options.areFactsKept, ttlDays: options.ttlDays };
  return { journey: tellJourney(message, now, known, keeping, trail), failure: known.failure };
}

/** @throws {LogUnavailableError} when the entry cannot be read */
function messageOf(
  { log }: JourneyApiOptions,
  { thread, offset, frame }: FoundEntry
): JourneyMessage {
  const message = parseMessageFrame(frame);
  if (message === null) {
    throw new LogUnavailableError(`entry ${String(offset)} of ${thread} does not decode`);
  }
  return {
    thread,
    epoch: log.ensure(thread).epoch,
    offset,
    user: message.from.user,
    kind: message.kind,
    at: message.at,
    sizeBytes: Buffer.byteLength(frameBody(frame) ?? JSON.stringify(message.body)),
    isKept: true
  };
}

/** Returns the store when it is connected, or a sentence that says why it is not; null when it is switched off. */
function storeOf({
  store,
  status
}: JourneyApiOptions['clickhouse']): AnalyticsStore | string | null {
  if (store === null) return null;
  const now = status();
  if (now?.status === 'connected') return store;
  return `ClickHouse is away (${now?.error ?? 'not connected yet'}): what it has is missing here`;
}

/** Returns the thread of the query, null for all threads; an error reply when a parameter is not valid or unknown. */
function threadOf(request: TransportRequest, names: readonly string[]): string | HttpReply | null {
  const query = new URLSearchParams(request.query);
  for (const name of query.keys()) {
    if (!names.includes(name)) {
      const are = names.length === 1 ? 'is' : 'are';
      return unfit(`${name.slice(0, 40)} is not known here: ${names.join(' and ')} ${are}`);
    }
  }
  const thread = query.get('thread');
  return thread === null || isThreadId(thread) ? thread : problem('bad_thread');
}

function unfit(detail: string): HttpReply {
  return problem('bad_frame', detail, { title: 'the request does not fit the schema' });
}

function failed(error: unknown): HttpReply | null {
  if (error instanceof BusyError || error instanceof StoreError) {
    const title = 'the journey cannot be told now';
    return askAgain(problem('unavailable', error.message, { title }), JOURNEY_RETRY_SECONDS);
  }
  if (error instanceof LogUnavailableError || error instanceof LogCorruptError) {
    return problem('unavailable', UNREADABLE);
  }
  return null;
}
