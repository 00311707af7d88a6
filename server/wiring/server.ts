/**
 * Wires the whole server: it makes the parts and puts them under the supervisors of their phases. The phase `handlers`
 * makes the parts that need the open log (`handler-phase.ts`). Nothing runs before `start()`.
 */
import { randomBytes } from 'node:crypto';
import { createActor, fromPromise, type Actor, type InspectionEvent } from 'xstate';
import { awakeTimers } from '../../actors/awake-timers.js';
import { Memory } from '../../actors/memory/memory.js';
import { OWN_MEMORY, type MemorySource } from '../../actors/memory/memory-source.js';
import type { Clock } from '../../actors/clock.js';
import { EventLoopDelay } from '../../actors/monitor/event-loop-delay.js';
import { HandlerRegistry } from '../../actors/handlers.js';
import { Incidents } from '../../actors/monitor/incidents.js';
import { contained } from '../../actors/inspection.js';
import type { Logger } from '../../actors/log-line.js';
import { FileRoom } from '../../actors/monitor/file-room.js';
import { Monitor, type ThreadNames } from '../../actors/monitor/monitor.js';
import { OpenFiles } from '../../actors/monitor/open-files.js';
import { serviceLogic } from '../../actors/service.js';
import { Transitions } from '../../actors/facts/transitions.js';
import { createStartupMachine, type StartupMachine } from '../../machines/startup.machine.js';
import { AgentsService } from './agents/agents-service.js';
import { Analytics } from './analytics.js';
import { AiSockets } from '../ai/ai-sockets.js';
import { ApiKeys } from '../auth/api-keys.js';
import { Operators } from '../auth/operators.js';
import { Origins } from '../auth/origins.js';
import { isOpenToAll } from '../config/open-doors.js';
import { Chat } from '../chat/chat.js';
import type { Config } from '../config/settings.js';
import { Connections } from '../chat/connections.js';
import { TurnBudget } from '../chat/work/turn-budget.js';
import { Drain } from './drain.js';
import { buildHandlers } from './handler-phase.js';
import { createIncidentsApi } from '../http/api/incidents-api.js';
import { pickTraces } from '../traces/pick-traces.js';
import { VERSION } from './version.js';
import { createMetricsApi, METRICS_OFF } from '../http/api/metrics-api.js';
import { diskFigures } from '../metrics/disk-figures.js';
import { Metrics } from '../metrics/metrics.js';
import { createContractRoutes } from '../contracts/contract-routes.js';
import { Http, readiness } from '../http/http.js';
import { Inspection } from './inspection.js';
import { clientLimits, connectionLimits } from '../chat/limits.js';
import { WrongKeys } from '../chat/work/wrong-keys.js';
import { Limited } from '../limits/limited.js';
import { LineKeeper } from '../logger/kept-lines.js';
import { Listener, probeOf } from './listener.js';
import { keyFileAt, logKeys } from './key-file.js';
import { LogService } from './log/log-service.js';
import { builtPagesDir, loadPages } from '../http/pages.js';
import { aboutNode } from './cluster/about-node.js';
import { BOUNDS, phasesOf } from './phases.js';
import { pickNats } from './cluster/pick-nats.js';
import { pickNodeBus } from './cluster/pick-node-bus.js';
import { pickLog } from './log/pick-log.js';
import { monitorStartup } from './report/monitor-startup.js';
import { StartupTimeline } from './report/startup-timeline.js';
import { StatusReporter } from './report/status-reporter.js';
import type { StatusReport } from './report/status-report.js';
import { Supervision } from './report/supervision.js';
import { logStartup } from './startup-lines.js';
import { Sweep } from './sweep.js';
import { WebhookParts } from './webhooks/webhook-parts.js';

/** Reports, time and chance of the server; specs pass their own. */
export interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  /** Readings of the memory. Default: those of the process. */
  readonly memory?: MemorySource;
  /** Called with every event and state of the charts. An error that it throws becomes an incident and harms nobody. */
  readonly inspect?: (event: InspectionEvent) => void;
}

/** The server of one process. */
export class Server {
  /** The root chart; send it `server.stop` to drain and end. */
  readonly root: Actor<StartupMachine>;
  /** Logs, and keeps warnings and errors for `GET /api/incidents`. */
  readonly logger: Logger;
  private readonly listener: Listener;
  private readonly reporter: StatusReporter;
  private readonly inspection: Inspection;

  constructor(config: Config, outside: Surroundings) {
    const { clock, random } = outside;
    const lines = new LineKeeper(clock);
    const logger = lines.of(outside.logger);
    this.logger = logger;
    const node = `n${randomBytes(6).toString('hex')}`;
    const root = () => this.root;
    const isServing = () => this.root.getSnapshot().hasTag('serving');
    const timeline = new StartupTimeline(clock);
    const incidents = new Incidents({ clock, logger });
    const limited = new Limited({ clock, logger });
    const supervision = new Supervision({ clock, logger });
    const loop = new EventLoopDelay();
    const monitor = new Monitor({ clock, incidents, loop });
    const memory = new Memory({
      clock,
      source: outside.memory ?? OWN_MEMORY,
      limitMb: config.memoryLimitMb
    });
    const files = new FileRoom(new OpenFiles());
    const connections = new Connections(
      clock,
      connectionLimits(config),
      (lagging, open) => {
        monitor.lagging(lagging, open);
      },
      () => (memory.isShort ? 'memory' : files.isShort ? 'file descriptors' : null),
      limited.note
    );
    const origins = new Origins({
      allowed: config.allowedOrigins,
      ownHost: config.host,
      isOpen: isOpenToAll(config),
      port: () => this.listener.port,
      onRefused: (origin) => {
        logger.info(
          `A page of ${origin} was refused: add that to ALLOWED_ORIGINS if it may use this server`,
          { actor: 'chat', origin }
        );
      }
    });
    const wrongKeys = new WrongKeys({
      perSecond: config.limitWrongKeysPerSecond,
      trustProxy: config.trustProxy,
      clock,
      limited: limited.note
    });
    const turn = new TurnBudget();
    const chat = new Chat({
      clock,
      turn,
      incidents,
      connections,
      limits: clientLimits(config),
      origins,
      trustProxy: config.trustProxy,
      memory,
      limited: limited.note,
      wrongKeys,
      refusal: () => (isServing() ? null : readiness(this.report('counted')))
    });
    const ai = new AiSockets({
      clock,
      connections,
      origins,
      wrongKeys,
      trustProxy: config.trustProxy,
      incidents,
      limited: limited.note,
      refusal: () => (isServing() ? null : readiness(this.report('counted')))
    });
    const inspection = new Inspection({
      config,
      origins,
      wrongKeys,
      node,
      root,
      connections,
      clock,
      logger,
      contain: (observe) => contained(observe, incidents)
    });
    this.inspection = inspection;
    const apiKeys = new ApiKeys({
      apiKey: config.apiKey,
      file: config.apiKeysFile === undefined ? null : keyFileAt(config.apiKeysFile),
      clock,
      onRead: (state) => {
        monitor.apiKeys(state);
        logKeys(state, logger);
      }
    });
    const operators = new Operators(apiKeys, config);
    const metrics = new Metrics({
      report: () => this.report('counted'),
      limited,
      incidents,
      counts: monitor.counts,
      connections,
      loop,
      sinkLagMs: () => analytics.lagMs(),
      viewers: () => inspection.viewers,
      disk: () => diskFigures(config.dataDir)
    });
    const http = new Http({
      report: (request) => {
        const isOperator = operators.has(request);
        if (!isOperator) wrongKeys.wrong(request);
        return this.report(isOperator ? 'shown' : 'counted');
      },
      pages: loadPages(builtPagesDir(), inspection.hiddenPages),
      routes: [
        ...inspection.routes,
        ...createContractRoutes({ version: VERSION }),
        ...createMetricsApi({ config, operators, metrics }),
        ...createIncidentsApi({ operators, lines, node, startedAt: timeline.startedAt, clock })
      ],
      off: config.metrics === 'off' ? [...inspection.off, METRICS_OFF] : inspection.off,
      origins,
      wrongKeys,
      errors: connections.errors
    });
    const listener = new Listener(
      config,
      logger,
      chat,
      {
        handler: (request) => http.answer(request),
        bodies: memory.bodies,
        admits: () => files.admits(),
        trustProxy: config.trustProxy
      },
      { outgoing: memory.outgoing, intake: memory.appends },
      [ai.endpoint, ...(inspection.endpoint === undefined ? [] : [inspection.endpoint])]
    );
    this.listener = listener;
    const traces = pickTraces(config, node, VERSION, clock, random, logger);
    const nats = pickNats(config, node, clock, random, logger);
    const hooks = new WebhookParts({
      ...outside,
      config,
      incidents,
      monitor,
      connections,
      log: () => logService.log
    });
    const logService: LogService = new LogService(
      pickLog(config, clock, incidents, memory.appends, turn, nats, hooks.policy, metrics.onCommit),
      logger,
      clock
    );
    logService.onFault = (reason) => {
      monitor.logFault(reason);
    };
    const transitions = new Transitions({
      clock,
      record: () => {
        const feed = logService.log?.feed;
        return feed === undefined ? null : (fact) => feed.record(fact);
      }
    });
    const agents = new AgentsService({ config, clock, random, logger, incidents });
    const analytics = new Analytics({
      config,
      node,
      feed: () => logService.log?.feed ?? null,
      log: () => logService.log,
      isDiskLow: () => logService.isDiskLow(),
      limited: limited.note,
      clock,
      random,
      logger,
      monitor,
      traces
    });
    const observer = outside.inspect === undefined ? null : contained(outside.inspect, incidents);
    const sweep = new Sweep({ clock, isServing });
    for (const part of [connections, analytics, monitor, limited, hooks]) {
      sweep.add(() => {
        part.sweep();
      });
    }
    sweep.add(() => {
      monitor.openFiles(files.count());
    });
    sweep.add(() => {
      const measure = memory.measure();
      limited.note('memory', measure.refused);
      monitor.memory(measure);
    });
    const drain = new Drain({ connections, clock, random, shutdownMs: config.shutdownMs });
    const handlers = new HandlerRegistry({
      clock,
      logger,
      graceMs: config.handlerGraceMs,
      register: () =>
        buildHandlers({
          config,
          apiKeys,
          node,
          nodeBus: pickNodeBus(config, node, nats, incidents, () => logService.replication),
          traces,
          about: () => aboutNode(this.report('counted'), listener.url, logService.replication),
          root,
          logService,
          clock,
          logger,
          monitor,
          incidents,
          transitions,
          analytics,
          webhooks: hooks.webhooks,
          agents: agents.agents,
          marks: agents.marks,
          metrics,
          agentsService: agents,
          chat,
          ai,
          wrongKeys,
          connections,
          memory,
          http,
          sweep,
          drain,
          reporter: this.reporter,
          inspection,
          observer,
          fanOut: listener.fanOut,
          isServing,
          turn,
          limited: limited.note
        })
    });
    this.reporter = new StatusReporter({
      config,
      node,
      root: () => this.root.getSnapshot(),
      timeline,
      supervision,
      transport: () => ({ kind: listener.kind, fallbackReason: listener.fallbackReason }),
      handlers,
      monitor,
      log: logService,
      analytics,
      webhooks: hooks,
      connections,
      memory,
      limited
    });
    const record = contained(transitions.observe, incidents);
    this.root = createActor(
      createStartupMachine({
        now: () => clock.now(),
        elapsed: () => clock.elapsed(),
        random
      }).provide({
        actors: { drain: fromPromise<void>(() => drain.run()) }
      }),
      {
        id: 'root',
        clock: awakeTimers(clock),
        inspect: (event) => {
          record(event);
          observer?.(event);
        },
        input: {
          phases: phasesOf({
            traces,
            nats: nats?.logic ?? null,
            log: logService,
            listener,
            handlers,
            monitor,
            sweep,
            services: [
              ...analytics.children(BOUNDS),
              { ...BOUNDS, id: 'agents', logic: serviceLogic(agents) },
              ...hooks.children(BOUNDS)
            ],
            probe: probeOf(listener, chat)
          }),
          shutdownMs: config.shutdownMs
        }
      }
    );
    monitorStartup(this.root, monitor, supervision);
    logStartup({
      root: this.root,
      logger,
      timeline,
      url: () => listener.url,
      hasInspector: inspection.isOn,
      isPretty: config.logFormat === 'pretty',
      connections
    });
  }

  /** Address of the server; its port is 0 before it listens. */
  get url(): string {
    return this.listener.url;
  }

  /** Starts the phases. */
  start(): void {
    this.inspection.followStartup();
    this.root.start();
  }

  /** Returns the report as of now: for operators, or for strangers without names of threads and texts of faults. */
  report(names: ThreadNames = 'shown'): StatusReport {
    return this.reporter.report(names);
  }
}
