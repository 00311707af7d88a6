/**
 * The whole server, wired: parts made, children put under their supervisors in the order of the phases, and one report
 * of how it all stands. Nothing runs before `start()`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createActor, fromPromise, type ActorRefFrom } from 'xstate';
import { createClickhouse } from '../actors/clickhouse/clickhouse.js';
import type { Clock } from '../actors/clock.js';
import { HandlerRegistry } from '../actors/handlers.js';
import type { Logger } from '../actors/log-line.js';
import { Monitor } from '../actors/monitor.js';
import { probeLoopback } from '../actors/probe.js';
import { serviceLogic, type Service } from '../actors/service.js';
import type { ThreadsStatus } from '../actors/threads.js';
import { startupMachine, type Phase, type StartupContext } from '../machines/startup.machine.js';
import type { ChildSpec } from '../machines/supervisor.machine.js';
import { createBackend, type Backend } from './backend.js';
import { Chat, PROBE_HEADER } from './chat.js';
import type { Config } from './config/config.js';
import { Connections, SWEEP_MS } from './connections.js';
import { drainConnections } from './drain.js';
import { createHttp, readiness } from './http.js';
import { clientLimits, connectionLimits } from './limits.js';
import { Listener } from './listener.js';
import { LogService } from './log-service.js';
import { builtPagesDir, loadPages } from './pages.js';
import { StartupTimeline } from './startup-timeline.js';
import {
  serviceStatus,
  waitingForService,
  type ServerStatus,
  type StatusReport
} from './status.js';
import { VERSION } from './version.js';

/** How long most children may take to start, and to stop. */
const START_TIMEOUT_MS = 30_000;
const CHILD_SHUTDOWN_MS = 5_000;

/** A required ClickHouse gives up by itself after a minute; the supervisor waits a little longer to hear why. */
const CLICKHOUSE_START_TIMEOUT_MS = 70_000;

/** Reports, time and chance, as the server has them; specs put in their own. */
export interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Answers a number in [0, 1). */
  readonly random: () => number;
}

const NO_THREADS: ThreadsStatus = { active: 0, test: 0, waiting: 0, undelivered: 0 };

/** The server of one process. */
export class Server {
  /** The root chart; send it `server.stop` to drain and end. */
  readonly root: ActorRefFrom<typeof startupMachine>;
  private readonly timeline: StartupTimeline;
  private readonly config: Config;
  private readonly outside: Surroundings;
  private readonly node = `n${randomBytes(6).toString('hex')}`;
  private readonly connections: Connections;
  private readonly chat: Chat;
  private readonly logService: LogService;
  private readonly listener: Listener;
  private readonly handlers: HandlerRegistry;
  private readonly monitor: Monitor;
  private readonly clickhouse: ReturnType<typeof createClickhouse>;
  private backend: Backend | null = null;
  private sweep: unknown = null;

  constructor(config: Config, outside: Surroundings) {
    const { clock, logger, random } = outside;
    this.config = config;
    this.outside = outside;
    this.timeline = new StartupTimeline(clock);
    this.connections = new Connections(clock, connectionLimits(config));
    this.chat = new Chat({
      clock,
      logger,
      connections: this.connections,
      limits: clientLimits(config),
      refusesTestThreads: config.reservedThreads === 'refuse',
      allowedOrigins: config.allowedOrigins,
      trustProxy: config.trustProxy,
      refusal: () => (this.isServing() ? null : readiness(this.report()))
    });
    const http = createHttp({
      report: () => this.report(),
      pages: loadPages(builtPagesDir()),
      routes: [(request) => this.backend?.api(request) ?? null]
    });
    this.logService = new LogService(config, clock, logger);
    this.logService.onWritable = () => this.backend?.threads.resync();
    this.listener = new Listener(config, logger, this.chat, http);
    this.handlers = new HandlerRegistry({
      clock,
      logger,
      graceMs: config.handlerGraceMs,
      register: () => this.registerHandlers()
    });
    this.monitor = new Monitor({
      undeliveredThreads: () => this.backend?.threads.undeliveredThreads ?? 0,
      logFault: () => this.logService.log?.health().reason ?? null,
      unreadableThreads: () => this.backend?.catchUp.unreadableThreads ?? 0,
      deliveryCrashes: () => this.backend?.threads.crashes ?? 0
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
      actors: { drain: fromPromise<void>(() => this.drain()) }
    });
    this.root = createActor(machine, {
      id: 'root',
      clock,
      input: { children: this.children(), shutdownMs: config.shutdownMs }
    });
    this.followRoot();
  }

  /** Address of the server; its port is 0 before it listens. */
  get url(): string {
    return this.listener.url;
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
    const { startedAt, tookMs, current } = this.timeline;
    return {
      status,
      reason,
      environment: this.config.environment,
      version: VERSION,
      node: this.node,
      transport: { kind: this.listener.kind, fallbackReason: this.listener.fallbackReason },
      since: new Date(startedAt).toISOString(),
      uptimeMs: clock.now() - startedAt,
      startup: {
        complete: tookMs !== null,
        phase: tookMs === null ? (current ?? 'none') : 'serving',
        tookMs,
        phases: this.timeline.phases()
      },
      handlers: this.handlers.status(),
      services: clickhouse === null ? [] : [serviceStatus(clickhouse)],
      log: { ...this.logService.health(), durability: this.config.durability },
      monitor: this.monitor.status(),
      threads: this.backend?.threads.status() ?? NO_THREADS,
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
    const { writable, reason } = this.logService.health();
    if (!writable) {
      return { status: 'failed', reason: `the thread log takes no messages: ${reason ?? ''}` };
    }
    if (snapshot.hasTag('degraded')) return { status: 'degraded', reason: degradedBy(states) };
    return { status: 'ready', reason: null };
  }

  private isServing(): boolean {
    const snapshot = this.root.getSnapshot();
    return snapshot.hasTag('ready') || snapshot.hasTag('degraded');
  }

  private children(): Record<Phase, ChildSpec[]> {
    const bounds = {
      required: true,
      startTimeoutMs: START_TIMEOUT_MS,
      shutdownMs: CHILD_SHUTDOWN_MS
    };
    return {
      infrastructure: [
        { ...bounds, id: 'thread-log', logic: serviceLogic(this.logService) },
        { ...bounds, id: 'listener', logic: serviceLogic(this.listener) }
      ],
      handlers: [{ ...bounds, id: 'handler-registry', ...this.handlers.child() }],
      monitoring: [{ ...bounds, id: 'monitor', logic: this.monitor.logic }],
      services: [
        {
          ...bounds,
          id: 'clickhouse',
          logic: this.clickhouse.logic,
          required: this.config.clickhouseRequired,
          startTimeoutMs: CLICKHOUSE_START_TIMEOUT_MS
        }
      ],
      health: [{ ...bounds, id: 'loopback-probe', logic: serviceLogic(this.probe()) }]
    };
  }

  private probe(): Service {
    return {
      start: (signal) =>
        probeLoopback({
          url: this.listener.loopbackUrl,
          headers: { [PROBE_HEADER]: this.chat.probeSecret },
          mid: randomUUID(),
          signal
        }),
      stop: () => Promise.resolve()
    };
  }

  private registerHandlers(): readonly string[] {
    const { log } = this.logService;
    if (log === null) throw new Error('the thread log is not open');
    this.backend = createBackend({
      config: this.config,
      node: this.node,
      log,
      clock: this.outside.clock,
      logger: this.outside.logger,
      counts: this.monitor.counts,
      chat: this.chat,
      connections: this.connections,
      publish: (thread, frame) => {
        this.listener.publish(thread, frame);
      },
      isServing: () => this.isServing()
    });
    return this.backend.handlers;
  }

  private async drain(): Promise<void> {
    const { clock, random } = this.outside;
    const { connections } = this;
    this.backend?.events.close();
    await drainConnections({ connections, clock, random, shutdownMs: this.config.shutdownMs });
    await this.backend?.threads.settled();
    this.backend?.threads.close();
  }

  /** Logs the transitions of the root, each once. */
  private followRoot(): void {
    const { clock, logger } = this.outside;
    this.root.on('phase.started', ({ phase }) => {
      this.timeline.begin(phase);
    });
    this.root.on('phase.completed', ({ phase }) => {
      const tookMs = this.timeline.complete(phase);
      logger.info(`PHASE COMPLETED: ${phase} (${String(tookMs)} ms)`, { actor: 'startup' });
    });
    this.root.on('startup.completed', () => {
      const tookMs = this.timeline.finish();
      this.backend?.threads.open();
      this.sweepAgain();
      logger.info(
        `Rollcall is serving after ${String(tookMs)} ms: chat ${this.url}/ · status ${this.url}/status`,
        { actor: 'startup', url: this.url, tookMs }
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
      clock.clearTimeout(this.sweep);
      logger.info(`Draining ${String(this.connections.open)} connections`, { actor: 'startup' });
    });
  }

  private sweepAgain(): void {
    this.sweep = this.outside.clock.setTimeout(() => {
      this.connections.sweep();
      this.backend?.threads.sweep();
      this.backend?.events.sweep();
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
