/**
 * `GET /metrics` for Prometheus: numbers only, with no label per thread, user or connection.
 * @see docs/operations.md, "Metrics"
 */
import type { AgentRow } from '../../../actors/agents/seeing/run-tally.js';
import type { Operators } from '../../auth/operators.js';
import type { Config } from '../../config/settings.js';
import type { LimitName } from '../../limits/limit-table.js';
import { RUN_ENDS } from '../../../machines/agents/run.machine.js';
import { problem } from '../../transport/problem.js';
import type { OffPaths } from '../http.js';
import { METRICS_TYPE, prometheusText, type Metric } from '../prometheus-text.js';
import type { Route } from '../route-table.js';

/** What the metrics are made from; part of the server's report. */
export interface MeasuredReport {
  readonly version: string;
  readonly node: string;
  readonly environment: string;
  readonly uptimeMs: number;
  readonly connections: { readonly open: number; readonly lagging: number };
  readonly threads: { readonly waiting: number; readonly undelivered: number };
  readonly memory: { readonly usedBytes: number };
  readonly agents: readonly AgentRow[];
}

/** Options of {@link createMetricsApi}. */
export interface MetricsApiOptions {
  /** Who may read them: everybody (`on`), or operators only (`token`). */
  readonly metrics: Config['metrics'];
  readonly operators: Pick<Operators, 'refusal'>;
  readonly report: () => MeasuredReport;
  /** Refusals since the start, of every limit. */
  readonly limited: { totals(): ReadonlyMap<LimitName, number> };
}

/** The path, when METRICS is `off`. */
export const METRICS_OFF: OffPaths = {
  under: '/metrics',
  why: 'the metrics are switched off: set METRICS=on, or METRICS=token'
};

/** Returns the route; none when METRICS is `off`. */
export function createMetricsApi(options: MetricsApiOptions): Route[] {
  const { metrics, operators, report, limited } = options;
  if (metrics === 'off') return [];
  return [
    {
      methods: ['GET'],
      path: '/metrics',
      scope: 'reports',
      answer: ({ request }) => {
        const refusal = metrics === 'token' ? operators.refusal(request) : null;
        if (refusal !== null) return problem(refusal.code, refusal.detail);
        return {
          status: 200,
          headers: { 'content-type': METRICS_TYPE, 'cache-control': 'no-store' },
          body: prometheusText(metricsOf(report(), limited.totals()))
        };
      }
    }
  ];
}

function metricsOf(
  { version, node, environment, uptimeMs, connections, threads, memory, agents }: MeasuredReport,
  refusals: ReadonlyMap<LimitName, number>
): Metric[] {
  const gauge = (name: string, help: string, value: number): Metric => ({
    name: `rollcall_${name}`,
    type: 'gauge',
    help,
    samples: [{ value }]
  });
  return [
    {
      name: 'rollcall_build_info',
      type: 'gauge',
      help: 'The running server; always 1.',
      samples: [{ labels: { version, node, environment }, value: 1 }]
    },
    gauge('uptime_seconds', 'Time since the start.', uptimeMs / 1_000),
    gauge('connections', 'Open connections, event streams included.', connections.open),
    gauge('connections_lagging', 'Connections that read too slowly.', connections.lagging),
    gauge('held_threads', 'Threads with messages that wait for a subscriber.', threads.waiting),
    gauge('undelivered_threads', 'Threads with undelivered messages.', threads.undelivered),
    gauge('memory_used_bytes', 'Memory in use, without mapped files.', memory.usedBytes),
    ...agentMetrics(agents),
    {
      name: 'rollcall_limited_total',
      type: 'counter',
      help: 'Refusals by the limit that refused; docs/limits.md has the limits.',
      samples: Array.from(refusals, ([limit, value]) => ({ labels: { limit }, value }))
    }
  ];
}

/** The metrics of agents: their labels are the names of those that are loaded, and one for all others. */
function agentMetrics(agents: readonly AgentRow[]): Metric[] {
  const counter = (name: string, help: string, of: (row: AgentRow) => number): Metric => ({
    name: `rollcall_${name}`,
    type: 'counter',
    help,
    samples: agents.map((row) => ({ labels: { agent: row.name }, value: of(row) }))
  });
  return [
    {
      name: 'rollcall_agent_runs',
      type: 'gauge',
      help: 'Runs of agents that have not ended, by state.',
      samples: agents.flatMap((row) =>
        (['queued', 'running', 'waiting'] as const).map((state) => ({
          labels: { agent: row.name, state },
          value: row[state]
        }))
      )
    },
    {
      name: 'rollcall_agent_runs_ended_total',
      type: 'counter',
      help: 'Runs of agents that have ended, by outcome.',
      samples: agents.flatMap((row) =>
        RUN_ENDS.map((outcome) => ({ labels: { agent: row.name, outcome }, value: row[outcome] }))
      )
    },
    counter('agent_first_texts_total', 'Runs whose answer has begun.', (row) => row.firstTexts),
    counter(
      'agent_first_text_seconds_total',
      'Time from the begin of a run to its first text, of all runs together.',
      (row) => row.firstTextMs / 1_000
    )
  ];
}
