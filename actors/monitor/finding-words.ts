/** The thresholds of the monitor's rules in words: the table in docs/operations.md is made of them. */
import type { FindingKind } from '../../machines/finding.js';
import { SHORT_SHARE } from '../memory/memory.js';
import {
  UNDELIVERED_CRITICAL_THREADS,
  UNDELIVERED_CRITICAL_MS,
  LOOP_LATE_MS,
  LOOP_STUCK_MS,
  LOOP_LOST_MS,
  LOOP_LOOKS_MANY,
  LOOP_LOOKS,
  LAGGING_WARNING,
  LAGGING_CRITICAL,
  LAGGING_FOR_MS,
  SINK_WARNING_MS,
  SINK_CRITICAL_MS,
  RESTARTS_LEFT_CRITICAL,
  OPEN_FILES_WARNING_SHARE,
  OPEN_FILES_CRITICAL_SHARE,
  MEMORY_WARNING_SHARE,
  WEBHOOKS_WARNING_MS,
  WEBHOOKS_CRITICAL_MS
} from './finding-rules.js';
import {
  AGENT_FAILURES,
  BLOCKED_CRITICAL_MS,
  BLOCKED_MS,
  SILENT_MS,
  TOOL_LONG_MS
} from './agent-rules.js';
import { counted, durationText } from './measure-words.js';
import { FAULTS_CRITICAL } from './incidents.js';

/** Thresholds of each finding, worded for docs/operations.md; `–` where a kind never has that level. */
export const RULE_WORDS: Readonly<
  Record<FindingKind, Readonly<Record<'warning' | 'critical' | 'failed', string>>>
> = {
  undelivered: {
    warning: 'one thread',
    critical: `${String(UNDELIVERED_CRITICAL_THREADS)} threads, or one for ${durationText(UNDELIVERED_CRITICAL_MS)}, unless more have readers`,
    failed: '–'
  },
  event_loop_lag: {
    warning: `${loopWords(LOOP_LATE_MS)}, or once ${durationText(LOOP_STUCK_MS)}`,
    critical: `${loopWords(LOOP_STUCK_MS)}, or once ${durationText(LOOP_LOST_MS)}`,
    failed: '–'
  },
  lagging_connections: {
    warning: laggingWords(LAGGING_WARNING),
    critical: laggingWords(LAGGING_CRITICAL),
    failed: '–'
  },
  sink_lag: {
    warning: `${durationText(SINK_WARNING_MS)} behind, though it takes rows`,
    critical: `${durationText(SINK_CRITICAL_MS)} behind, though it takes rows`,
    failed: '–'
  },
  part_missed: {
    warning: 'an optional part is lost or not well',
    critical: 'a required one is, and is expected back',
    failed: 'a required one is given up'
  },
  restarts: {
    warning: 'a part was started again',
    critical: `${counted(RESTARTS_LEFT_CRITICAL, 'restart')} before a required one is given up`,
    failed: '–'
  },
  log_fault: { warning: '–', critical: '–', failed: 'the thread log takes no messages' },
  unreadable_threads: {
    warning: '–',
    critical: 'one thread cannot be read from the log',
    failed: '–'
  },
  disk_low: { warning: 'the disk of the thread log is nearly full', critical: '–', failed: '–' },
  open_files: {
    warning: `${String(OPEN_FILES_WARNING_SHARE * 100)} % of the file descriptors are open`,
    critical: `${String(OPEN_FILES_CRITICAL_SHARE * 100)} % of them`,
    failed: '–'
  },
  memory: {
    warning: `${String(MEMORY_WARNING_SHARE * 100)} % of the limit or of the heap, or publishes were refused for want of memory`,
    critical: `${String(SHORT_SHARE * 100)} %: new connections are refused`,
    failed: '–'
  },
  token_keys: {
    warning: 'the keys of `AUTH_JWKS_URL` cannot be fetched again',
    critical: 'they could not be fetched at all yet',
    failed: '–'
  },
  authorize: {
    warning: '–',
    critical: 'the last question to `AUTHORIZE_URL` got no answer',
    failed: '–'
  },
  api_keys: {
    warning: 'the file of `API_KEYS_FILE` has changed and cannot be used',
    critical: '–',
    failed: '–'
  },
  webhooks: {
    warning: `not taken for ${durationText(WEBHOOKS_WARNING_MS)}, or given up`,
    critical: `not taken for ${durationText(WEBHOOKS_CRITICAL_MS)}`,
    failed: '–'
  },
  agent_silent: {
    warning: `an agent at work yields nothing for ${durationText(SILENT_MS)}, people and tools aside`,
    critical: '–',
    failed: '–'
  },
  agent_tool: {
    warning: `a tool of an agent is at work for ${durationText(TOOL_LONG_MS)}`,
    critical: '–',
    failed: '–'
  },
  agent_failing: {
    warning: `${String(AGENT_FAILURES)} runs of an agent failed in a row`,
    critical: '–',
    failed: '–'
  },
  agent_blocking: {
    warning: `one call of an agent kept the event loop for ${String(BLOCKED_MS)} ms`,
    critical: `for ${durationText(BLOCKED_CRITICAL_MS)}`,
    failed: '–'
  },
  fault: {
    warning: 'a fault in Rollcall',
    critical: `one that cuts people off, ${counted(FAULTS_CRITICAL.times, 'time')} within ${durationText(FAULTS_CRITICAL.withinMs)}`,
    failed: '–'
  }
};

function loopWords(lateMs: number): string {
  return `${lateMs.toLocaleString('en')} ms late in ${String(LOOP_LOOKS_MANY)} of ${counted(LOOP_LOOKS, 'second')}`;
}

function laggingWords({ connections, share }: { connections: number; share: number }): string {
  return `${String(connections)} that are ${String(share * 100)} % of all, for ${durationText(LAGGING_FOR_MS)}`;
}
