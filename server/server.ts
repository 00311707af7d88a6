/**
 * The whole server, wired: parts made, children put under their supervisors in the order of the phases, and one report
 * of how it all stands. Nothing runs before `start()`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createActor, fromPromise, type ActorRefFrom } from 'xstate';
import { createClickhouse } from '../actors/clickhouse/clickhouse.js';
import type { Clock } from '../actors/clock.js';
import { claimDataDir, type DataDirClaim } from '../actors/data-dir.js';
import { HandlerRegistry } from '../actors/handlers.js';
import { openLmdbLog } from '../actors/lmdb-log.js';
import type { Logger } from '../actors/log-line.js';
import { Monitor } from '../actors/monitor.js';
import { probeLoopback } from '../actors/probe.js';
import { serviceLogic, type Service } from '../actors/service.js';
import type { ThreadLog } from '../actors/thread-log.js';
import { Threads, type ThreadsStatus } from '../actors/threads.js';
import { startupMachine, type Phase, type StartupContext } from '../machines/startup.machine.js';
import type { ChildSpec } from '../machines/supervisor.machine.js';
import { ApiAccess } from './api-access.js';
import { createApi } from './api.js';
import { createAuthenticator } from './auth.js';
import { CatchUp } from './catch-up.js';
import { Chat, PROBE_HEADER } from './chat.js';
import { LOG_FOLDER, type Config } from './config.js';
import type { Connection } from './connection.js';
import { Connections, SWEEP_MS, type ConnectionLimits } from './connections.js';
import { drainConnections } from './drain.js';
import { EventStreams } from './event-streams.js';
import { createHttp, readiness, type HttpRoute } from './http.js';
import { builtPagesDir, loadPages } from './pages.js';
import { pickTransport } from './pick-transport.js';
import { createRoutes } from './routes.js';
import { StartupTimeline } from './startup-timeline.js';
import {
  serviceStatus,
  waitingForService,
  type ServerStatus,
  type StatusReport
} from './status.js';
import { Subscriptions } from './subscriptions.js';
import type { Transport } from './transport.js';
import { VERSION } from './version.js';

/** Buffered bytes at which a connection stops getting live messages and reads the log instead: 1 MiB. */
export const LAG_BYTES = 1_048_576;

/** A WebSocket message of more than this many times the frame limit is not read at all but closes with 1009. */
export const FRAME_SLACK = 4;

/** The largest WebSocket message where no frame limit is set. */
export const MESSAGE_BYTES_MAX = 16_777_216;

/** How long most children may take to start, and to stop. */
const START_TIMEOUT_MS = 30_000;
const CHILD_SHUTDOWN_MS = 5_000;

/** A required ClickHouse gives up by itself after a minute; the supervisor waits a little longer to hear why. */
const CLICKHOUSE_START_TIMEOUT_MS = 70_000;

/** Reports and time, as the server sees them; specs put in their own. */
export interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Answers a number in [0, 1). */
  readonly random: () => number;
}

const NO_THREADS: ThreadsStatus = { active: 0, test: 0, waiting: 0, undelivered: 0 };

/** The server of one process. */
export class Server {
  readonly root: ActorRefFrom<typeof startupMachine>;
  readonly timeline: StartupTimeline;
  private readonly config: Config;
  private readonly outside: Surroundings;
  private readonly node = `n${randomBytes(6).toString('hex')}`;
  private readonly connections: Connections;
  private readonly chat: Chat;
  private readonly handlers: HandlerRegistry;
  private readonly monitor: Monitor;
  private readonly clickhouse: ReturnType<typeof createClickhouse>;
  private log: ThreadLog | null = null;
  private claim: DataDirClaim | null = null;
  private threads: Threads | null = null;
  private events: EventStreams | null = null;
  private api: HttpRoute | null = null;
  private transport: Transport | null = null;
  private fallbackReason: string | null = null;
  private sweep: unknown = null;
  /** Port that was taken; 0 before the listener is up. */
  port = 0;

  constructor(config: Config, outside: Surroundings) {
    const { clock, logger, random } = outside;
    this.config = config;
    this.outside = outside;
    this.timeline = new StartupTimeline(clock);
    this.connections = new Connections(clock, this.connectionLimits());
    this.chat = new Chat({
      clock,
      logger,
      connections: this.connections,
      limits: this.clientLimits(),
      refusesTestThreads: config.reservedThreads === 'refuse',
      allowedOrigins: config.allowedOrigins,
      trustProxy: config.trustProxy,
      refusal: () => (this.isServing() ? null : readiness(this.report()))
    });
    this.handlers = new HandlerRegistry({
      clock,
      logger,
      graceMs: config.handlerGraceMs,
      register: () => this.registerHandlers()
    });
    this.monitor = new Monitor({
      undeliveredThreads: () => this.threads?.undeliveredThreads ?? 0,
      logFault: () => this.log?.health().reason ?? null,
      deliveryCrashes: () => this.threads?.crashes ?? 0
    });
    this.clickhouse = createClickhouse({
      url: config.clickhouseUrl?.toString() ?? null,
      required: config.clickhouseRequired,
      timeoutMs: config.clickhouseTimeoutMs,
      dataDir: config.dataDir,
      clock,
      random,
      logger
    });
    const machine = startupMachine.provide({
      actors: {
        drain: fromPromise<void>(() => {
          this.events?.close();
          return drainConnections({
            connections: this.connections,
            clock,
            random,
            shutdownMs: config.shutdownMs
          });
        })
      }
    });
    this.root = createActor(machine, {
      id: 'root',
      clock,
      input: { children: this.children(), shutdownMs: config.shutdownMs }
    });
    this.listen();
  }

  /** Starts the phases. */
  start(): void {
    this.root.start();
  }

  /** How everything stands now. */
  report(): StatusReport {
    const { clock } = this.outside;
    const clickhouse = this.clickhouse.status();
    const { status, reason } = this.judge();
    return {
      status,
      reason,
      environment: this.config.environment,
      version: VERSION,
      node: this.node,
      transport: {
        kind: this.transport?.kind ?? this.config.transport,
        fallbackReason: this.fallbackReason
      },
      since: new Date(this.timeline.startedAt).toISOString(),
      uptimeMs: clock.now() - this.timeline.startedAt,
      startup: {
        complete: this.timeline.tookMs !== null,
        phase: this.timeline.tookMs === null ? (this.timeline.current ?? 'none') : 'serving',
        tookMs: this.timeline.tookMs,
        phases: this.timeline.phases()
      },
      handlers: this.handlers.status(),
      services: clickhouse === null ? [] : [serviceStatus(clickhouse)],
      log: {
        ...(this.log?.health() ?? { writable: false, reason: 'not open yet' }),
        durability: this.config.durability
      },
      monitor: this.monitor.status(),
      threads: this.threads?.status() ?? NO_THREADS,
      connections: { open: this.connections.open, lagging: this.connections.lagging },
      waitingFor: clickhouse === null ? [] : waitingForService(clickhouse)
    };
  }

  private judge(): { status: ServerStatus; reason: string | null } {
    const snapshot = this.root.getSnapshot();
    const { failure, states } = snapshot.context;
    if (failure !== null) {
      return { status: 'failed', reason: `${failure.service}: ${failure.error}` };
    }
    if (snapshot.hasTag('draining')) return { status: 'draining', reason: 'shutting down' };
    if (snapshot.hasTag('initializing')) {
      return { status: 'initializing', reason: `in phase ${this.timeline.current ?? 'none'}` };
    }
    const logHealth = this.log?.health();
    if (logHealth?.writable === false) {
      return {
        status: 'failed',
        reason: `the thread log takes no messages: ${logHealth.reason ?? ''}`
      };
    }
    if (snapshot.hasTag('degraded')) return { status: 'degraded', reason: degradedBy(states) };
    return { status: 'ready', reason: null };
  }

  private isServing(): boolean {
    const snapshot = this.root.getSnapshot();
    return snapshot.hasTag('ready') || snapshot.hasTag('degraded');
  }

  private connectionLimits(): ConnectionLimits {
    const { limitConnections, limitConnectionsPerUser, limitConnectionsPerAddress } = this.config;
    return {
      total: limitConnections,
      perUser: limitConnectionsPerUser,
      perAddress: limitConnectionsPerAddress
    };
  }

  private clientLimits(): { frameBytes: number; subscriptions: number; publishPerSecond: number } {
    const { limitFrameBytes, limitSubscriptions, limitPublishPerSecond } = this.config;
    return {
      frameBytes: limitFrameBytes,
      subscriptions: limitSubscriptions,
      publishPerSecond: limitPublishPerSecond
    };
  }

  private children(): Record<Phase, ChildSpec[]> {
    const bounds = {
      required: true,
      startTimeoutMs: START_TIMEOUT_MS,
      shutdownMs: CHILD_SHUTDOWN_MS
    };
    const { clickhouseRequired } = this.config;
    return {
      infrastructure: [
        { ...bounds, id: 'thread-log', logic: serviceLogic(this.threadLogService()) },
        { ...bounds, id: 'listener', logic: serviceLogic(this.listenerService()) }
      ],
      handlers: [{ ...bounds, id: 'handler-registry', ...this.handlers.child() }],
      monitoring: [{ ...bounds, id: 'monitor', logic: this.monitor.logic }],
      services: [
        {
          ...bounds,
          id: 'clickhouse',
          logic: this.clickhouse.logic,
          required: clickhouseRequired,
          startTimeoutMs: CLICKHOUSE_START_TIMEOUT_MS
        }
      ],
      health: [{ ...bounds, id: 'loopback-probe', logic: serviceLogic(this.probeService()) }]
    };
  }

  private threadLogService(): Service {
    const { config, outside } = this;
    return {
      start: async () => {
        this.claim = claimDataDir(config.dataDir);
        const log = await openLmdbLog({
          dir: join(config.dataDir, LOG_FOLDER),
          durability: config.durability,
          clock: outside.clock,
          retention: {
            messages: config.retentionMessages ?? null,
            days: config.retentionDays ?? null
          },
          newEpoch: () => `x${randomBytes(6).toString('hex')}`
        });
        if (log.epochRenewed) {
          outside.logger.warn(
            'the machine went down under a log with DURABILITY=process: what was acknowledged last may be lost, ' +
              'so every thread has a new epoch and clients are told of a gap',
            { actor: 'log' }
          );
        }
        log.onHealth(({ writable, reason }) => {
          if (writable)
            outside.logger.info('the thread log takes messages again', { actor: 'log' });
          else {
            outside.logger.error(
              `the thread log takes no messages: ${reason ?? 'unknown'}; publishes are answered "unavailable" until it does`,
              { actor: 'log' }
            );
          }
        });
        this.log = log;
      },
      stop: async () => {
        this.threads?.close();
        await this.log?.close();
        this.claim?.release();
      }
    };
  }

  private listenerService(): Service {
    const { config, chat, outside } = this;
    return {
      start: async () => {
        const http = createHttp({
          report: () => this.report(),
          pages: loadPages(builtPagesDir()),
          routes: [(request) => this.api?.(request) ?? null]
        });
        const { transport, fallbackReason } = await pickTransport<Connection>(
          config.transport,
          {
            request: (request) => http(request),
            upgrade: (request) => chat.upgrade(request),
            open: (socket) => {
              chat.open(socket);
            },
            message: (socket, text) => {
              chat.message(socket, text);
            },
            dropped: (socket, frame) => {
              chat.dropped(socket, frame);
            },
            drain: (socket) => {
              chat.drain(socket);
            },
            close: (socket) => {
              chat.close(socket);
            }
          },
          {
            messageBytes:
              config.limitFrameBytes === 0
                ? MESSAGE_BYTES_MAX
                : config.limitFrameBytes * FRAME_SLACK,
            lagBytes: LAG_BYTES
          }
        );
        this.transport = transport;
        this.fallbackReason = fallbackReason;
        this.port = await transport.listen(config.host, config.port);
        outside.logger.info(`Listening on ${this.address()} by ${transport.kind}`, {
          actor: 'listener',
          port: this.port,
          transport: transport.kind,
          fallbackReason: fallbackReason ?? undefined
        });
      },
      stop: async () => {
        await this.transport?.close();
      }
    };
  }

  private probeService(): Service {
    return {
      start: (signal) => {
        const { host } = this.config;
        const loopback = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
        return probeLoopback({
          url: `ws://${loopback.includes(':') ? `[${loopback}]` : loopback}:${String(this.port)}/ws`,
          headers: { [PROBE_HEADER]: this.chat.probeSecret },
          mid: randomUUID(),
          signal
        });
      },
      stop: () => Promise.resolve()
    };
  }

  /** Makes everything that needs an open log, and answers the frame types that now have a handler. */
  private registerHandlers(): string[] {
    const { log, connections, config } = this;
    const { clock, logger } = this.outside;
    if (log === null) throw new Error('the thread log is not open');
    const auth = createAuthenticator(config.authJwtSecret, config.authJwksUrl);
    const fanOut = (thread: string, frame: string): void => {
      this.transport?.publish(thread, frame);
      this.events?.publish(thread, frame);
    };
    const threads = new Threads({
      log,
      clock,
      logger,
      counts: this.monitor.counts,
      testThreadPrefixes: config.testThreadPrefixes,
      graceMs: config.deliveryGraceMs,
      audience: {
        fanOut,
        presence: (thread, change) => {
          fanOut(thread, Chat.presenceFrame(thread, change));
        },
        isReachable: (user) => this.connections.isReachable(user),
        fallback: (user, frame) => this.connections.fallback(user, frame)
      }
    });
    this.threads = threads;
    const catchUp = new CatchUp(log, threads);
    const subscriptions = new Subscriptions(log, threads, catchUp);
    const events = new EventStreams({
      clock,
      log,
      subscriptions,
      limits: this.connectionLimits(),
      onDropped: (socket, frame) => {
        this.chat.dropped(socket, frame);
      },
      onDrain: (socket) => {
        this.chat.drain(socket);
      }
    });
    this.events = events;
    this.api = createApi({
      access: new ApiAccess(config.apiKey, auth, config.environment === 'development'),
      log,
      threads,
      events,
      clock,
      bodyBytes: config.limitFrameBytes === 0 ? MESSAGE_BYTES_MAX : config.limitFrameBytes,
      isServing: () => this.isServing()
    });
    const routes = createRoutes({
      node: this.node,
      clock,
      log,
      threads,
      connections,
      subscriptions,
      auth,
      limits: this.clientLimits(),
      fanOut,
      resume: (connection) => {
        this.chat.resume(connection);
      }
    });
    this.chat.begin({ threads, catchUp, subscriptions, routes });
    return Object.keys(routes);
  }

  private address(): string {
    const { host } = this.config;
    return `http://${host.includes(':') ? `[${host}]` : host}:${String(this.port)}`;
  }

  /** Logs the transitions of the root, each once. */
  private listen(): void {
    const { logger } = this.outside;
    this.root.on('phase.started', ({ phase }) => {
      this.timeline.begin(phase);
    });
    this.root.on('phase.completed', ({ phase }) => {
      const tookMs = this.timeline.complete(phase);
      logger.info(`PHASE COMPLETED: ${phase} (${String(tookMs)} ms)`, { actor: 'startup' });
    });
    this.root.on('startup.completed', () => {
      const tookMs = this.timeline.finish();
      this.threads?.open();
      this.sweepAgain();
      const url = this.address();
      logger.info(
        `Rollcall is serving after ${String(tookMs)} ms: chat ${url}/ · status ${url}/status`,
        { actor: 'startup', url, tookMs }
      );
    });
    this.root.on('startup.failed', ({ failure }) => {
      this.timeline.fail(failure.phase);
      // ClickHouse has said its own line already: one CRITICAL, not two.
      if (failure.service === 'clickhouse') return;
      logger.error(`❌ CRITICAL: ${failure.service} failed in ${failure.phase}: ${failure.error}`, {
        actor: 'startup',
        phase: failure.phase
      });
    });
    this.root.on('draining', () => {
      this.outside.clock.clearTimeout(this.sweep);
      logger.info(`Draining ${String(this.connections.open)} connections`, { actor: 'startup' });
    });
  }

  private sweepAgain(): void {
    this.sweep = this.outside.clock.setTimeout(() => {
      this.connections.sweep();
      this.threads?.sweep();
      this.events?.sweep();
      this.sweepAgain();
    }, SWEEP_MS);
  }
}

function degradedBy(states: StartupContext['states']): string {
  return Object.values(states)
    .flat()
    .filter((child) => child.status === 'degraded' || child.status === 'failed')
    .map((child) => `${child.id}: ${child.error ?? child.status}`)
    .join('; ');
}
