/** The figures of the status page, made of several reports. */
import { askReport, reportOf, type ReportRow, type ReportSpan } from './reports.js';
import type { AnalyticsStore } from './store.js';

/** Figures of a time span; times are Unix milliseconds. */
export interface Stats {
  readonly since: number;
  readonly until: number;
  /** Minutes with messages, newest first. */
  readonly messagesPerMinute: readonly { readonly at: number; readonly messages: number }[];
  /** Messages by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Time from receipt to delivery; null when nothing was delivered. */
  readonly delivery: {
    readonly p50Ms: number | null;
    readonly p99Ms: number | null;
    readonly count: number;
  };
  readonly timeInState: readonly {
    readonly chart: string;
    readonly state: string;
    readonly count: number;
    readonly totalMs: number;
  }[];
  /** The rows of the report `runs`: one for each agent. */
  readonly runs: readonly ReportRow[];
}

/**
 * Reads the figures.
 * @throws {StoreError} the store's error
 */
export async function askStats(
  store: Pick<AnalyticsStore, 'query'>,
  span: ReportSpan
): Promise<Stats> {
  // One after the other: together they would use half of the store's connections.
  const minutes = await ask(store, 'messages-per-minute', span);
  const outcomes = await ask(store, 'outcomes', span);
  const [times] = await ask(store, 'delivery-times', span);
  const states = await ask(store, 'time-in-state', span);
  const runs = await ask(store, 'runs', span);
  return {
    since: span.since,
    until: span.until,
    messagesPerMinute: minutes.map((row) => ({
      at: Number(row['minute']),
      messages: Number(row['messages'])
    })),
    outcomes: Object.fromEntries(
      outcomes.map((row) => [String(row['outcome']), Number(row['messages'])])
    ),
    delivery: {
      p50Ms: times === undefined ? null : Number(times['p50Ms']),
      p99Ms: times === undefined ? null : Number(times['p99Ms']),
      count: Number(times?.['delivered'] ?? 0)
    },
    timeInState: states.map((row) => ({
      chart: String(row['chart']),
      state: String(row['state']),
      count: Number(row['count']),
      totalMs: Number(row['totalMs'])
    })),
    runs
  };
}

async function ask(
  store: Pick<AnalyticsStore, 'query'>,
  name: string,
  span: ReportSpan
): Promise<ReportRow[]> {
  const report = reportOf(name);
  return report === null ? [] : await askReport(store, report, span);
}
