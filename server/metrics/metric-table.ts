/**
 * Every metric of `/metrics`. The server, the table of docs/operations.md and the dashboard of `deploy/grafana/` are made
 * of these rows. No label is a thread, a user or a connection.
 */

/** A graph of the dashboard. */
export interface Panel {
  /** Asked of Prometheus. */
  readonly query: string;
  /** Legend of each line; `{{label}}` is replaced. */
  readonly legend: string;
  /** Unit by the names of Grafana. */
  readonly unit: 's' | 'bytes' | 'short' | 'ops';
}

/** One metric. */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
  /** Group of the dashboard; null when no graph shows it. */
  readonly panel: Panel | null;
}

const rate = (name: string, by: string): Panel => ({
  query: `sum by (${by}) (rate(rollcall_${name}[$__rate_interval]))`,
  legend: `{{${by}}}`,
  unit: 'ops'
});

const slowest = (name: string, unit: Panel['unit'], by = 'instance'): Panel => ({
  query: `histogram_quantile(0.99, sum by (le, ${by}) (rate(rollcall_${name}_bucket[$__rate_interval])))`,
  legend: `99 % {{${by}}}`,
  unit
});

const now = (name: string, unit: Panel['unit'], legend = '{{instance}}'): Panel => ({
  query: `rollcall_${name}`,
  legend,
  unit
});

/** The rows by name, without the prefix `rollcall_`. */
export const METRICS = {
  build_info: {
    type: 'gauge',
    labels: ['version', 'node', 'environment'],
    help: 'the running server; always 1',
    panel: null
  },
  uptime_seconds: {
    type: 'gauge',
    labels: [],
    help: 'time since the start',
    panel: now('uptime_seconds', 's')
  },
  startup_seconds: {
    type: 'gauge',
    labels: ['phase'],
    help: 'time that each phase of the start took',
    panel: now('startup_seconds', 's', '{{phase}}')
  },
  nodes: {
    type: 'gauge',
    labels: [],
    help: 'nodes that this one knows, itself included',
    panel: now('nodes', 'short')
  },
  connections: {
    type: 'gauge',
    labels: [],
    help: 'open connections, event streams included',
    panel: now('connections', 'short')
  },
  connections_lagging: {
    type: 'gauge',
    labels: [],
    help: 'those of them that read too slowly',
    panel: now('connections_lagging', 'short')
  },
  disconnects_total: {
    type: 'counter',
    labels: ['code'],
    help: 'connections that have ended, by the close code of the server, or `client` for those that just went',
    panel: rate('disconnects_total', 'code')
  },
  subscriptions: {
    type: 'gauge',
    labels: [],
    help: 'subscriptions to threads',
    panel: now('subscriptions', 'short')
  },
  publish_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'messages by what became of them',
    panel: rate('publish_total', 'outcome')
  },
  ack_seconds: {
    type: 'histogram',
    labels: [],
    help: 'time from the receipt of a message until it is stored and its author is answered',
    panel: slowest('ack_seconds', 's')
  },
  delivery_seconds: {
    type: 'histogram',
    labels: [],
    help: 'time from the receipt of a message until it is with the sockets of its subscribers',
    panel: slowest('delivery_seconds', 's')
  },
  log_commit_seconds: {
    type: 'histogram',
    labels: [],
    help: 'time of a commit to the thread log',
    panel: slowest('log_commit_seconds', 's')
  },
  log_commit_jobs: {
    type: 'histogram',
    labels: [],
    help: 'messages and changes in one commit',
    panel: slowest('log_commit_jobs', 'short')
  },
  log_bytes: {
    type: 'gauge',
    labels: [],
    help: 'size of the thread log on the disk',
    panel: now('log_bytes', 'bytes')
  },
  disk_free_bytes: {
    type: 'gauge',
    labels: [],
    help: 'room on the disk of `DATA_DIR`',
    panel: now('disk_free_bytes', 'bytes')
  },
  replay_messages: {
    type: 'histogram',
    labels: [],
    help: 'messages that a new subscription reads from the log',
    panel: slowest('replay_messages', 'short')
  },
  recover_total: {
    type: 'counter',
    labels: ['recovered'],
    help: 'subscriptions that went on from a place: `true` without a gap, `false` with one',
    panel: rate('recover_total', 'recovered')
  },
  errors_total: {
    type: 'counter',
    labels: ['code'],
    help: '[errors](errors.md) that clients were answered with, over WebSocket and HTTP',
    panel: rate('errors_total', 'code')
  },
  limited_total: {
    type: 'counter',
    labels: ['limit'],
    help: 'refusals by the [limit](limits.md) that refused',
    panel: rate('limited_total', 'limit')
  },
  held_threads: {
    type: 'gauge',
    labels: [],
    help: 'threads with messages that wait for a subscriber',
    panel: now('held_threads', 'short')
  },
  undelivered_threads: {
    type: 'gauge',
    labels: [],
    help: 'threads with undelivered messages',
    panel: now('undelivered_threads', 'short')
  },
  sink_lag_seconds: {
    type: 'gauge',
    labels: [],
    help: 'how old the newest message is that ClickHouse has all up to, while it lacks some; absent when that is not known',
    panel: null
  },
  sink_backlog: {
    type: 'gauge',
    labels: ['of'],
    help: 'what ClickHouse lacks: `threads` with messages, and `facts`; absent without ClickHouse',
    panel: null
  },
  webhooks_waiting: {
    type: 'gauge',
    labels: [],
    help: '[webhooks](webhooks.md) that wait; these are absent without `WEBHOOK_URL`',
    panel: now('webhooks_waiting', 'short')
  },
  webhooks_stuck_threads: {
    type: 'gauge',
    labels: [],
    help: 'threads that wait because an event of theirs is not taken',
    panel: now('webhooks_stuck_threads', 'short')
  },
  webhooks_dead_letters: {
    type: 'gauge',
    labels: [],
    help: 'events that were given up and are kept',
    panel: now('webhooks_dead_letters', 'short')
  },
  webhooks_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'events by outcome: `taken`, `failed` attempts, `given_up`, `dropped`',
    panel: rate('webhooks_total', 'outcome')
  },
  runs: {
    type: 'gauge',
    labels: ['agent', 'state'],
    help: 'runs of agents that have not ended: queued, running, waiting for an answer',
    panel: now('runs', 'short', '{{agent}} {{state}}')
  },
  run_seconds: {
    type: 'histogram',
    labels: ['agent', 'outcome'],
    help: 'time of runs that have ended: completed, failed, cancelled, interrupted; its `_count` is their number',
    panel: slowest('run_seconds', 's', 'agent')
  },
  run_first_chunk_seconds: {
    type: 'histogram',
    labels: ['agent'],
    help: 'time from the begin of a run to its first text',
    panel: slowest('run_first_chunk_seconds', 's', 'agent')
  },
  service_up: {
    type: 'gauge',
    labels: ['service', 'required'],
    help: '1 for a service that is connected, else 0; absent without one',
    panel: null
  },
  restarts_total: {
    type: 'counter',
    labels: ['service'],
    help: 'starts of a supervised part after the first',
    panel: {
      query: 'sum by (service) (increase(rollcall_restarts_total[$__rate_interval]))',
      legend: '{{service}}',
      unit: 'short'
    }
  },
  findings: {
    type: 'gauge',
    labels: ['kind', 'level'],
    help: '[findings](#what-the-monitor-watches) whose cause is there',
    panel: now('findings', 'short', '{{kind}} {{level}}')
  },
  event_loop_lag_seconds: {
    type: 'histogram',
    labels: [],
    help: 'longest delay of the event loop in each second',
    panel: slowest('event_loop_lag_seconds', 's')
  },
  inspector_viewers: {
    type: 'gauge',
    labels: [],
    help: 'open viewers of the inspector',
    panel: now('inspector_viewers', 'short')
  },
  memory_used_bytes: {
    type: 'gauge',
    labels: [],
    help: 'memory in use, without mapped files',
    panel: now('memory_used_bytes', 'bytes')
  }
} as const satisfies Readonly<Record<string, MetricRow>>;

/** Name of a metric, without the prefix. */
export type MetricName = keyof typeof METRICS;

/** The names. */
export const METRIC_NAMES = Object.keys(METRICS).filter(isMetricName);

function isMetricName(name: string): name is MetricName {
  return name in METRICS;
}
