import { readReport, type Report } from '../../../../client/pages/status/report/report.js';
import type { StatusReport } from '../../../../server/wiring/report/status-report.js';

/** The report of a degraded server. It has the server's type, so that a field renamed there fails to compile here. */
export const SAMPLE: StatusReport = {
  status: 'degraded',
  reason: 'clickhouse: nothing answers',
  environment: 'staging',
  version: '0.1.0',
  node: 'n1',
  transport: { kind: 'ws', fallbackReason: 'no binary' },
  since: '2026-01-01T00:00:00.000Z',
  uptimeMs: 60_000,
  startup: {
    complete: true,
    phase: 'serving',
    tookMs: 212,
    phases: [{ name: 'infrastructure', startedAtMs: 3, tookMs: 31, status: 'done' }]
  },
  handlers: {
    status: 'ready',
    count: 1,
    handlers: ['publish'],
    registrationMs: 1.9,
    elapsedMs: 59_000,
    gracePeriodActive: false,
    message: '1 handler registered'
  },
  services: [
    {
      service: 'clickhouse',
      required: false,
      status: 'degraded',
      error: 'nothing answers',
      mode: 'remote',
      since: '2026-01-01T00:00:10.000Z',
      restarts: 2,
      nextAttemptMs: 4_000
    }
  ],
  webhooks: {
    status: 'away',
    since: '2026-01-01T00:00:00.000Z',
    error: 'answered 500',
    failingMs: 61_000,
    nextAttemptMs: 4_000,
    waiting: 7,
    stuckThreads: 3,
    deadLetters: 2,
    dropped: 0,
    taken: 12,
    failed: 5,
    givenUp: 2
  },
  sink: {
    status: 'waiting',
    error: null,
    since: '2026-01-01T00:00:10.000Z',
    nextAttemptMs: null,
    stored: { messages: 1, deliveries: 2, transitions: 3, steps: 4, runs: 5 },
    batches: 4,
    lastStoredAt: null,
    backlog: { threads: 5, facts: 6, factsDropped: 7, isDiskLow: true }
  },
  log: { writable: true, reason: null, durability: 'disk' },
  supervision: [
    {
      service: 'clickhouse',
      reason: 'nothing answers',
      action: 'watching',
      since: '2026-01-01T00:00:10.000Z',
      restarts: 0,
      nextAttemptMs: null
    }
  ],
  monitor: {
    status: 'warning',
    issues: ['clickhouse: nothing answers'],
    findings: [
      {
        kind: 'part_missed',
        about: 'clickhouse',
        level: 'warning',
        message: 'clickhouse: nothing answers',
        count: 2,
        since: '2026-01-01T00:00:10.000Z',
        lastAt: '2026-01-01T00:00:20.000Z',
        endedAt: null,
        closesAt: null,
        thread: null,
        mid: null
      }
    ],
    moreFindings: 3,
    outcomes: { delivered: 8, refused: 9 }
  },
  threads: { active: 10, test: 11, waiting: 12, undelivered: 13 },
  connections: { open: 14, lagging: 15 },
  agents: [
    {
      name: 'echo',
      ...{ queued: 23, running: 24, waiting: 25 },
      ...{ completed: 26, failed: 27, cancelled: 28, interrupted: 29 },
      ...{ firstTexts: 30, firstTextMs: 31, failedInARow: 32 },
      lastEnd: 'failed',
      lastEndedAt: '2026-01-01T00:00:30.000Z'
    }
  ],
  memory: {
    usedBytes: 16,
    limitBytes: null,
    heapBytes: 17,
    heapLimitBytes: 18,
    queues: { appends: 19, outgoing: 20, bodies: 21 },
    refused: 22
  },
  limited: { publishes_connection: 23 },
  inspect: 'on',
  loginUrl: null,
  waitingFor: [{ what: 'clickhouse', attempt: 2, of: null, nextAttemptMs: 4_000, deadlineMs: null }]
};

/** Returns the sample as the page reads it, with changes. */
export function sampleReport(changes: Partial<Report> = {}): Report {
  const report = readReport(SAMPLE);
  if (report === null) throw new Error('the sample is no report');
  return { ...report, ...changes };
}
