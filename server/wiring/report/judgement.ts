/** Judges the whole server: the worst of its startup, its log and its parts. */
import type { LogHealth } from '../../../actors/log/log-health.js';
import type { Failure, Phase } from '../../../machines/startup.machine.js';
import type { ServerStatus } from './status-report.js';

/** A node whose replica is further behind than this is not ready, in milliseconds. */
export const LAG_MS_MAX = 5_000;

/** Status of the whole server, and why it is not better; `reason` is null when there is none. */
export interface Judgement {
  readonly status: ServerStatus;
  readonly reason: string | null;
}

/** What the judgement is made from. */
export interface Judged {
  /** Tags of the root chart's state. */
  readonly tags: ReadonlySet<string>;
  /** Why the server did not start, or had to end. */
  readonly failure: Pick<Failure, 'service' | 'error'> | null;
  /** The child that the current phase waits for, and why. */
  readonly waitingOn: string | null;
  /** Current phase of the startup; null before the first. */
  readonly phase: Phase | null;
  readonly log: LogHealth;
  /** How far this node's replica is behind; null on a single node. */
  readonly lagMs: number | null;
  /** Returns why parts are down: all parts, or only the required ones. */
  readonly missed: (which: 'all' | 'required') => readonly string[];
}

/** Returns the first that applies: failed, draining, initializing, degraded, ready. */
export function judge(judged: Judged): Judgement {
  const { tags, failure, waitingOn, phase, log, lagMs, missed } = judged;
  if (failure !== null) {
    return { status: 'failed', reason: `${failure.service}: ${failure.error}` };
  }
  if (tags.has('draining')) return { status: 'draining', reason: 'shutting down' };
  if (tags.has('initializing')) {
    const where = `in phase ${phase ?? 'none'}`;
    const reason = waitingOn === null ? where : `${where}, which waits for ${waitingOn}`;
    return { status: 'initializing', reason };
  }
  if (!log.writable) {
    return { status: 'failed', reason: `the thread log takes no messages: ${log.reason ?? ''}` };
  }
  if (lagMs !== null && lagMs > LAG_MS_MAX) {
    const behind = String(Math.round(lagMs / 1_000));
    return {
      status: 'failed',
      reason: `the replica of this node is ${behind} s behind the others`
    };
  }
  if (tags.has('failed')) return { status: 'failed', reason: missed('required').join('; ') };
  if (tags.has('degraded')) return { status: 'degraded', reason: missed('all').join('; ') };
  return { status: 'ready', reason: null };
}
