/**
 * Ready-made queries, each over a span of recent minutes. They read every table with `FINAL`, so that a row that was
 * sent twice counts once.
 */
import { RUN_ENDS } from '../../machines/agents/run.machine.js';
import { QUERY_BOUND } from './search.js';
import { sqlString, type AnalyticsStore } from './store.js';

/** Longest span of a report, in minutes: 31 days. The finest report has one row a minute. */
export const REPORT_MINUTES_MAX = 44_640;

/** Most rows of one report. The least important or oldest rows beyond it are left out. */
export const REPORT_ROWS_MAX = 10_000;

/** A column of a report. `time` is Unix milliseconds, `ms` a duration in milliseconds. */
export interface ReportColumn {
  readonly name: string;
  readonly kind: 'text' | 'count' | 'ms' | 'time';
}

/** Span of a report in Unix milliseconds, without `until` itself, and the prefixes of threads to leave out. */
export interface ReportSpan {
  readonly since: number;
  readonly until: number;
  readonly testThreadPrefixes: readonly string[];
}

/** A ready-made query. */
export interface Report {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly ReportColumn[];
  /** Returns the query, without its limits. */
  readonly sql: (span: ReportSpan) => string;
}

/** A row of a report. A time or duration is null when it is not known, such as the times of runs that never began. */
export type ReportRow = Readonly<Record<string, string | number | null>>;

/**
 * Condition for the rows of a table in a span, without test threads. It filters by day first, since partitions are made
 * of days.
 */
function within(table: string, { since, until, testThreadPrefixes }: ReportSpan): string {
  // The engine counts days in its own time zone; one more day on each side covers every zone.
  const day = (at: number) => `toDate('${new Date(at).toISOString().slice(0, 10)}')`;
  const days = `day >= ${day(since)} - 1 AND day <= ${day(until)} + 1`;
  const real =
    table === 'transitions'
      ? []
      : testThreadPrefixes.map((prefix) => `AND NOT startsWith(thread, ${sqlString(prefix)})`);
  return [
    `FROM ${table} FINAL WHERE ${days} AND at >= ${String(since)} AND at < ${String(until)}`,
    ...real
  ].join(' ');
}

const ENDS_SQL = RUN_ENDS.map((end) => `sum(outcome = '${end}') AS ${end}`).join(', ');
const TIMES_SQL = [
  'quantileExact(0.5)(firstTextMs) AS firstTextP50Ms',
  'quantileExact(0.99)(firstTextMs) AS firstTextP99Ms',
  'quantileExact(0.5)(ms) AS p50Ms',
  'quantileExact(0.99)(ms) AS p99Ms'
].join(', ');
const TOKENS_SQL = ['input', 'output', 'cached', 'reasoning']
  .map((what) => `sum(runs.${what}Tokens) AS ${what}Tokens`)
  .join(', ');

/** The reports, in listed order. */
export const REPORTS: readonly Report[] = [
  {
    name: 'messages-per-minute',
    title: 'Messages in each minute that had any, newest first',
    columns: [
      { name: 'minute', kind: 'time' },
      { name: 'messages', kind: 'count' }
    ],
    sql: (span) =>
      `SELECT intDiv(at, 60000) * 60000 AS minute, count() AS messages ${within('messages', span)} GROUP BY minute ORDER BY minute DESC`
  },
  {
    name: 'outcomes',
    title:
      'How often messages met each outcome; held ones again when they are delivered or reported',
    columns: [
      { name: 'outcome', kind: 'text' },
      { name: 'messages', kind: 'count' }
    ],
    sql: (span) =>
      `SELECT outcome, sum(messages) AS messages ${within('deliveries', span)} GROUP BY outcome ORDER BY messages DESC, outcome`
  },
  {
    name: 'delivery-times',
    title: 'From receipt to delivery',
    columns: [
      { name: 'p50Ms', kind: 'ms' },
      { name: 'p99Ms', kind: 'ms' },
      { name: 'maxMs', kind: 'ms' },
      { name: 'delivered', kind: 'count' }
    ],
    // One fact may cover many messages; each counts.
    sql: (span) =>
      `SELECT quantileExactWeighted(0.5)(tookMs, messages) AS p50Ms, quantileExactWeighted(0.99)(tookMs, messages) AS p99Ms, max(tookMs) AS maxMs, sum(messages) AS delivered ${within('deliveries', span)} AND outcome = 'delivered' HAVING delivered > 0`
  },
  {
    name: 'time-in-state',
    title: 'How long charts stayed in each state that they have left, longest first',
    columns: [
      { name: 'chart', kind: 'text' },
      { name: 'state', kind: 'text' },
      { name: 'count', kind: 'count' },
      { name: 'totalMs', kind: 'ms' },
      { name: 'averageMs', kind: 'ms' }
    ],
    sql: (span) =>
      `SELECT chart, \`from\` AS state, count() AS count, sum(spentMs) AS totalMs, intDiv(sum(spentMs), count()) AS averageMs ${within('transitions', span)} GROUP BY chart, state ORDER BY totalMs DESC, chart, state`
  },
  {
    name: 'busiest-threads',
    title: 'Threads with the most messages',
    columns: [
      { name: 'thread', kind: 'text' },
      { name: 'messages', kind: 'count' },
      { name: 'authors', kind: 'count' },
      { name: 'lastAt', kind: 'time' }
    ],
    sql: (span) =>
      `SELECT thread, count() AS messages, uniqExact(user) AS authors, max(at) AS lastAt ${within('messages', span)} GROUP BY thread ORDER BY messages DESC, thread`
  },
  {
    name: 'undelivered',
    title: 'Threads with messages that found nobody within the grace',
    columns: [
      { name: 'thread', kind: 'text' },
      { name: 'messages', kind: 'count' },
      { name: 'lastAt', kind: 'time' }
    ],
    sql: (span) =>
      `SELECT thread, sum(messages) AS messages, max(at) AS lastAt ${within('deliveries', span)} AND outcome = 'undelivered' GROUP BY thread ORDER BY messages DESC, thread`
  },
  {
    name: 'runs',
    title: 'Runs of each agent that have ended: how, how fast, and with how many tokens',
    columns: [
      { name: 'agent', kind: 'text' },
      { name: 'runs', kind: 'count' },
      ...RUN_ENDS.map((name) => ({ name, kind: 'count' as const })),
      { name: 'retried', kind: 'count' },
      { name: 'users', kind: 'count' },
      { name: 'firstTextP50Ms', kind: 'ms' },
      { name: 'firstTextP99Ms', kind: 'ms' },
      { name: 'p50Ms', kind: 'ms' },
      { name: 'p99Ms', kind: 'ms' },
      { name: 'inputTokens', kind: 'count' },
      { name: 'outputTokens', kind: 'count' },
      { name: 'cachedTokens', kind: 'count' },
      { name: 'reasoningTokens', kind: 'count' }
    ],
    sql: (span) =>
      `SELECT agent, count() AS runs, ${ENDS_SQL}, sum(attempts > 1) AS retried, uniqExact(user) AS users, ${TIMES_SQL}, ${TOKENS_SQL} ${within('runs', span)} GROUP BY agent ORDER BY runs DESC, agent`
  },
  {
    name: 'run-failures',
    title: 'Why runs failed, most often first',
    columns: [
      { name: 'agent', kind: 'text' },
      { name: 'code', kind: 'text' },
      { name: 'model', kind: 'text' },
      { name: 'runs', kind: 'count' },
      { name: 'lastAt', kind: 'time' }
    ],
    sql: (span) =>
      `SELECT agent, code, model, count() AS runs, max(at) AS lastAt ${within('runs', span)} AND code != '' GROUP BY agent, code, model ORDER BY runs DESC, agent, code, model`
  }
];

function numberOf(value: unknown, kind: ReportColumn['kind']): number | null {
  if (kind === 'count') return Number(value ?? 0);
  return value === null || value === undefined ? null : Number(value);
}

/** Returns the report of a name; null when there is none. */
export function reportOf(name: string): Report | null {
  return REPORTS.find((report) => report.name === name) ?? null;
}

/**
 * Runs a report.
 * @throws {StoreError} the store's error
 */
export async function askReport(
  store: Pick<AnalyticsStore, 'query'>,
  report: Report,
  span: ReportSpan
): Promise<ReportRow[]> {
  const sql = `${report.sql(span)} LIMIT ${String(REPORT_ROWS_MAX)} ${QUERY_BOUND}`;
  const rows = await store.query(sql);
  // 64-bit integers arrive as text.
  return rows.map((row) =>
    Object.fromEntries(
      report.columns.map(({ name, kind }) => [
        name,
        kind === 'text' ? String(row[name]) : numberOf(row[name], kind)
      ])
    )
  );
}
