import type { Polled } from './poller.js';
import type { Report } from './report.js';

/** A report, and how old its times are by now. */
export interface AgedReport {
  readonly report: Report;
  /** Milliseconds since the answer; 0 while the server does not answer, when the page shows everything as it was. */
  readonly passedMs: number;
  /** Milliseconds since the startup began. */
  readonly uptimeMs: number;
  /** Milliseconds since a time of the server, by the server's clock, because this device's clock may be wrong. */
  readonly since: (at: number | null) => number | null;
}

/** Returns the report and its ages at `now`; null before the first answer. */
export function agedReportOf(
  { report, answeredAt, silentSince }: Polled,
  now: number
): AgedReport | null {
  if (report === null || answeredAt === null) return null;
  const passedMs = silentSince === null ? Math.max(0, now - answeredAt) : 0;
  const uptimeMs = report.uptimeMs + passedMs;
  const serverNow = report.since === null ? null : report.since + uptimeMs;
  return {
    report,
    passedMs,
    uptimeMs,
    since: (at) => (at === null || serverNow === null ? null : Math.max(0, serverNow - at))
  };
}
