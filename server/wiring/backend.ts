/**
 * The parts that need an open log: threads, subscriptions, the route table, event streams and the HTTP API. They are
 * made when the handlers are registered.
 */
import { randomBytes } from 'node:crypto';
import type { Agent } from '../../actors/agents/agent.js';
import { Runs } from '../../actors/agents/runs.js';
import type { LoopMarks } from '../../actors/agents/seeing/loop-marks.js';
import { ThreadAgents } from '../../actors/agents/thread-agents.js';
import { awakeTimers } from '../../actors/awake-timers.js';
import type { Clock } from '../../actors/clock.js';
import type { ClusterBus } from '../../actors/bus/cluster-bus.js';
import type { NodeBus } from '../../actors/nodes/node-bus.js';
import type { NodeAbout } from '../../actors/nodes/node-message.js';
import type { Logger } from '../../actors/log-line.js';
import type { Memory } from '../../actors/memory/memory.js';
import type { Incidents } from '../../actors/monitor/incidents.js';
import type { Monitor } from '../../actors/monitor/monitor.js';
import type { Transitions } from '../../actors/facts/transitions.js';
import type { ThreadLog } from '../../actors/log/thread-log.js';
import type { Webhooks } from '../../actors/webhooks/webhooks.js';
import { Threads } from '../../actors/threads/threads.js';
import type { Traces } from '../../actors/traces/traces.js';
import type { Analytics } from './analytics.js';
import { accessSettings, authorityOf, keySetOf } from './access-parts.js';
import { createAgentDoors } from './agent-doors.js';
import type { AiSockets } from '../ai/ai-sockets.js';
import { Guard } from '../access/guard.js';
import { Members } from '../access/members.js';
import { Revocations } from '../access/revocations.js';
import type { UserIdentity } from '../access/identity.js';
import { isRevokedOrUnknown, revocable } from '../auth/revocable.js';
import { HttpCosts } from '../http/http-costs.js';
import { createApi } from '../http/api/api.js';
import { ApiAccess } from '../auth/api-access.js';
import type { ApiKeys } from '../auth/api-keys.js';
import { createAuthenticator } from '../auth/auth.js';
import { Tickets } from '../auth/tickets.js';
import { CatchUp } from '../chat/catch-up.js';
import type { Chat } from '../chat/chat.js';
import type { Config } from '../config/settings.js';
import type { Connection } from '../chat/connection.js';
import type { Connections } from '../chat/connections.js';
import { Evictions } from '../chat/evictions.js';
import { createMembersApi } from '../http/api/members-api.js';
import { createTicketsApi } from '../http/api/tickets-api.js';
import { EventStreams } from '../http/event-streams.js';
import type { Route } from '../http/route-table.js';
import type { OutFrame } from '../transport/out-frame.js';
import type { NoteLimited } from '../limits/limited.js';
import type { WrongKeys } from '../chat/work/wrong-keys.js';
import type { FanOut } from '../transport/fan-out.js';
import { MESSAGE_BYTES_MAX } from './listener.js';
import { encodeFrame, messageOut } from '../chat/frame-encoder.js';
import { ChunkPace } from '../chat/runs/chunk-pace.js';
import { clientLimits, publishBounds, workBounds } from '../chat/limits.js';
import { Publisher } from '../chat/publisher.js';
import { createRoutes } from '../chat/routes.js';
import { pickBus } from './cluster/pick-bus.js';
import { createUpkeep } from './upkeep.js';
import { RUN_LIMITS } from '../chat/runs/run-limits.js';
import { RunRequests } from '../chat/runs/run-requests.js';
import { unreadable } from '../chat/unreadable.js';
import { StreamOpener } from '../chat/streams/stream-opener.js';
import { Subscriptions } from '../chat/subscriptions.js';
import { queueingPoints } from '../chat/work/costs.js';
import { Rechecks } from '../chat/work/rechecks.js';
import type { TurnBudget } from '../chat/work/turn-budget.js';
import { KeyedBuckets } from '../chat/work/keyed-buckets.js';
import { PublishLimits } from '../chat/work/publish-limits.js';
import { WorkLimits } from '../chat/work/work-limits.js';

/** Options of {@link createBackend}. */
export interface BackendOptions {
  readonly config: Config;
  readonly apiKeys: ApiKeys;
  readonly node: string;
  readonly log: ThreadLog;
  /** The bus to the other nodes; null on a single node. */
  readonly nodeBus: NodeBus | null;
  /** Returns what this node says of itself. */
  readonly about: () => NodeAbout;
  /** What an operator does when a part of the log cannot be read. */
  readonly remedy: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly monitor: Monitor;
  readonly incidents: Incidents;
  readonly transitions: Transitions;
  readonly chat: Chat;
  readonly ai: AiSockets;
  readonly connections: Connections;
  readonly memory: Memory;
  /** The agents by name; filled when their service starts. */
  readonly agents: ReadonlyMap<string, Agent>;
  readonly marks: LoopMarks;
  readonly analytics: Analytics;
  readonly webhooks: Webhooks | null;
  /** The sockets of the chat; a thread's topic has its id. */
  readonly fanOut: FanOut<Connection>;
  readonly isServing: () => boolean;
  /** Limits the work per turn of the event loop. */
  readonly turn: TurnBudget;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
  readonly wrongKeys: WrongKeys;
  /** Called when a message of a thread was erased. */
  readonly onErased: (thread: string) => void;
  /** Records the ways of messages; null: nothing is traced. */
  readonly traces: Traces | null;
}

/** The parts that the server uses afterwards. */
export interface Backend {
  readonly runs: Runs;
  readonly threads: Threads;
  /** The bus between nodes; null on a single node. */
  readonly cluster: ClusterBus | null;
  /** Routes below `/api/`. */
  readonly routes: readonly Route[];
  /** Called every second while the server serves. */
  readonly sweep: () => void;
  /** Frame types that now have a handler. */
  readonly handlers: readonly string[];
}

/** Makes the parts and gives the chat those that it needs. */
export function createBackend(options: BackendOptions): Backend {
  const { config, node, log, clock, logger, monitor, incidents, chat, connections } = options;
  const { fanOut, isServing, turn, limited, traces, remedy, apiKeys } = options;
  const keys = keySetOf(config, clock, monitor);
  const tokens = createAuthenticator({
    secret: config.authJwtSecret,
    keys: keys?.find,
    algorithms: config.authJwtAlgorithms,
    audiences: config.authJwtAudience,
    issuers: config.authJwtIssuer,
    mustExpire: config.environment !== 'development',
    keepsClaims: config.authorizeUrl !== undefined
  });
  const tellAll = (thread: string, frame: OutFrame): void => {
    turn.spend(queueingPoints(fanOut.publish(thread, frame)));
  };
  const pace = new ChunkPace({ clock, fanOut });
  const { bus, cluster } = pickBus({
    ...options,
    here: {
      tell: (frame) => {
        if (frame.type === 'chunk') turn.spend(queueingPoints(pace.tell(frame)));
        else tellAll(frame.thread, encodeFrame(frame));
      },
      isReachable: (user) => connections.isReachable(user),
      fallback: (user, thread, message) => connections.fallback(user, thread, message),
      cut: (user) => {
        connections.cut(user, isRevoked);
      },
      kick: (whom) => connections.kick(whom),
      given: (thread, offset, author) => threads.given(thread, offset, author),
      changeRun: (change, done) => {
        runs.changeHere(change, done);
      }
    }
  });
  const nodes = cluster?.nodes ?? null;
  const revocations = new Revocations({
    log,
    cut: bus.cut.bind(bus)
  });
  const isRevoked = (identity: UserIdentity): boolean => isRevokedOrUnknown(revocations, identity);
  const auth = revocable(tokens, revocations);
  const threads = new Threads({
    traces,
    log,
    feed: log.feed,
    clock,
    logger,
    counts: monitor.counts,
    incidents,
    monitor,
    transitions: options.transitions,
    stopwatch: () => performance.now(),
    testThreadPrefixes: config.testThreadPrefixes,
    graceMs: config.deliveryGraceMs,
    onUndelivered: (thread, held) => options.webhooks?.undelivered(thread, held),
    bus,
    elsewhere: cluster,
    audience: {
      fanOut: (thread, message) => {
        tellAll(thread.id, messageOut(thread, message));
      }
    }
  });
  const guard = new Guard({
    log,
    isTest: (thread) => threads.isTest(thread),
    refusesTestThreads: config.reservedThreads === 'refuse',
    settings: accessSettings(config),
    authority: authorityOf(config, clock, monitor, limited)
  });
  const runs = new Runs({
    traces,
    agents: options.agents,
    marks: options.marks,
    clock,
    timers: awakeTimers(clock),
    log,
    append: (thread, entry, done) => {
      threads.publish(threads.get(thread), entry, true, done);
    },
    tell: ({ attempt, ...rest }) => {
      bus.tell({ type: 'chunk', ...rest, ...(attempt > 1 ? { attempt } : {}) });
    },
    onEnd: (run) => {
      pace.ended(run);
    },
    limits: {
      runMs: config.agentRunMs,
      askMs: config.agentAskMs,
      answerChars: config.agentAnswerChars
    },
    bounds: {
      runs: config.agentRuns,
      perUser: config.agentRunsPerUser,
      queue: config.agentQueue
    },
    onBound: (bound) => {
      limited(RUN_LIMITS[bound]);
    },
    incidents,
    elsewhere: cluster
  });
  const tell = bus.tell.bind(bus);
  const hasTrial = config.environment === 'development';
  const threadAgents = new ThreadAgents({ log, hasTrial, tell });
  const agents = new RunRequests(runs, threadAgents);
  const limits = clientLimits(config);
  const { publishPerSecond } = limits;
  const publisher = new Publisher({
    traces,
    clock,
    log,
    threads,
    guard,
    incidents,
    memory: options.memory,
    agents: () => agents,
    publishPerSecond,
    publishLimits: new PublishLimits(publishBounds(config), clock),
    limited
  });
  const work = new WorkLimits(workBounds(config), clock);
  const watch = {
    remedy,
    unreadable: (count: number): void => {
      monitor.unreadableThreads(count, remedy);
    },
    caughtUp: (connection: Connection): void => {
      connections.lagEnds(connection);
    }
  };
  const catchUp = new CatchUp(log, threads, logger, watch, { turn, work });
  const subscriptions = new Subscriptions(log, threads, catchUp, (thread) => agents.told(thread));
  const evictions = new Evictions({ connections, subscriptions, threads });
  const { authorizeUrl, authorizeTtlMs: keepMs } = config;
  const rechecks = authorizeUrl ? new Rechecks({ clock, connections, evictions, keepMs }) : null;
  guard.onChanged = (thread, users) => {
    evictions.judge(thread, users);
  };
  guard.onOwner = (thread, owner, by) => {
    bus.tell({ type: 'owner', thread, owner, by });
  };
  guard.onOpened = (thread, owner) => {
    evictions.judgeAll(thread, owner);
  };
  const opener = new StreamOpener({
    clock,
    log,
    subscriptions,
    connections,
    guard,
    isRevoked,
    limited
  });
  const events = new EventStreams({ opener, fanOut });
  const access = new ApiAccess(apiKeys, auth, config.environment === 'development');
  apiKeys.onRetired = () => {
    for (const connection of [...connections.opened()]) {
      if (connection.rights?.identity.kind === 'backend') evictions.judgeConnection(connection);
    }
  };
  const members = new Members({ log, guard, tell });
  const costs = new HttpCosts({ access, turn, work, trustProxy: config.trustProxy, limited });
  const tickets = new Tickets({ clock, revocations, randomBytes, limited });
  const publishRates = new KeyedBuckets(publishPerSecond, clock);
  const bodyBytes = config.limitFrameBytes === 0 ? MESSAGE_BYTES_MAX : config.limitFrameBytes;
  const doors = createAgentDoors({
    access,
    guard,
    isRevoked,
    publisher,
    publishRates,
    requests: agents,
    threadAgents,
    runs,
    log,
    opener,
    fanOut,
    costs,
    incidents,
    trustProxy: config.trustProxy,
    memory: options.memory,
    messageBytes: bodyBytes,
    isServing,
    limited
  });
  options.ai.begin({ door: doors.ai, access, guard, isRevoked, fanOut });
  const api = createApi({
    access,
    tickets,
    log,
    guard,
    isRevoked,
    publisher,
    publishRates,
    events,
    incidents,
    trustProxy: config.trustProxy,
    memory: options.memory,
    bodyBytes,
    isServing,
    costs,
    limited
  });
  const routes = createRoutes({
    agents: () => agents,
    damaged: (why) => {
      unreadable(why, incidents);
    },
    node,
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
    limited,
    wrongKeys: options.wrongKeys,
    resume: (connection) => {
      chat.resume(connection);
    },
    hold: (connection, frame, until, work) => {
      chat.hold(connection, frame, until, work);
    },
    badFrame: (connection, id, message) => {
      chat.badFrame(connection, id, 'bad_frame', message);
    }
  });
  chat.begin({ publisher, catchUp, subscriptions, routes });
  const parts = { ...options, access, guard, threads, bus, revocations, costs, nodes };
  const upkeep = createUpkeep(parts);
  return {
    runs,
    threads,
    cluster,
    sweep: () => {
      threads.sweep();
      upkeep.sweep();
      keys?.sweep();
      rechecks?.sweep();
      void apiKeys.sweep();
      monitor.agents(runs.measures());
    },
    routes: [
      ...api,
      ...doors.routes,
      ...createMembersApi({
        access,
        guard,
        members,
        agents: threadAgents,
        isAgent: (name) => runs.hasAgent(name),
        isRevoked,
        incidents,
        limited
      }),
      ...createTicketsApi({ access, guard, tickets, incidents, costs, limited }),
      ...upkeep.routes,
      ...options.analytics.api(access, guard, costs),
      ...options.analytics.journeys({ access, log, feed: log.feed, threads, connections, runs })
    ],
    handlers: Object.keys(routes)
  };
}
