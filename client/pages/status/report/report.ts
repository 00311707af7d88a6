/**
 * The fields of `/status` that the page uses. They are read one by one, because the page may be older or newer than the
 * server.
 */
import { Fields } from '../../shared/fields.js';

/** One phase of the startup. `startedAtMs` counts from the begin of the startup. */
export interface PhaseReport {
  readonly name: string;
  readonly startedAtMs: number | null;
  readonly tookMs: number | null;
  readonly status: string;
}

/** One service. `since` is Unix milliseconds of the server's clock; `nextAttemptMs` counts from the answer. */
export interface ServiceReport {
  readonly service: string;
  readonly required: boolean;
  readonly status: string;
  readonly error: string | null;
  readonly mode: string;
  readonly since: number | null;
  readonly restarts: number;
  readonly nextAttemptMs: number | null;
}

/** One supervised part. Times are as in {@link ServiceReport}. */
export interface PartReport {
  readonly service: string;
  readonly reason: string | null;
  readonly action: string;
  readonly since: number | null;
  readonly restarts: number;
  readonly nextAttemptMs: number | null;
}

/** How much of the log ClickHouse has stored. Times are as in {@link ServiceReport}. */
export interface SinkReport {
  readonly status: string;
  readonly error: string | null;
  readonly since: number | null;
  readonly nextAttemptMs: number | null;
  readonly stored: {
    readonly messages: number;
    readonly deliveries: number;
    readonly transitions: number;
    readonly steps: number;
    readonly runs: number;
  };
  readonly batches: number;
  readonly lastStoredAt: number | null;
  /** Null while the log cannot be read. */
  readonly backlog: {
    readonly threads: number;
    readonly facts: number;
    readonly factsDropped: number;
    readonly isDiskLow: boolean;
  } | null;
}

/** Something that the server waits for. Milliseconds count from the answer. */
export interface WaitReport {
  readonly what: string;
  readonly attempt: number;
  readonly of: number | null;
  readonly nextAttemptMs: number | null;
  readonly deadlineMs: number | null;
}

/** One finding of the monitor. Times are Unix milliseconds of the server's clock. */
export interface FindingReport {
  readonly kind: string;
  readonly about: string | null;
  readonly level: string;
  readonly message: string;
  readonly count: number;
  readonly since: number | null;
  readonly lastAt: number | null;
  /** When its cause went away; null while the cause lasts. */
  readonly endedAt: number | null;
  /** When the finding is closed unless its cause returns; null while the cause lasts. */
  readonly closesAt: number | null;
  /** The thread to look at first; null when there is none, or the server does not name it. */
  readonly thread: string | null;
  /** Mid of the newest message that this thread holds. */
  readonly mid: string | null;
}

/** The runs of one agent. */
export interface AgentReport {
  readonly name: string;
  readonly queued: number;
  readonly running: number;
  readonly waiting: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly interrupted: number;
  /** Number of answers with text, and the sum of the times until their first text, in milliseconds. */
  readonly firstTexts: number;
  readonly firstTextMs: number;
  readonly failedInARow: number;
  /** How its newest run ended; empty when none has. */
  readonly lastEnd: string;
  /** When it ended, Unix milliseconds of the server's clock. */
  readonly lastEndedAt: number | null;
}

/** One answer of `/status`. */
export interface Report {
  readonly status: string;
  readonly reason: string | null;
  readonly environment: string;
  readonly version: string;
  /** Id of the server process; it changes with each start. */
  readonly node: string;
  readonly transport: { readonly kind: string; readonly fallbackReason: string | null };
  /** When the server was started, Unix milliseconds of its own clock. */
  readonly since: number | null;
  readonly uptimeMs: number;
  readonly startup: {
    readonly complete: boolean;
    readonly tookMs: number | null;
    readonly phases: readonly PhaseReport[];
  };
  readonly handlers: {
    readonly status: string;
    readonly count: number;
    readonly names: readonly string[];
    readonly registrationMs: number | null;
    readonly message: string;
  };
  readonly services: readonly ServiceReport[];
  /** Null while there is none. */
  readonly sink: SinkReport | null;
  readonly log: {
    readonly writable: boolean;
    readonly reason: string | null;
    readonly durability: string;
  };
  readonly supervision: readonly PartReport[];
  readonly monitor: {
    readonly status: string;
    readonly issues: readonly string[];
    readonly findings: readonly FindingReport[];
    readonly moreFindings: number;
    readonly outcomes: ReadonlyMap<string, number>;
  };
  readonly threads: {
    readonly active: number;
    readonly test: number;
    readonly waiting: number;
    readonly undelivered: number;
  };
  readonly connections: { readonly open: number; readonly lagging: number };
  readonly agents: readonly AgentReport[];
  /** How often each limit refused something since the start, by the name of the limit. */
  readonly limited: ReadonlyMap<string, number>;
  readonly waitingFor: readonly WaitReport[];
  /** Whether there is an inspector: `on`, `token` or `off`; empty when the server does not say. */
  readonly inspect: string;
}

/** Reads an answer; null when it is no report, as when a proxy answered with a page. */
export function readReport(answer: unknown): Report | null {
  const fields = new Fields(answer);
  if (fields.text('status') === '' || !fields.has('startup')) return null;
  const transport = fields.of('transport');
  const log = fields.of('log');
  const threads = fields.of('threads');
  const connections = fields.of('connections');
  return {
    status: fields.text('status'),
    reason: fields.textOrNull('reason'),
    environment: fields.text('environment'),
    version: fields.text('version'),
    node: fields.text('node'),
    transport: {
      kind: transport.text('kind'),
      fallbackReason: transport.textOrNull('fallbackReason')
    },
    since: fields.time('since'),
    uptimeMs: fields.count('uptimeMs'),
    startup: startupOf(fields.of('startup')),
    handlers: handlersOf(fields.of('handlers')),
    services: fields.rows('services').map(serviceOf),
    sink: fields.has('sink') ? sinkOf(fields.of('sink')) : null,
    log: {
      writable: log.flag('writable'),
      reason: log.textOrNull('reason'),
      durability: log.text('durability')
    },
    supervision: fields.rows('supervision').map(partOf),
    monitor: monitorOf(fields.of('monitor')),
    threads: {
      active: threads.count('active'),
      test: threads.count('test'),
      waiting: threads.count('waiting'),
      undelivered: threads.count('undelivered')
    },
    connections: { open: connections.count('open'), lagging: connections.count('lagging') },
    agents: fields.rows('agents').map(agentOf),
    limited: fields.of('limited').counts,
    waitingFor: fields.rows('waitingFor').map(waitOf),
    inspect: fields.text('inspect')
  };
}

function startupOf(fields: Fields): Report['startup'] {
  return {
    complete: fields.flag('complete'),
    tookMs: fields.numberOrNull('tookMs'),
    phases: fields.rows('phases').map((phase) => ({
      name: phase.text('name'),
      startedAtMs: phase.numberOrNull('startedAtMs'),
      tookMs: phase.numberOrNull('tookMs'),
      status: phase.text('status')
    }))
  };
}

function handlersOf(fields: Fields): Report['handlers'] {
  return {
    status: fields.text('status'),
    count: fields.count('count'),
    names: fields.texts('handlers'),
    registrationMs: fields.numberOrNull('registrationMs'),
    message: fields.text('message')
  };
}

function serviceOf(fields: Fields): ServiceReport {
  return {
    service: fields.text('service'),
    required: fields.flag('required'),
    status: fields.text('status'),
    error: fields.textOrNull('error'),
    mode: fields.text('mode'),
    since: fields.time('since'),
    restarts: fields.count('restarts'),
    nextAttemptMs: fields.numberOrNull('nextAttemptMs')
  };
}

function partOf(fields: Fields): PartReport {
  return {
    service: fields.text('service'),
    reason: fields.textOrNull('reason'),
    action: fields.text('action'),
    since: fields.time('since'),
    restarts: fields.count('restarts'),
    nextAttemptMs: fields.numberOrNull('nextAttemptMs')
  };
}

function sinkOf(fields: Fields): SinkReport {
  const stored = fields.of('stored');
  const backlog = fields.of('backlog');
  return {
    status: fields.text('status'),
    error: fields.textOrNull('error'),
    since: fields.time('since'),
    nextAttemptMs: fields.numberOrNull('nextAttemptMs'),
    stored: {
      messages: stored.count('messages'),
      deliveries: stored.count('deliveries'),
      transitions: stored.count('transitions'),
      steps: stored.count('steps'),
      runs: stored.count('runs')
    },
    batches: fields.count('batches'),
    lastStoredAt: fields.time('lastStoredAt'),
    backlog: fields.has('backlog')
      ? {
          threads: backlog.count('threads'),
          facts: backlog.count('facts'),
          factsDropped: backlog.count('factsDropped'),
          isDiskLow: backlog.flag('isDiskLow')
        }
      : null
  };
}

function monitorOf(fields: Fields): Report['monitor'] {
  return {
    status: fields.text('status'),
    issues: fields.texts('issues'),
    findings: fields.rows('findings').map(findingOf),
    moreFindings: fields.count('moreFindings'),
    outcomes: fields.of('outcomes').counts
  };
}

function findingOf(fields: Fields): FindingReport {
  return {
    kind: fields.text('kind'),
    about: fields.textOrNull('about'),
    level: fields.text('level'),
    message: fields.text('message'),
    count: fields.count('count'),
    since: fields.time('since'),
    lastAt: fields.time('lastAt'),
    endedAt: fields.time('endedAt'),
    closesAt: fields.time('closesAt'),
    thread: fields.textOrNull('thread'),
    mid: fields.textOrNull('mid')
  };
}

function agentOf(fields: Fields): AgentReport {
  return {
    name: fields.text('name'),
    queued: fields.count('queued'),
    running: fields.count('running'),
    waiting: fields.count('waiting'),
    completed: fields.count('completed'),
    failed: fields.count('failed'),
    cancelled: fields.count('cancelled'),
    interrupted: fields.count('interrupted'),
    firstTexts: fields.count('firstTexts'),
    firstTextMs: fields.count('firstTextMs'),
    failedInARow: fields.count('failedInARow'),
    lastEnd: fields.text('lastEnd'),
    lastEndedAt: fields.time('lastEndedAt')
  };
}

function waitOf(fields: Fields): WaitReport {
  return {
    what: fields.text('what'),
    attempt: fields.count('attempt'),
    of: fields.numberOrNull('of'),
    nextAttemptMs: fields.numberOrNull('nextAttemptMs'),
    deadlineMs: fields.numberOrNull('deadlineMs')
  };
}
