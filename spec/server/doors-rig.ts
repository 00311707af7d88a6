/**
 * The doors of one server over a log in memory: the same request goes in as frames over a WebSocket, and as a request
 * over HTTP.
 */
import { randomBytes } from 'node:crypto';
import { onlyKey } from './auth/some-keys.js';
import { someOrigins } from './auth/some-origins.js';
import { Memory } from '../../actors/memory/memory.js';
import { Incidents } from '../../actors/monitor/incidents.js';
import type { ErrorCode } from '../../protocol/errors.js';
import type { AccessSettings } from '../../server/access/authorize.js';
import { Authority, type AuthorityOptions } from '../../server/access/authority.js';
import { Guard } from '../../server/access/guard.js';
import { Members } from '../../server/access/members.js';
import { tokenless } from '../../server/access/identity.js';
import { ApiAccess } from '../../server/auth/api-access.js';
import type { Authenticator } from '../../server/auth/auth.js';
import { Tickets } from '../../server/auth/tickets.js';
import { CatchUp } from '../../server/chat/catch-up.js';
import { Chat } from '../../server/chat/chat.js';
import type { Connection } from '../../server/chat/connection.js';
import { Connections } from '../../server/chat/connections.js';
import { Evictions } from '../../server/chat/evictions.js';
import { Limited } from '../../server/limits/limited.js';
import { Publisher } from '../../server/chat/publisher.js';
import { createRoutes } from '../../server/chat/routes.js';
import { StreamOpener } from '../../server/chat/streams/stream-opener.js';
import { Subscriptions } from '../../server/chat/subscriptions.js';
import { POINTS_PER_PUBLISH } from '../../server/chat/work/costs.js';
import { Rechecks } from '../../server/chat/work/rechecks.js';
import { TurnBudget } from '../../server/chat/work/turn-budget.js';
import { KeyedBuckets } from '../../server/chat/work/keyed-buckets.js';
import { PublishLimits, type PublishBounds } from '../../server/chat/work/publish-limits.js';
import { WorkLimits, type WorkRates } from '../../server/chat/work/work-limits.js';
import { createApi } from '../../server/http/api/api.js';
import { EventStreams } from '../../server/http/event-streams.js';
import { HttpCosts } from '../../server/http/http-costs.js';
import { RouteTable } from '../../server/http/route-table.js';
import { FanOut } from '../../server/transport/fan-out.js';
import type { TransportRequest } from '../../server/transport/transport.js';
import { settle, VirtualClock } from '../virtual-clock.js';
import { FakeSocket } from './chat/fake-socket.js';
import { threadRig } from './chat/thread-rig.js';
import { NO_WRONG_KEYS } from './chat/work/no-wrong-keys.js';

/** Result of a request: an error code, or the requested value. */
export interface DoorAnswer {
  readonly code: ErrorCode | 'ok';
  readonly [field: string]: unknown;
}

/** A message as both doors take it: `body` may be JSON text of any depth. */
export interface Publish {
  readonly thread: string;
  readonly [field: string]: unknown;
}

/** A page of history: over WebSocket `at` is `before`, over HTTP `after`. */
export interface History {
  readonly thread: string;
  readonly at?: unknown;
  readonly limit?: unknown;
}

/** One of the ways to send a request to the server. */
export interface Door {
  publish(request: Publish): Promise<DoorAnswer>;
  history(request: History): Promise<DoorAnswer>;
  subscribe(thread: string): Promise<DoorAnswer>;
}

/** Token of a probe, where the doors ask for tokens. */
export const PROBE_TOKEN = 'probe-token';

const NO_LIMITS = { total: 0, perUser: 0, perAddress: 0 };
const USER = 'ada';

/** Access rule by which everybody may use every thread, as in development. */
export const OPEN: AccessSettings = { mode: 'open', mayCreate: true, ownsOpenThreads: true };

const EVERYBODY_IS_ADA: Authenticator = {
  isRequired: true,
  verify: (token) => Promise.resolve(tokenless(USER, token === PROBE_TOKEN))
};

/** Options of {@link doors}. */
export interface DoorOptions {
  readonly settings: AccessSettings;
  readonly auth: Authenticator;
  /** Limits on what users and addresses publish, where there are any. */
  readonly bounds: Partial<PublishBounds>;
  /** Limits on the work of users and addresses, in points. */
  readonly points: Partial<WorkRates>;
  /** The application that decides about rights. Default: none. */
  readonly ask: AuthorityOptions['ask'] | null;
  readonly onAsked: AuthorityOptions['onAsked'];
}

/** How long the application's answers are valid, in milliseconds. */
export const KEEP_MS = 30_000;

const ignore = (): void => undefined;

const NO_BOUNDS: PublishBounds = { perUser: 0, perAddress: 0, threadsPerHour: 0, bytesPerHour: 0 };

/**
 * A server whose threads with a test prefix are reserved. Everybody is ada, by whatever token; without one HTTP is used
 * by a backend. `publishPerSecond` limits each connection; 0 means no limit. `turn` counts the
 * work of a turn of the event loop.
 */
export function doors(
  token?: string,
  publishPerSecond = 0,
  turn = new TurnBudget(),
  {
    settings = OPEN,
    auth = EVERYBODY_IS_ADA,
    bounds,
    points,
    ask = null,
    onAsked = ignore
  }: Partial<DoorOptions> = {}
) {
  const limits = { frameBytes: 0, subscriptions: 0, publishPerSecond };
  const clock = new VirtualClock();
  const { threads, bus, log, logger, counts } = threadRig(clock, 10_000);
  /** Used heap, in percent. */
  const heap = { used: 0, limit: 100 };
  const memory = new Memory({
    clock,
    source: { heap: () => heap, resident: () => 0, container: () => null },
    limitMb: undefined
  });
  const connections = new Connections(clock, NO_LIMITS);
  const incidents = new Incidents({ clock, logger });
  const work = new WorkLimits(
    { perUser: publishPerSecond * POINTS_PER_PUBLISH, perAddress: 0, ...points },
    clock
  );
  const limited = new Limited({ clock, logger });
  const chat = new Chat({
    clock,
    turn,
    incidents,
    connections,
    limits,
    origins: someOrigins(),
    trustProxy: false,
    memory,
    limited: limited.note,
    wrongKeys: NO_WRONG_KEYS,
    refusal: () => null
  });
  const guard = new Guard({
    log,
    isTest: (thread) => threads.isTest(thread),
    refusesTestThreads: true,
    settings,
    authority:
      ask === null
        ? null
        : new Authority({
            clock,
            keepMs: KEEP_MS,
            ask,
            onAsked,
            onFull: () => {
              limited.note('questions_server');
            }
          })
  });
  const publisher = new Publisher({
    clock,
    log,
    threads,
    guard,
    incidents,
    memory,
    publishPerSecond,
    publishLimits: new PublishLimits({ ...NO_BOUNDS, ...bounds }, clock),
    agents: () => null,
    limited: limited.note
  });
  const watch = { remedy: 'check it', unreadable: () => undefined, caughtUp: () => undefined };
  const catchUp = new CatchUp(log, threads, logger, watch, { turn, work });
  const subscriptions = new Subscriptions(log, threads, catchUp);
  const evictions = new Evictions({ connections, subscriptions, threads });
  const rechecks = new Rechecks({ clock, connections, evictions, keepMs: KEEP_MS });
  guard.onChanged = (thread, users) => {
    evictions.judge(thread, users);
  };
  guard.onOpened = (thread, owner) => {
    evictions.judgeAll(thread, owner);
  };
  const members = new Members({
    log,
    guard,
    tell: (frame) => {
      bus.tell(frame);
    }
  });
  const routes = createRoutes({
    agents: () => null,
    damaged: () => undefined,
    node: 'n1',
    clock,
    log,
    threads,
    publisher,
    connections,
    subscriptions,
    auth,
    guard,
    evictions,
    members,
    limits,
    turn,
    work,
    limited: limited.note,
    resume: (connection) => {
      chat.resume(connection);
    },
    hold: (connection, frame, until, work) => {
      chat.hold(connection, frame, until, work);
    },
    wrongKeys: NO_WRONG_KEYS,
    badFrame: (connection, id, message) => {
      chat.badFrame(connection, id, 'bad_frame', message);
    }
  });
  chat.begin({ publisher, catchUp, subscriptions, routes });
  const state = { isServing: true, isRevoked: false };
  const opener = new StreamOpener({
    clock,
    log,
    subscriptions,
    connections,
    guard,
    isRevoked: () => state.isRevoked,
    limited: limited.note
  });
  const fanOut = new FanOut<Connection>(chat, { messageBytes: 1_048_576, lagBytes: 1_048_576 });
  const events = new EventStreams({ opener, fanOut });
  const access = new ApiAccess(onlyKey(token === undefined ? undefined : 'api-key'), auth, true);
  const table = new RouteTable(
    createApi({
      access,
      tickets: new Tickets({
        clock,
        revocations: { isRevoked: () => false },
        randomBytes,
        limited: limited.note
      }),
      log,
      guard,
      isRevoked: () => state.isRevoked,
      publisher,
      publishRates: new KeyedBuckets(publishPerSecond, clock),
      events,
      incidents,
      trustProxy: false,
      memory,
      bodyBytes: 1_048_576,
      isServing: () => state.isServing,
      costs: new HttpCosts({ access, turn, work, trustProxy: false, limited: limited.note }),
      limited: limited.note
    })
  );
  return {
    clock,
    log,
    threads,
    counts,
    state,
    heap,
    memory,
    connections,
    members,
    turn,
    limited,
    events,
    opener,
    fanOut,
    rechecks,
    http: overHttp(table, token),
    webSocket: () => overWebSocket(chat, token ?? 'token'),
    socket: () => connected(chat, token ?? 'token')
  };
}

function requestOf(
  method: string,
  path: string,
  query: Record<string, unknown>,
  body: string,
  token?: string
): TransportRequest {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return {
    method,
    path,
    query: new URLSearchParams(
      given.map(([name, value]): [string, string] => [name, String(value)])
    ).toString(),
    address: '127.0.0.1',
    header: (name) =>
      name === 'authorization' && token !== undefined ? `Bearer ${token}` : undefined,
    body: () => Promise.resolve(body)
  };
}

/** HTTP, used by the bearer of a token, or by a backend. */
function overHttp(table: RouteTable, token?: string): Door {
  const ask = async (
    method: string,
    path: string,
    query: Record<string, unknown> = {},
    body = ''
  ): Promise<DoorAnswer> => {
    const reply = await table.answer(requestOf(method, path, query, body, token));
    if (reply === null) throw new Error(`${path} is not answered`);
    if (!('body' in reply)) return { code: 'ok' };
    const answer = JSON.parse(String(reply.body)) as Record<string, unknown>;
    return { code: 'ok', ...answer };
  };
  const at = (thread: string, what: string): string =>
    `/api/threads/${encodeURIComponent(thread)}/${what}`;
  return {
    publish: ({ thread, ...fields }) =>
      ask('POST', at(thread, 'messages'), {}, JSON.stringify({ from: USER, ...fields })),
    history: ({ thread, at: after, limit }) => ask('GET', at(thread, 'messages'), { after, limit }),
    subscribe: (thread) => ask('GET', at(thread, 'events'))
  };
}

/** A WebSocket that has connected. `say` sends one text message. */
async function connected(chat: Chat, token: string) {
  const decision = chat.upgrade(requestOf('GET', '/ws', {}, ''));
  if (!decision.accept) throw new Error('the upgrade was refused');
  const socket = new FakeSocket<Connection>(decision.state);
  chat.open(socket);
  chat.message(socket, JSON.stringify({ type: 'connect', token }));
  await settle();
  const say = (text: string): void => {
    chat.message(socket, text);
  };
  const close = (): void => {
    chat.close(socket);
  };
  return { socket, say, close };
}

/** One WebSocket connection. */
async function overWebSocket(chat: Chat, token: string): Promise<Door> {
  const { socket, say } = await connected(chat, token);
  let nextId = 1;
  const ask = async (frame: object): Promise<DoorAnswer> => {
    const id = nextId++;
    say(JSON.stringify({ ...frame, id }));
    await settle();
    const answer = socket.frames.find((each) => each['id'] === id);
    if (answer === undefined) throw new Error(`${JSON.stringify(frame)} is not answered`);
    return { code: 'ok', ...answer };
  };
  return {
    publish: (fields) => ask({ type: 'publish', ...fields }),
    history: ({ thread, at: before, limit }) => ask({ type: 'history', thread, before, limit }),
    subscribe: (thread) => ask({ type: 'subscribe', thread })
  };
}
