/**
 * Wires the analytics: ClickHouse, its sink, their rows in `/status`, and the API on both. With `CLICKHOUSE_URL=off`
 * there is no sink, and the API says why it has no data.
 */
import { randomUUID } from 'node:crypto';
import { createClickhouse, type Clickhouse } from '../../actors/clickhouse/clickhouse.js';
import { createSink, type Sink, type SinkLog } from '../../actors/clickhouse/sink.js';
import { SinkLag } from '../../actors/clickhouse/sink-lag.js';
import type { Clock } from '../../actors/clock.js';
import { RULES } from '../../actors/monitor/finding-rules.js';
import type { Logger } from '../../actors/log-line.js';
import { LogUnavailableError } from '../../actors/log/log-errors.js';
import type { AnalyticsFeed } from '../../actors/log/analytics-feed.js';
import type { ChildSpec } from '../../machines/supervision/child-spec.js';
import { createAnalyticsApi } from '../http/api/analytics-api.js';
import type { Guard } from '../access/guard.js';
import type { ApiAccess } from '../auth/api-access.js';
import type { Traces } from '../../actors/traces/traces.js';
import type { NoteLimited } from '../limits/limited.js';
import type { Config } from '../config/settings.js';
import type { Route } from '../http/route-table.js';
import type { HttpCosts } from '../http/http-costs.js';
import { createJourneyApi, type JourneyApiOptions } from '../http/api/journey-api.js';
import {
  serviceStatus,
  waitingForService,
  type ServiceStatus,
  type SinkRow,
  type WaitingFor
} from './report/status-report.js';

/** A required ClickHouse gives up by itself after a minute; the supervisor waits a little longer to get its reason. */
const CLICKHOUSE_START_TIMEOUT_MS = 70_000;

/** Gets the state of the log's disk and of the sink from {@link Analytics.sweep}. */
export interface AnalyticsWatch {
  diskLow(isLow: boolean): void;
  /**
   * Reports for how long the sink has been behind while its store accepts rows, in milliseconds, and how many threads
   * wait.
   */
  sinkBehind(behindMs: number, threads: number): void;
}

/** Options of {@link Analytics}. */
export interface AnalyticsOptions {
  readonly config: Config;
  readonly node: string;
  /** Returns the log's feed; null while the log is not open. */
  readonly feed: () => AnalyticsFeed | null;
  /** Returns the log, as far as erased messages need it; null while it is not open. */
  readonly log: () => SinkLog | null;
  /** Returns whether the log's disk is nearly full. */
  readonly isDiskLow: () => boolean;
  readonly clock: Clock;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly monitor: AnalyticsWatch;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
  /** Records the ways of messages; null: nothing is traced. */
  readonly traces: Traces | null;
}

/** ClickHouse and its sink. */
export class Analytics {
  private readonly options: AnalyticsOptions;
  private readonly clickhouse: Clickhouse;
  private readonly sink: Sink | null;
  private isDiskLow = false;
  private behindMs = 0;
  private readonly lag: SinkLag;

  constructor(options: AnalyticsOptions) {
    const { config, node, clock, random, logger } = options;
    this.options = options;
    this.lag = new SinkLag(clock);
    this.clickhouse = createClickhouse({
      url: config.clickhouseUrl?.toString() ?? null,
      required: config.clickhouseRequired,
      timeoutMs: config.clickhouseTimeoutMs,
      retryMaxMs: config.clickhouseRetryMaxMs,
      dataDir: config.dataDir,
      clock,
      random,
      logger
    });
    const feed = () => {
      const open = options.feed();
      if (open === null) throw new LogUnavailableError('the thread log is not open');
      return open;
    };
    this.sink =
      config.clickhouseUrl === 'off'
        ? null
        : createSink({
            clickhouse: this.clickhouse,
            feed,
            log: options.log,
            node,
            ttlDays: config.clickhouseTtlDays,
            retryMaxMs: config.clickhouseRetryMaxMs,
            clock,
            random,
            newId: randomUUID,
            logger,
            traces: options.traces
          });
  }

  /** Returns the children of the services phase. The sink is last, so that it stops first and can finish its batch. */
  children(bounds: Pick<ChildSpec, 'restart' | 'startTimeoutMs' | 'shutdownMs'>): ChildSpec[] {
    const clickhouse: ChildSpec = {
      ...bounds,
      id: 'clickhouse',
      logic: this.clickhouse.logic,
      required: this.options.config.clickhouseRequired,
      startTimeoutMs: CLICKHOUSE_START_TIMEOUT_MS
    };
    if (this.sink === null) return [clickhouse];
    return [
      clickhouse,
      { ...bounds, id: 'sink', logic: this.sink.logic, required: false, requires: ['clickhouse'] }
    ];
  }

  /** Checks the disk and how far the sink is behind; called every second. */
  sweep(): void {
    const { logger, monitor } = this.options;
    const status = this.sink?.status() ?? null;
    const asOf = this.sink?.asOf() ?? null;
    const { behindMs, threads } = this.lag.look(status, asOf);
    this.behindMs = behindMs;
    monitor.sinkBehind(behindMs, threads);
    const isLow = status !== null && this.options.isDiskLow();
    if (isLow === this.isDiskLow) return;
    this.isDiskLow = isLow;
    monitor.diskLow(isLow);
    if (isLow) {
      const fields = { actor: 'log', finding: 'disk_low' };
      logger.warn(RULES.disk_low.message({ isLow }), fields);
    } else
      logger.info('The disk has room again for what ClickHouse does not have', { actor: 'log' });
  }

  /** Returns how far ClickHouse was behind at the last sweep, in milliseconds; null without one. */
  lagMs(): number | null {
    return this.sink === null ? null : this.behindMs;
  }

  /** Returns the rows of `services` in `/status`. */
  services(): ServiceStatus[] {
    const status = this.clickhouse.status();
    return status === null ? [] : [serviceStatus(status)];
  }

  /** Returns the rows of `waitingFor` in `/status`. */
  waitingFor(): WaitingFor[] {
    const status = this.clickhouse.status();
    return status === null ? [] : waitingForService(status);
  }

  /** Returns `sink` of `/status`; null when there is no sink. */
  sinkRow(): SinkRow | null {
    const status = this.sink?.status() ?? null;
    if (status === null) return null;
    const { since, lastStoredAt, backlog, ...rest } = status;
    const iso = (at: number) => new Date(at).toISOString();
    return {
      ...rest,
      since: iso(since),
      lastStoredAt: lastStoredAt === null ? null : iso(lastStoredAt),
      backlog: backlog === null ? null : { ...backlog, isDiskLow: this.options.isDiskLow() }
    };
  }

  /** Returns the route of journeys, which works without ClickHouse too. */
  journeys(
    parts: Pick<JourneyApiOptions, 'access' | 'log' | 'feed' | 'threads' | 'connections' | 'runs'>
  ): Route[] {
    const { clickhouse } = this;
    const { clock, config } = this.options;
    const startedAt = clock.now();
    return createJourneyApi({
      ...parts,
      clock,
      clickhouse,
      startedAt,
      trustProxy: config.trustProxy,
      limited: this.options.limited,
      areFactsKept: config.clickhouseUrl !== 'off',
      ttlDays: config.clickhouseTtlDays
    });
  }

  /** Returns the routes of search, reports and stats. */
  api(access: ApiAccess, guard: Guard, costs: HttpCosts): Route[] {
    const { clickhouse, sink } = this;
    const asOf = () => sink?.asOf() ?? null;
    const { clock, config } = this.options;
    const { testThreadPrefixes, trustProxy } = config;
    return createAnalyticsApi({
      access,
      guard,
      costs,
      clickhouse,
      sink: { asOf },
      clock,
      trustProxy,
      limited: this.options.limited,
      testThreadPrefixes
    });
  }
}
