/**
 * Words and colours for the values of `/status`. A value that is unknown here is shown as it is.
 */
import type { SupervisionAction } from '../../../../machines/supervision/child-state.js';
import type {
  ClickhouseMode,
  ClickhouseState
} from '../../../../machines/clickhouse/clickhouse-status.js';
import type { DeliveryOutcome } from '../../../../machines/delivery/delivery-outcome.js';
import { FINDING_KINDS, type MonitorLevel } from '../../../../machines/finding.js';
import { RUNBOOK } from '../../../../machines/finding-runbook.js';
import type { RunEnd } from '../../../../machines/agents/run.machine.js';
import type { SinkState } from '../../../../machines/clickhouse/sink-status.js';
import type { Phase } from '../../../../machines/startup.machine.js';
import type { Word } from '../../shared/tone.js';

type Words<Key extends string> = Readonly<Record<Key, Word>>;

const SERVICE: Words<ClickhouseState> = {
  connecting: { tone: 'busy', text: 'connecting' },
  connected: { tone: 'good', text: 'connected' },
  skipped: { tone: 'none', text: 'switched off' },
  failed: { tone: 'bad', text: 'failed' },
  degraded: { tone: 'warn', text: 'degraded' }
};

const ACTION: Words<SupervisionAction> = {
  none: { tone: 'good', text: 'well' },
  waiting: { tone: 'none', text: 'waiting' },
  starting: { tone: 'busy', text: 'starting' },
  watching: { tone: 'warn', text: 'watching' },
  restarting: { tone: 'warn', text: 'restarting' },
  stopping: { tone: 'busy', text: 'stopping' },
  given_up: { tone: 'bad', text: 'given up' },
  escalated: { tone: 'bad', text: 'escalated' }
};

const SINK: Words<SinkState> = {
  waiting: { tone: 'none', text: 'waiting' },
  idle: { tone: 'good', text: 'up to date' },
  storing: { tone: 'busy', text: 'storing' },
  retrying: { tone: 'warn', text: 'retrying' }
};

const HANDLERS: Words<'initializing' | 'ready' | 'error'> = {
  initializing: { tone: 'busy', text: 'initializing' },
  ready: { tone: 'good', text: 'ready' },
  error: { tone: 'bad', text: 'error' }
};

const LINE: Words<'warn' | 'error' | 'critical'> = {
  warn: { tone: 'warn', text: 'warning' },
  error: { tone: 'bad', text: 'error' },
  critical: { tone: 'bad', text: 'critical' }
};

const MONITOR: Words<MonitorLevel> = {
  healthy: { tone: 'good', text: 'healthy' },
  warning: { tone: 'warn', text: 'warning' },
  critical: { tone: 'bad', text: 'critical' },
  failed: { tone: 'bad', text: 'failed' }
};

const FINDING: Readonly<Record<string, string>> = Object.fromEntries(
  FINDING_KINDS.map((kind) => [kind, RUNBOOK[kind].title])
);

const RUN_END: Words<RunEnd | ''> = {
  '': { tone: 'none', text: 'none yet' },
  completed: { tone: 'good', text: 'completed' },
  failed: { tone: 'bad', text: 'failed' },
  cancelled: { tone: 'none', text: 'cancelled' },
  interrupted: { tone: 'warn', text: 'interrupted' }
};

const PHASE: Words<'waiting' | 'running' | 'done' | 'failed'> = {
  waiting: { tone: 'none', text: 'waiting' },
  running: { tone: 'busy', text: 'under way' },
  done: { tone: 'good', text: 'done' },
  failed: { tone: 'bad', text: 'failed' }
};

const PHASE_CONTENT: Readonly<Record<Phase, string>> = {
  infrastructure: 'thread log, listener',
  handlers: 'threads, HTTP API, message handlers',
  monitoring: 'monitor, sweep',
  services: 'ClickHouse',
  health: 'a client takes a message through'
};

const MODE: Readonly<Record<ClickhouseMode, string>> = {
  embedded: 'embedded',
  remote: 'remote',
  off: 'CLICKHOUSE_URL=off'
};

const OUTCOME: Readonly<Record<DeliveryOutcome, string>> = {
  delivered: 'given to subscribers',
  stored: 'nobody there, keeping was enough',
  delivered_to_user: 'given to the owner elsewhere',
  held: 'nobody there, the grace runs',
  undelivered: 'the grace is over, kept in the log',
  skipped_test_thread: 'test thread without subscribers',
  refused: 'turned away, with the reason'
};

/** `services[].status`. */
export const serviceWord = (status: string): Word => wordOf(SERVICE, status);

/** `supervision[].action`. */
export const actionWord = (action: string): Word => wordOf(ACTION, action);

/** `sink.status`. */
export const sinkWord = (status: string): Word => wordOf(SINK, status);

/** `handlers.status`. */
export const handlersWord = (status: string): Word => wordOf(HANDLERS, status);

/** `monitor.status`. */
export const monitorWord = (status: string): Word => wordOf(MONITOR, status);

/** `lines[].level` of `/api/incidents`. */
export const lineWord = (level: string): Word => wordOf(LINE, level);

/** `monitor.findings[].kind`. */
export const findingText = (kind: string): string => textOf(FINDING, kind) ?? spaced(kind);

/** `agents[].lastEnd`; empty: no run has ended. */
export const runEndWord = (end: string): Word => wordOf(RUN_END, end);

/** `startup.phases[].status`. */
export const phaseWord = (status: string): Word => wordOf(PHASE, status);

/** What a phase of the startup starts; empty when the phase is unknown. */
export const phaseContent = (name: string): string => textOf(PHASE_CONTENT, name) ?? '';

/** `services[].mode`. */
export const modeText = (mode: string): string => textOf(MODE, mode) ?? mode;

/** What an outcome of `monitor.outcomes` means; empty when the outcome is unknown. */
export const outcomeText = (outcome: string): string => textOf(OUTCOME, outcome) ?? '';

/** A `snake_case` name with spaces. */
export const spaced = (name: string): string => name.replaceAll('_', ' ');

function wordOf(words: Readonly<Record<string, Word>>, key: string): Word {
  const known = Object.hasOwn(words, key) ? words[key] : undefined;
  return known ?? { tone: 'none', text: spaced(key) };
}

function textOf(texts: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(texts, key) ? texts[key] : undefined;
}
