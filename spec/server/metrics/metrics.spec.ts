import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Histogram } from '../../../actors/metrics/histogram.js';
import { DeliveryCounts } from '../../../actors/monitor/delivery-counts.js';
import { METRICS_MARKS, metricsTable } from '../../../scripts/docs/metrics-table.js';
import { ErrorCounts } from '../../../server/metrics/error-counts.js';
import { METRIC_NAMES, METRICS } from '../../../server/metrics/metric-table.js';
import { Metrics, type MeasuredReport } from '../../../server/metrics/metrics.js';
import { Limited } from '../../../server/limits/limited.js';
import { LIMITS } from '../../../server/limits/limit-table.js';
import { findProgram, requireTool } from '../../require.js';
import { VirtualClock } from '../../virtual-clock.js';

const REPORT: MeasuredReport = {
  version: '1.2.3',
  node: 'n1',
  environment: 'production',
  uptimeMs: 1_500,
  startup: {
    phases: [
      { name: 'log', tookMs: 250 },
      { name: 'services', tookMs: null }
    ]
  },
  connections: { open: 4, lagging: 1 },
  threads: { waiting: 2, undelivered: 3 },
  memory: { usedBytes: 5 },
  services: [{ service: 'clickhouse', required: true, status: 'degraded' }],
  supervision: [{ service: 'sink', restarts: 2 }],
  sink: { backlog: { threads: 7, facts: 8 } },
  webhooks: {
    waiting: 1,
    stuckThreads: 2,
    deadLetters: 3,
    taken: 4,
    failed: 5,
    givenUp: 6,
    dropped: 0
  },
  agents: [
    {
      name: 'echo',
      queued: 1,
      running: 2,
      waiting: 3,
      completed: 4,
      failed: 5,
      cancelled: 6,
      interrupted: 7,
      firstTexts: 8,
      firstTextMs: 9_000,
      failedInARow: 1,
      lastEnd: null,
      lastEndedAt: null
    }
  ]
};

async function text(report: Partial<MeasuredReport> = {}): Promise<string> {
  const limited = new Limited({ clock: new VirtualClock(), logger: { info: () => undefined } });
  limited.note('memory', 7);
  const counts = new DeliveryCounts();
  counts.add('delivered', 2);
  counts.took('delivered', 0.9, 3);
  counts.took('stored', 2_000, 2_000);
  counts.subscribed(20, false);
  counts.subscribed(0, null);
  counts.subscriptions = 9;
  const errors = new ErrorCounts();
  errors.note('rate_limited');
  errors.note('toString');
  const firstChunk = new Histogram([1]);
  firstChunk.observe(0.5);
  const end = new Histogram([1]);
  const metrics = new Metrics({
    report: () => ({ ...REPORT, ...report }),
    limited,
    incidents: {
      all: () => [
        { kind: 'memory', level: 'critical', endedAt: null },
        { kind: 'disk_low', level: 'warning', endedAt: 1 }
      ]
    },
    counts,
    connections: { errors, ended: new Map<number | 'client', number>([[3008, 2]]) },
    loop: { worstSeconds: new Histogram([1]) },
    sinkLagMs: () => (report.sink === null ? null : 1_500),
    viewers: () => 1,
    disk: () => Promise.resolve({ logBytes: 10, freeBytes: null })
  });
  metrics.onCommit(3, 20);
  metrics.begin({
    runs: {
      tally: {
        times: () => [
          {
            agent: 'echo',
            firstChunk,
            byEnd: { completed: end, failed: end, cancelled: end, interrupted: end }
          }
        ]
      }
    },
    cluster: { nodes: { ids: () => ['n2', 'n3'] } }
  });
  return await metrics.text();
}

/** Names of the metrics that have a sample. */
const sampled = (metrics: string): Set<string> =>
  new Set(
    metrics
      .split('\n')
      .filter((line) => line.startsWith('rollcall_'))
      .map((line) => /^rollcall_(\w+?)(?:_bucket|_sum|_count)?[{ ]/.exec(line)?.[1] ?? line)
  );

describe('Metrics', () => {
  it('have a sample of every row of the table that is known, and nothing else', async () => {
    expect([...sampled(await text())]).to.have.members(
      METRIC_NAMES.filter((name) => name !== 'disk_free_bytes')
    );
  });

  it('leave out what there is not', async () => {
    const names = sampled(await text({ webhooks: null, sink: null, services: [] }));
    const absent = METRIC_NAMES.filter((name) => !names.has(name));
    expect(absent).to.eql([
      'disk_free_bytes',
      'sink_lag_seconds',
      'sink_backlog',
      'webhooks_waiting',
      'webhooks_stuck_threads',
      'webhooks_dead_letters',
      'webhooks_total',
      'service_up'
    ]);
  });

  it('have the labels of the table, none of them for a thread, a user or a connection', async () => {
    for (const line of (await text()).split('\n')) {
      const found = /^rollcall_(\w+?)(?:_bucket|_sum|_count)?\{(.*)\} /.exec(line);
      if (found === null) continue;
      const row = METRICS[found[1] as keyof typeof METRICS];
      const names = [...(found[2] ?? '').matchAll(/(\w+)="/g)].map(([, name]) => name);
      expect(names.filter((name) => name !== 'le')).to.eql(row.labels);
    }
    const labels = new Set(Object.values(METRICS).flatMap((row): readonly string[] => row.labels));
    expect(labels).to.not.include.keys('thread', 'user', 'connection', 'address');
  });

  it('have the figures of the parts', async () => {
    const lines = (await text()).split('\n');
    expect(lines.filter((line) => line.startsWith('rollcall_limited_total{'))).to.have.length(
      LIMITS.length
    );
    expect(lines).to.include.members([
      'rollcall_build_info{version="1.2.3",node="n1",environment="production"} 1',
      'rollcall_uptime_seconds 1.5',
      'rollcall_startup_seconds{phase="log"} 0.25',
      'rollcall_nodes 3',
      'rollcall_publish_total{outcome="delivered"} 2',
      'rollcall_ack_seconds_bucket{le="0.001"} 1',
      'rollcall_ack_seconds_bucket{le="1"} 1',
      'rollcall_ack_seconds_bucket{le="+Inf"} 2',
      'rollcall_delivery_seconds_sum 0.003',
      'rollcall_log_commit_jobs_bucket{le="4"} 1',
      'rollcall_log_commit_seconds_count 1',
      'rollcall_recover_total{recovered="false"} 1',
      'rollcall_recover_total{recovered="true"} 0',
      'rollcall_replay_messages_sum 20',
      'rollcall_subscriptions 9',
      'rollcall_errors_total{code="rate_limited"} 1',
      'rollcall_disconnects_total{code="3008"} 2',
      'rollcall_disconnects_total{code="client"} 0',
      'rollcall_limited_total{limit="memory"} 7',
      'rollcall_service_up{service="clickhouse",required="true"} 0',
      'rollcall_restarts_total{service="sink"} 2',
      'rollcall_sink_lag_seconds 1.5',
      'rollcall_sink_backlog{of="threads"} 7',
      'rollcall_webhooks_total{outcome="given_up"} 6',
      'rollcall_runs{agent="echo",state="waiting"} 3',
      'rollcall_run_first_chunk_seconds_count{agent="echo"} 1',
      'rollcall_findings{kind="memory",level="critical"} 1',
      'rollcall_findings{kind="disk_low",level="warning"} 0'
    ]);
  });

  it('are as promtool wants them', async function () {
    const program = findProgram('promtool');
    requireTool(this, 'promtool', program !== undefined, 'it checks names, types and units');
    const check = (input: string): { status: number | null; said: string } => {
      const { status, stdout, stderr } = spawnSync(program!, ['check', 'metrics'], {
        input,
        encoding: 'utf8'
      });
      return { status, said: stdout + stderr };
    };
    expect(check(await text())).to.eql({ status: 0, said: '' });
    expect(
      check('# TYPE rollcall_wrong_milliseconds gauge\nrollcall_wrong_milliseconds 1\n').said
    ).to.match(/milliseconds/);
  }).timeout(20_000);

  it('are in docs/operations.md as the table has them', () => {
    const [begin, end] = METRICS_MARKS;
    const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
    const rows = page.split(begin)[1]?.split(end)[0];
    expect(rows?.trim(), 'run npx tsx scripts/generated-docs.ts').to.equal(metricsTable());
  });
});
