/**
 * The whole server, wired: parts made, children put under their supervisors in the order of the phases, and one report
 * of how it all stands. Nothing runs before `start()`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createActor, fromPromise, type Actor, type InspectionEvent } from 'xstate';
import { REQUIRED_BUT } from '../../machines/clickhouse/clickhouse.machine.js';
import type { Clock } from '../../actors/clock.js';
import { EventLoopDelay } from '../../actors/monitor/event-loop-delay.js';
import { HandlerRegistry } from '../../actors/handlers.js';
import { Incidents } from '../../actors/monitor/incidents.js';
import { contained } from '../../actors/inspection.js';
import type { Logger } from '../../actors/log-line.js';
import { Monitor } from '../../actors/monitor/monitor.js';
import { probeLoopback } from '../../actors/probe.js';
import type { Service } from '../../actors/service.js';
import { Transitions } from '../../actors/facts/transitions.js';
import { createStartupMachine, type StartupMachine } from '../../machines/startup.machine.js';
import { Analytics } from './analytics.js';
import { createBackend, type Backend } from './backend.js';
import { Chat, PROBE_HEADER } from '../chat/chat.js';
import type { Config } from '../config/config.js';
import { Connections, SWEEP_MS } from '../chat/connections.js';
import { drainConnections } from './drain.js';
import { Http, readiness, type OffPaths } from '../http/http.js';
import { Inspector } from '../inspector/inspector.js';
import { clientLimits, connectionLimits } from '../chat/limits.js';
import { Listener } from './listener.js';
import { LogService } from './log-service.js';
import { builtPagesDir, loadPages } from '../http/pages.js';
import { phasesOf } from './phases.js';
import { StartupTimeline } from './report/startup-timeline.js';
import { NO_THREADS, StatusReporter } from './report/status-reporter.js';
import type { StatusReport } from './report/status-report.js';
import { Supervision } from './report/supervision.js';
import { VERSION } from './version.js';

/** Reports, time and chance, as the server has them; specs put in their own. */
export interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Answers a number in [0, 1). */
  readonly random: () => number;
  /** Hears of every event and state of the charts. What it throws is an incident and harms nobody. */
  readonly inspect?: (event: InspectionEvent) => void;
}

const INSPECTOR_IS_OFF: OffPaths = {
  under: '/inspect',
  why: 'the inspector is switched off: set INSPECT=on, or INSPECT=token'
};

/** The server of one process. */
export class Server {
  /** The root chart; send it `server.stop` to drain and end. */
  readonly root: Actor<StartupMachine>;
  private readonly timeline: StartupTimeline;
  private readonly config: Config;
  private readonly outside: Surroundings;
  private readonly node = `n${randomBytes(6).toString('hex')}`;
  private readonly connections: Connections;
  private readonly chat: Chat;
  private readonly http: Http;
  private readonly logService: LogService;
  private readonly listener: Listener;
  private readonly handlers: HandlerRegistry;
  private readonly monitor: Monitor;
  private readonly incidents: Incidents;
  private readonly supervision: Supervision;
  private readonly transitions: Transitions;
  private readonly analytics: Analytics;
  private readonly reporter: StatusReporter;
  /** Null when it is switched off. */
  private readonly inspector: Inspector | null;
  private backend: Backend | null = null;
  private sweep: unknown = null;

  constructor(config: Config, outside: Surroundings) {
    const { clock, logger, random } = outside;
    this.config = config;
    this.outside = outside;
    this.timeline = new StartupTimeline(clock);
    this.incidents = new Incidents({ clock, logger });
    this.supervision = new Supervision({ clock, logger });
    this.monitor = new Monitor({ clock, incidents: this.incidents, loop: new EventLoopDelay() });
    this.connections = new Connections(clock, connectionLimits(config), (lagging, open) => {
      this.monitor.lagging(lagging, open);
    });
    this.chat = new Chat({
      clock,
      incidents: this.incidents,
      connections: this.connections,
      limits: clientLimits(config),
      allowedOrigins: config.allowedOrigins,
      trustProxy: config.trustProxy,
      refusal: () => (this.isServing() ? null : readiness(this.report()))
    });
    this.inspector = config.inspect === 'off' ? null : this.createInspector();
    this.http = new Http({
      report: () => this.report(),
      pages: loadPages(builtPagesDir(), this.inspector === null ? ['inspect'] : []),
      routes: this.inspector?.routes ?? [],
      off: this.inspector === null ? [INSPECTOR_IS_OFF] : []
    });
    this.listener = new Listener(
      config,
      logger,
      this.chat,
      (request) => this.http.answer(request),
      this.inspector?.endpoint
    );
    this.logService = new LogService(config, clock, logger, this.incidents);
    this.logService.onWritable = () => this.backend?.threads.resync();
    this.logService.onFault = (reason) => {
      this.monitor.logFault(reason);
    };
    this.handlers = new HandlerRegistry({
      clock,
      logger,
      graceMs: config.handlerGraceMs,
      register: () => this.registerHandlers()
    });
    this.transitions = new Transitions({
      clock,
      record: () => {
        const feed = this.logService.log?.feed;
        return feed === undefined ? null : (fact) => feed.record(fact);
      }
    });
    this.analytics = new Analytics({
      config,
      node: this.node,
      feed: () => this.logService.log?.feed ?? null,
      isDiskLow: () => this.logService.isDiskLow(),
      clock,
      random,
      logger,
      monitor: this.monitor
    });
    this.reporter = new StatusReporter({
      config,
      node: this.node,
      clock,
      root: () => this.root.getSnapshot(),
      timeline: this.timeline,
      supervision: this.supervision,
      transport: () => ({
        kind: this.listener.kind,
        fallbackReason: this.listener.fallbackReason
      }),
      handlers: this.handlers,
      monitor: this.monitor,
      log: this.logService,
      analytics: this.analytics,
      threads: () => this.backend?.threads.status() ?? NO_THREADS,
      connections: this.connections
    });
    const machine = createStartupMachine({ now: () => clock.now(), random }).provide({
      actors: { drain: fromPromise<void>(() => this.drain()) }
    });
    this.root = createActor(machine, {
      id: 'root',
      clock,
      inspect: this.observer(),
      input: {
        phases: phasesOf({
          log: this.logService,
          listener: this.listener,
          handlers: this.handlers,
          monitor: this.monitor,
          analytics: this.analytics,
          probe: this.probe()
        }),
        shutdownMs: config.shutdownMs
      }
    });
    this.followRoot();
  }

  /** Address of the server; its port is 0 before it listens. */
  get url(): string {
    return this.listener.url;
  }

  /** Starts the phases. */
  start(): void {
    this.inspector?.beginStartup();
    this.root.start();
  }

  /** How everything stands now. */
  report(): StatusReport {
    return this.reporter.report();
  }

  private isServing(): boolean {
    return this.root.getSnapshot().hasTag('serving');
  }

  /** What hears of the tree's own charts: the record of their transitions, and the observer from outside. */
  private observer(): (event: InspectionEvent) => void {
    const outside = this.outsideObserver();
    const record = contained(this.transitions.observe, this.incidents);
    return (event) => {
      record(event);
      outside?.(event);
    };
  }

  /** The observer of the charts from outside, when there is one. */
  private outsideObserver(): ((event: InspectionEvent) => void) | null {
    const { inspect } = this.outside;
    return inspect === undefined ? null : contained(inspect, this.incidents);
  }

  private createInspector(): Inspector {
    const { config, connections, node } = this;
    const { clock, logger } = this.outside;
    const isDevelopment = config.environment === 'development';
    if (config.inspect === 'on' && !isDevelopment) {
      logger.warn(
        'The inspector is open to everybody who reaches this server: set INSPECT=token and INSPECT_TOKEN, or INSPECT=off',
        { actor: 'inspector' }
      );
    }
    return new Inspector({
      version: VERSION,
      node,
      environment: config.environment,
      token: config.inspect === 'token' ? (config.inspectToken ?? null) : null,
      allowedOrigins: config.allowedOrigins,
      showsBodies: config.inspectBodies,
      maySend: isDevelopment,
      root: () => this.root,
      connections,
      clock,
      logger,
      contain: (observe) => contained(observe, this.incidents)
    });
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
      monitor: this.monitor,
      incidents: this.incidents,
      transitions: this.transitions,
      analytics: this.analytics,
      chat: this.chat,
      connections: this.connections,
      publish: (thread, frame) => {
        this.listener.publish(thread, frame);
      },
      isServing: () => this.isServing()
    });
    this.http.add(this.backend.routes);
    const { threads } = this.backend;
    const outside = this.outsideObserver();
    if (outside !== null) threads.observe(outside, 'all');
    this.inspector?.begin({ threads, log });
    return this.backend.handlers;
  }

  private async drain(): Promise<void> {
    const { clock, random } = this.outside;
    const { connections } = this;
    this.backend?.threads.drain(this.config.shutdownMs);
    this.backend?.events.close();
    await drainConnections({ connections, clock, random, shutdownMs: this.config.shutdownMs });
    await this.backend?.threads.settled();
    this.backend?.threads.close();
  }

  /** Logs the transitions of the root, each once. */
  private followRoot(): void {
    const { clock, logger } = this.outside;
    this.root.on('children.changed', () => {
      this.monitor.follow(this.supervision.follow(this.root.getSnapshot().context.states));
    });
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
      this.monitor.begin();
      this.sweepAgain();
      const inspector = this.inspector === null ? '' : `inspector ${this.url}/inspect · `;
      logger.info(
        `Rollcall is serving after ${String(tookMs)} ms: chat ${this.url}/ · ${inspector}status ${this.url}/status.html`,
        { actor: 'startup', url: this.url, tookMs }
      );
    });
    this.root.on('startup.failed', ({ failure }) => {
      this.timeline.fail(failure.phase);
      // ClickHouse has said its own line already: one CRITICAL, not two.
      if (failure.error.startsWith(REQUIRED_BUT)) return;
      logger.error(`❌ CRITICAL: ${failure.service} failed in ${failure.phase}: ${failure.error}`, {
        actor: 'startup',
        phase: failure.phase,
        ...failure.report
      });
    });
    // Whoever watches sees it stop, until the listener has gone.
    const ended = (): void => {
      this.inspector?.end();
    };
    this.root.subscribe({ complete: ended, error: ended });
    this.root.on('draining', () => {
      clock.clearTimeout(this.sweep);
      this.monitor.rest();
      logger.info(`Draining ${String(this.connections.open)} connections`, { actor: 'startup' });
    });
  }

  private sweepAgain(): void {
    this.sweep = this.outside.clock.setTimeout(() => {
      // The first time, a moment after serving: what the startup set going is recorded too.
      this.inspector?.finishStartup();
      this.connections.sweep();
      this.analytics.sweep();
      this.monitor.sweep();
      this.backend?.threads.sweep();
      this.backend?.events.sweep();
      this.sweepAgain();
    }, SWEEP_MS);
  }
}
