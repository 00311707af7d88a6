/**
 * Judges how the server is as a whole: the worst that is true of its startup, of the log and of its parts.
 */
import type { LogHealth } from '../../../actors/log/log-health.js';
import type { Failure, Phase } from '../../../machines/startup.machine.js';
import type { ServerStatus } from './status-report.js';

/** The status of the whole server, and why it is not better; null when there is nothing to say. */
export interface Judgement {
  readonly status: ServerStatus;
  readonly reason: string | null;
}

/** What the judgement is made from. */
export interface Judged {
  /** Tags of the state that the root chart is in. */
  readonly tags: ReadonlySet<string>;
  /** Why the server did not start, or had to end. */
  readonly failure: Pick<Failure, 'service' | 'error'> | null;
  /** The child that the current phase waits for, and why. */
  readonly waitingOn: string | null;
  /** The current phase of the startup; null before the first. */
  readonly phase: Phase | null;
  readonly log: LogHealth;
  /** Says why parts are missed: all that are, or only those that the server cannot be without. */
  readonly missed: (which: 'all' | 'required') => readonly string[];
}

/** Returns the judgement, the worst first: failed, draining, initializing, degraded, ready. */
export function judge({ tags, failure, waitingOn, phase, log, missed }: Judged): Judgement {
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
  if (tags.has('failed')) return { status: 'failed', reason: missed('required').join('; ') };
  if (tags.has('degraded')) return { status: 'degraded', reason: missed('all').join('; ') };
  return { status: 'ready', reason: null };
}
