/** Makes the report of `/status` from the state of each part. */
import type { SnapshotFrom } from 'xstate';
import type { AgentRow } from '../../../actors/agents/seeing/run-tally.js';
import type { HandlerRegistry } from '../../../actors/handlers.js';
import type { LogService } from '../log/log-service.js';
import type { MidIn, Monitor, ThreadNames } from '../../../actors/monitor/monitor.js';
import type { Memory } from '../../../actors/memory/memory.js';
import type { ThreadsStatus } from '../../../actors/threads/threads.js';
import type { StartupMachine } from '../../../machines/startup.machine.js';
import type { Limited } from '../../limits/limited.js';
import type { Config } from '../../config/settings.js';
import { VERSION } from '../version.js';
import { judge } from './judgement.js';
import type { StartupTimeline } from './startup-timeline.js';
import { forStrangers, hidden, HIDDEN_REASON, waitedFor } from './strangers.js';
import type {
  ServiceStatus,
  SinkRow,
  StatusReport,
  WaitingFor,
  WebhooksRow
} from './status-report.js';
import type { Supervision, SupervisionRow } from './supervision.js';

const NO_THREADS: ThreadsStatus = { active: 0, test: 0, waiting: 0, undelivered: 0 };

/** The parts that the report is made from. */
export interface ReportedParts {
  readonly config: Pick<Config, 'environment' | 'durability' | 'inspect' | 'authLoginUrl'>;
  readonly node: string;
  /** Returns the state of the root chart. */
  readonly root: () => Pick<SnapshotFrom<StartupMachine>, 'tags' | 'context'>;
  readonly timeline: StartupTimeline;
  readonly supervision: Supervision;
  readonly transport: () => StatusReport['transport'];
  readonly handlers: Pick<HandlerRegistry, 'status'>;
  readonly monitor: Pick<Monitor, 'status'>;
  readonly log: Pick<LogService, 'health' | 'durability' | 'replication'>;
  readonly analytics: {
    services(): readonly ServiceStatus[];
    waitingFor(): readonly WaitingFor[];
    sinkRow(): SinkRow | null;
  };
  readonly webhooks: { row(): WebhooksRow | null };
  readonly connections: { readonly open: number; readonly lagging: number };
  readonly memory: Pick<Memory, 'status'>;
  readonly limited: Pick<Limited, 'refused'>;
}

/** Makes reports. */
export class StatusReporter {
  private readonly parts: ReportedParts;
  private threads: () => ThreadsStatus = () => NO_THREADS;
  private midIn: MidIn = () => null;
  private runs: () => readonly AgentRow[] = () => [];

  constructor(parts: ReportedParts) {
    this.parts = parts;
  }

  /** Adds the threads and the runs of agents; before this, the report has none. */
  add(
    threads: { status(): ThreadsStatus; newestHeld: MidIn },
    runs: { status(): readonly AgentRow[] }
  ): void {
    this.runs = () => runs.status();
    this.threads = () => threads.status();
    this.midIn = (thread) => threads.newestHeld(thread);
  }

  /** Returns the report as of now: for operators, or for strangers without names of threads and texts of faults. */
  report(names: ThreadNames): StatusReport {
    const report = this.whole(names);
    return names === 'shown' ? report : forStrangers(report);
  }

  private whole(names: ThreadNames): StatusReport {
    const { config, timeline, supervision, log, analytics, connections } = this.parts;
    const { startedAt, uptimeMs, tookMs, current } = timeline;
    const { tags, context } = this.parts.root();
    const { failure, waitingOn } = context;
    const { writable, reason: logReason } = log.health();
    const isShown = names === 'shown';
    const { status, reason } = judge({
      tags,
      failure: isShown || failure === null ? failure : { ...failure, error: HIDDEN_REASON },
      waitingOn: isShown ? waitingOn : waitedFor(waitingOn),
      phase: current,
      log: { writable, reason: isShown ? logReason : hidden(logReason) },
      lagMs: log.replication?.lagMs() ?? null,
      missed: (which) => supervision.missed(which, names)
    });
    return {
      status,
      reason,
      environment: config.environment,
      version: VERSION,
      node: this.parts.node,
      transport: this.parts.transport(),
      since: new Date(startedAt).toISOString(),
      uptimeMs,
      startup: {
        complete: tookMs !== null,
        phase: tookMs === null ? (current ?? 'none') : 'serving',
        tookMs,
        phases: timeline.phases()
      },
      handlers: this.parts.handlers.status(),
      services: analytics.services(),
      sink: analytics.sinkRow(),
      webhooks: this.parts.webhooks.row(),
      log: { ...log.health(), durability: log.durability ?? config.durability },
      supervision: withLosses(supervision.rows(), analytics.services()),
      monitor: this.parts.monitor.status(names, this.midIn),
      threads: this.threads(),
      connections: { open: connections.open, lagging: connections.lagging },
      agents: this.runs(),
      memory: this.parts.memory.status(),
      limited: this.parts.limited.refused(),
      waitingFor: analytics.waitingFor(),
      inspect: config.inspect,
      loginUrl: config.authLoginUrl?.href ?? null
    };
  }
}

/**
 * Adds the lost connections of a service to the restarts of its part. ClickHouse reconnects by itself, without its
 * supervisor, and a report of nine losses and no restart would contradict itself.
 */
export function withLosses(
  rows: readonly SupervisionRow[],
  services: readonly ServiceStatus[]
): SupervisionRow[] {
  return rows.map((row) => {
    const lost = services.find(({ service }) => service === row.service)?.restarts ?? 0;
    return lost === 0 ? row : { ...row, restarts: row.restarts + lost };
  });
}
