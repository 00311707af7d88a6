/** Makes the metrics from what the parts of the server have counted. */
import type { AgentRow, RunTimes } from '../../actors/agents/seeing/run-tally.js';
import { Histogram, NUMBERS, SECONDS, type Distribution } from '../../actors/metrics/histogram.js';
import type { DeliveryCounts } from '../../actors/monitor/delivery-counts.js';
import type { Incident } from '../../actors/monitor/incidents.js';
import { FINDING_KINDS, MONITOR_LEVELS } from '../../machines/finding.js';
import { RUN_ENDS } from '../../machines/agents/run.machine.js';
import { CLOSES } from '../../protocol/errors.js';
import type { LimitName } from '../limits/limit-table.js';
import type { DiskFigures } from './disk-figures.js';
import { METRIC_NAMES, METRICS, type MetricName } from './metric-table.js';
import { processMetrics } from './process-metrics.js';
import { prometheusText, type Sample } from './prometheus-text.js';

/** The part of the server's report that is measured. */
export interface MeasuredReport {
  readonly version: string;
  readonly node: string;
  readonly environment: string;
  readonly uptimeMs: number;
  readonly startup: {
    readonly phases: readonly { readonly name: string; readonly tookMs: number | null }[];
  };
  readonly connections: { readonly open: number; readonly lagging: number };
  readonly threads: { readonly waiting: number; readonly undelivered: number };
  readonly memory: { readonly usedBytes: number };
  readonly agents: readonly AgentRow[];
  readonly services: readonly {
    readonly service: string;
    readonly required: boolean;
    readonly status: string;
  }[];
  readonly supervision: readonly { readonly service: string; readonly restarts: number }[];
  readonly sink: {
    readonly backlog: { readonly threads: number; readonly facts: number } | null;
  } | null;
  readonly webhooks: {
    readonly waiting: number;
    readonly stuckThreads: number;
    readonly deadLetters: number;
    readonly taken: number;
    readonly failed: number;
    readonly givenUp: number;
    readonly dropped: number;
  } | null;
}

/** Options of {@link Metrics}. */
export interface MetricsOptions {
  readonly report: () => MeasuredReport;
  /** Refusals since the start, of every limit. */
  readonly limited: { totals(): ReadonlyMap<LimitName, number> };
  readonly incidents: { all(): readonly Pick<Incident, 'kind' | 'level' | 'endedAt'>[] };
  readonly counts: DeliveryCounts;
  readonly connections: {
    readonly errors: { totals(): ReadonlyMap<string, number> };
    readonly ended: ReadonlyMap<number | 'client', number>;
  };
  /** The longest delay of the event loop in each second. */
  readonly loop: { readonly worstSeconds: Distribution };
  /** How far ClickHouse is behind, in milliseconds; null when that is not known. */
  readonly sinkLagMs: () => number | null;
  readonly viewers: () => number;
  readonly disk: () => Promise<DiskFigures>;
}

/** What is known once the log is open. */
export interface MeasuredBackend {
  readonly runs: { readonly tally: { times(): readonly RunTimes[] } };
  /** Other nodes; null on a single node. */
  readonly cluster: { readonly nodes: { ids(): Iterable<string> } } | null;
}

/** The metrics of a server. */
export class Metrics {
  private readonly options: MetricsOptions;
  private readonly commitSeconds = new Histogram(SECONDS);
  private readonly commitJobs = new Histogram(NUMBERS);
  private backend: MeasuredBackend | null = null;

  constructor(options: MetricsOptions) {
    this.options = options;
  }

  /** Counts a commit of the log. */
  readonly onCommit = (jobs: number, tookMs: number): void => {
    this.commitJobs.observe(jobs);
    this.commitSeconds.observe(tookMs / 1_000);
  };

  /** Gives it the parts that are made once the log is open. */
  begin(backend: MeasuredBackend): void {
    this.backend = backend;
  }

  /** Returns all metrics as text. */
  async text(): Promise<string> {
    const disk = await this.options.disk();
    const samples = this.samples(disk);
    return prometheusText([
      ...METRIC_NAMES.map((name) => {
        const { type, help } = METRICS[name];
        return { name: `rollcall_${name}`, type, help, samples: samples[name] };
      }),
      ...processMetrics()
    ]);
  }

  private samples(disk: DiskFigures): Readonly<Record<MetricName, readonly Sample[]>> {
    const { counts, connections, limited, loop, sinkLagMs, viewers } = this.options;
    const report = this.options.report();
    const { version, node, environment, startup, agents, sink, webhooks } = report;
    const lagMs = sinkLagMs();
    const times = this.backend?.runs.tally.times() ?? [];
    return {
      build_info: [{ labels: { version, node, environment }, value: 1 }],
      uptime_seconds: one(report.uptimeMs / 1_000),
      startup_seconds: startup.phases.flatMap(({ name, tookMs }) =>
        tookMs === null ? [] : [{ labels: { phase: name }, value: tookMs / 1_000 }]
      ),
      nodes: one(1 + [...(this.backend?.cluster?.nodes.ids() ?? [])].length),
      connections: one(report.connections.open),
      connections_lagging: one(report.connections.lagging),
      disconnects_total: ['client' as const, ...Object.keys(CLOSES).map(Number)].map((code) => ({
        labels: { code: String(code) },
        value: connections.ended.get(code) ?? 0
      })),
      subscriptions: one(counts.subscriptions),
      publish_total: by('outcome', Object.entries(counts.all())),
      ack_seconds: one(counts.ackSeconds),
      delivery_seconds: one(counts.deliverySeconds),
      log_commit_seconds: one(this.commitSeconds),
      log_commit_jobs: one(this.commitJobs),
      log_bytes: known(disk.logBytes),
      disk_free_bytes: known(disk.freeBytes),
      replay_messages: one(counts.replayMessages),
      recover_total: by('recovered', Object.entries(counts.recovers)),
      errors_total: by('code', connections.errors.totals()),
      limited_total: by('limit', limited.totals()),
      held_threads: one(report.threads.waiting),
      undelivered_threads: one(report.threads.undelivered),
      sink_lag_seconds: known(lagMs === null ? null : lagMs / 1_000),
      sink_backlog: by('of', Object.entries(backlogOf(sink))),
      webhooks_waiting: known(webhooks?.waiting ?? null),
      webhooks_stuck_threads: known(webhooks?.stuckThreads ?? null),
      webhooks_dead_letters: known(webhooks?.deadLetters ?? null),
      webhooks_total: by('outcome', Object.entries(outcomesOf(webhooks))),
      runs: agents.flatMap((row) =>
        (['queued', 'running', 'waiting'] as const).map((state) => ({
          labels: { agent: row.name, state },
          value: row[state]
        }))
      ),
      run_seconds: times.flatMap(({ agent, byEnd }) =>
        RUN_ENDS.map((outcome) => ({ labels: { agent, outcome }, value: byEnd[outcome] }))
      ),
      run_first_chunk_seconds: times.map(({ agent, firstChunk }) => ({
        labels: { agent },
        value: firstChunk
      })),
      service_up: report.services
        .filter(({ status }) => status !== 'skipped')
        .map(({ service, required, status }) => ({
          labels: { service, required: String(required) },
          value: status === 'connected' ? 1 : 0
        })),
      restarts_total: report.supervision.map(({ service, restarts }) => ({
        labels: { service },
        value: restarts
      })),
      findings: this.findings(),
      event_loop_lag_seconds: one(loop.worstSeconds),
      inspector_viewers: one(viewers()),
      memory_used_bytes: one(report.memory.usedBytes)
    };
  }

  /** A sample for each kind and level: an alert must see 0 to end, and the number of series must not change. */
  private findings(): Sample[] {
    const present = this.options.incidents.all().filter(({ endedAt }) => endedAt === null);
    const levels = MONITOR_LEVELS.filter((level) => level !== 'healthy');
    return FINDING_KINDS.flatMap((kind) =>
      levels.map((level) => ({
        labels: { kind, level },
        value: present.filter((found) => found.kind === kind && found.level === level).length
      }))
    );
  }
}

function one(value: number | Distribution): Sample[] {
  return [{ value }];
}

function known(value: number | null): Sample[] {
  return value === null ? [] : one(value);
}

function by(label: string, values: Iterable<readonly [string, number]>): Sample[] {
  return Array.from(values, ([name, value]) => ({ labels: { [label]: name }, value }));
}

function backlogOf(sink: MeasuredReport['sink']): Readonly<Record<string, number>> {
  const backlog = sink?.backlog ?? null;
  return backlog === null ? {} : { threads: backlog.threads, facts: backlog.facts };
}

function outcomesOf(webhooks: MeasuredReport['webhooks']): Readonly<Record<string, number>> {
  if (webhooks === null) return {};
  const { taken, failed, givenUp, dropped } = webhooks;
  return { taken, failed, given_up: givenUp, dropped };
}
