/** The shape of `/status`. */
import type { AgentRow } from '../../../actors/agents/seeing/run-tally.js';
import type { SinkStatus } from '../../../actors/clickhouse/sink.js';
import type { FeedBacklog } from '../../../actors/log/analytics-feed.js';
import type { HandlersStatus } from '../../../actors/handlers.js';
import type { MemoryStatus } from '../../../actors/memory/memory.js';
import type { MonitorStatus } from '../../../actors/monitor/monitor.js';
import type { LogHealth } from '../../../actors/log/log-health.js';
import type { WebhooksStatus } from '../../../actors/webhooks/webhooks.js';
import type { ThreadsStatus } from '../../../actors/threads/threads.js';
import type { ClickhouseStatus } from '../../../machines/clickhouse/clickhouse-status.js';
import type { LimitName } from '../../limits/limit-table.js';
import type { PhaseTime } from './startup-timeline.js';
import type { SupervisionRow } from './supervision.js';

/** Status of the whole server, worst first. */
export const SERVER_STATUSES = ['failed', 'draining', 'initializing', 'degraded', 'ready'] as const;

/** One of {@link SERVER_STATUSES}. */
export type ServerStatus = (typeof SERVER_STATUSES)[number];

/** Something that the server waits for; times in milliseconds from now. */
export interface WaitingFor {
  readonly what: string;
  readonly attempt: number;
  readonly of: number | null;
  readonly nextAttemptMs: number | null;
  readonly deadlineMs: number | null;
}

/** One service in `/status`; `since` is an ISO 8601 time. */
export interface ServiceStatus {
  readonly service: string;
  readonly required: boolean;
  readonly status: ClickhouseStatus['status'];
  readonly error: string | null;
  readonly mode: string;
  readonly since: string;
  readonly restarts: number;
  readonly nextAttemptMs: number | null;
}

/** The sink in `/status`; `since` and `lastStoredAt` are ISO 8601 times. */
export type SinkRow = Omit<SinkStatus, 'since' | 'lastStoredAt' | 'backlog'> & {
  readonly since: string;
  readonly lastStoredAt: string | null;
  /** What ClickHouse lacks, and whether the log's disk is nearly full; null while the log cannot be read. */
  readonly backlog: (FeedBacklog & { readonly isDiskLow: boolean }) | null;
};

/** The webhooks in `/status`; `since` is an ISO 8601 time. */
export type WebhooksRow = Omit<WebhooksStatus, 'since'> & { readonly since: string };

/** Body of `/status`. */
export interface StatusReport {
  readonly status: ServerStatus;
  readonly reason: string | null;
  readonly environment: string;
  readonly version: string;
  readonly node: string;
  readonly transport: { readonly kind: string; readonly fallbackReason: string | null };
  readonly since: string;
  readonly uptimeMs: number;
  readonly startup: {
    readonly complete: boolean;
    readonly phase: string;
    readonly tookMs: number | null;
    readonly phases: readonly PhaseTime[];
  };
  readonly handlers: HandlersStatus;
  readonly services: readonly ServiceStatus[];
  /** Null when there is none, as with CLICKHOUSE_URL=off. */
  readonly sink: SinkRow | null;
  /** Null without WEBHOOK_URL. */
  readonly webhooks: WebhooksRow | null;
  readonly log: LogHealth & { readonly durability: string };
  /** Every supervised part, what its supervisor does about it, and why. */
  readonly supervision: readonly SupervisionRow[];
  readonly monitor: MonitorStatus;
  readonly threads: ThreadsStatus;
  readonly connections: { readonly open: number; readonly lagging: number };
  /** The runs of each agent: those that have not ended, and how the others ended since the start. */
  readonly agents: readonly AgentRow[];
  readonly memory: MemoryStatus;
  /** Refusals since the start, by the limit that refused; only limits that did. */
  readonly limited: Partial<Record<LimitName, number>>;
  readonly waitingFor: readonly WaitingFor[];
  /** Whether there is an inspector, and whether it needs a token. */
  readonly inspect: 'on' | 'off' | 'token';
  /** Where people sign in (`AUTH_LOGIN_URL`); null when there is no such page. */
  readonly loginUrl: string | null;
}

/** Returns the row of `services` for ClickHouse. */
export function serviceStatus(clickhouse: ClickhouseStatus): ServiceStatus {
  const { service, required, status, error, mode, since, restarts, nextAttemptMs } = clickhouse;
  return {
    service,
    required,
    status,
    error,
    mode,
    since: new Date(since).toISOString(),
    restarts,
    nextAttemptMs
  };
}

/** Returns the row of `waitingFor` for ClickHouse; empty unless it is being connected. */
export function waitingForService(clickhouse: ClickhouseStatus): WaitingFor[] {
  if (clickhouse.status === 'connected' || clickhouse.status === 'skipped') return [];
  const { service, attempt, of, nextAttemptMs, deadlineMs } = clickhouse;
  return [{ what: service, attempt, of, nextAttemptMs, deadlineMs }];
}
