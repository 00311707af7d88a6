/**
 * What strangers get of a report: every figure, and no text of a fault, since such a text may name hosts, paths and
 * accounts. The monitor words its findings for strangers itself.
 */
import type { StatusReport } from './status-report.js';

/** Stands where operators get the text of a fault. */
export const HIDDEN_REASON = 'the reason is for operators: ask with the API key';

/** Returns a fault as strangers get it; null when there is none. */
export function hidden(text: string | null): string | null {
  return text === null ? null : HIDDEN_REASON;
}

/** Returns the part that a start waits for, without why. */
export function waitedFor(text: string | null): string | null {
  return text === null ? null : (/^[\w-]+/.exec(text)?.[0] ?? HIDDEN_REASON);
}

/** Returns a report without the texts of faults, but for `reason` and `monitor`, which are made for strangers. */
export function forStrangers(report: StatusReport): StatusReport {
  const { transport, services, sink, webhooks, log, supervision } = report;
  return {
    ...report,
    transport: { ...transport, fallbackReason: hidden(transport.fallbackReason) },
    services: services.map((row) => ({ ...row, error: hidden(row.error) })),
    sink: sink === null ? null : { ...sink, error: hidden(sink.error) },
    webhooks: webhooks === null ? null : { ...webhooks, error: hidden(webhooks.error) },
    log: { ...log, reason: hidden(log.reason) },
    supervision: supervision.map((row) => ({ ...row, reason: hidden(row.reason) }))
  };
}
