/**
 * The monitor's rules: they turn a measurement into a level and a sentence. Pure. Every threshold is here;
 * `finding-words.ts` has them in words.
 */
import type { ChildStatus } from '../../machines/supervision/child-state.js';
import type { OpenFilesCount } from './open-files.js';
import { SHORT_SHARE, type MemoryMeasure } from '../memory/memory.js';
import { AGENT_RULES, type AgentRuleMeasures } from './agent-rules.js';
import { counted, durationText } from './measure-words.js';
import type { Rule } from './rule.js';

/**
 * From this many threads with undelivered messages on, the finding is critical, unless more threads than these have
 * subscribers: then the readers come, and what nobody reads may be what strangers write.
 */
export const UNDELIVERED_CRITICAL_THREADS = 10;

/** From this age on, in milliseconds, even one thread is as critical: nobody has read it for a day. */
export const UNDELIVERED_CRITICAL_MS = 24 * 60 * 60_000;

/**
 * Number of samples of the event loop, one a second, that are judged together: enough that one chance delay does not
 * count as repeated.
 */
export const LOOP_LOOKS = 10;

/** Number of late samples among them that counts as repeated. */
export const LOOP_LOOKS_MANY = 3;

/** A delay that users notice in a chat when it repeats, in milliseconds. */
export const LOOP_LATE_MS = 250;

/** A single delay that is a warning, in milliseconds: twice the interval of the server's own sweep. */
export const LOOP_STUCK_MS = 2_000;

/** A single delay that is critical, in milliseconds: as long as a client may take to connect (`CONNECT_WITHIN_MS`). */
export const LOOP_LOST_MS = 10_000;

/** Number and share of lagging connections that are a warning together; a single slow phone is none. */
export const LAGGING_WARNING = { connections: 3, share: 0.1 } as const;

/**
 * Number and share of lagging connections that are critical together: with half of them behind, the fault is in the
 * network or the server, not in the clients.
 */
export const LAGGING_CRITICAL = { connections: 10, share: 0.5 } as const;

/** How long they must lag together, in milliseconds. A burst that clients read within seconds is normal. */
export const LAGGING_FOR_MS = 5_000;

/**
 * How far behind ClickHouse may be while it accepts rows, in milliseconds, before it is a warning; an idle one is a
 * second behind.
 */
export const SINK_WARNING_MS = 60_000;

/**
 * From this delay on, in milliseconds, it is critical: ClickHouse does not catch up, and search and reports are out of
 * date.
 */
export const SINK_CRITICAL_MS = 15 * 60_000;

/**
 * Share of the file descriptors that may be open at most before it is a warning: the rest are enough for a reconnect of
 * some clients.
 */
export const OPEN_FILES_WARNING_SHARE = 0.8;

/** From this share on, it is critical: the next burst of clients meets a server that can accept nobody. */
export const OPEN_FILES_CRITICAL_SHARE = 0.95;

/** Share of a memory limit from which the finding is a warning; from {@link SHORT_SHARE} on it is critical. */
export const MEMORY_WARNING_SHARE = 0.8;

/** Number of restarts left before the server gives a part up; at this number the finding is critical. */
export const RESTARTS_LEFT_CRITICAL = 1;

/** How long webhooks may not be taken before it is a warning, in milliseconds: a receiver that restarts takes less. */
export const WEBHOOKS_WARNING_MS = 60_000;

/** From this time on, in milliseconds, it is critical: the application does not know what happens. */
export const WEBHOOKS_CRITICAL_MS = 60 * 60_000;

/** Most thread names in one sentence. */
export const NAMED_MAX = 3;

/** Measurement of each kind. */
export interface Measures extends AgentRuleMeasures {
  readonly undelivered: {
    readonly threads: number;
    /** Threads that have subscribers. */
    readonly watched: number;
    /** The first ones, at most {@link NAMED_MAX}. */
    readonly named: readonly string[];
    readonly oldestMs: number;
  };
  /** Longest delay of the event loop in each of the last {@link LOOP_LOOKS} samples, in milliseconds. */
  readonly event_loop_lag: { readonly looksMs: readonly number[] };
  readonly lagging_connections: { readonly lagging: number; readonly open: number };
  readonly sink_lag: { readonly behindMs: number; readonly threads: number };
  readonly part_missed: {
    readonly part: string;
    readonly required: boolean;
    readonly status: ChildStatus;
    readonly error: string | null;
    readonly losses: number;
  };
  readonly restarts: {
    readonly part: string;
    readonly required: boolean;
    readonly times: number;
    readonly allowed: number;
    readonly withinMs: number;
    readonly error: string | null;
  };
  readonly log_fault: { readonly reason: string | null };
  /** `remedy`: what an operator does about it. */
  readonly unreadable_threads: { readonly threads: number; readonly remedy: string };
  readonly disk_low: { readonly isLow: boolean };
  readonly open_files: OpenFilesCount;
  readonly memory: MemoryMeasure;
  /** `fault`: why the keys of tokens could not be fetched, continuing "the server …"; null when they were. */
  readonly token_keys: { readonly fault: string | null; readonly hasKeys: boolean };
  /** Why the application gave no answer to the last question; null when it did. */
  readonly authorize: { readonly fault: string | null };
  /** `error` continues "the receiver …"; null when all is taken. */
  readonly webhooks: {
    readonly failingMs: number;
    readonly waiting: number;
    readonly error: string | null;
    readonly deadLetters: number;
  };
  /** `fault`: why the file of the API keys could not be used; null when it could. */
  readonly api_keys: { readonly fault: string | null };
}

/** Kinds that are conditions; a fault is not. */
export type ConditionKind = keyof Measures;

const once = { forMs: 0 } as const;

/** Rules by kind. */
export const RULES: { readonly [Kind in ConditionKind]: Rule<Measures[Kind]> } = {
  undelivered: {
    ...once,
    title: 'threads with undelivered messages',
    // The line `Cannot deliver message` was written for each thread already.
    logs: 'worse',
    level: ({ threads, watched, oldestMs }) => {
      if (threads === 0) return 'healthy';
      const isMany = threads >= UNDELIVERED_CRITICAL_THREADS || oldestMs >= UNDELIVERED_CRITICAL_MS;
      return isMany && threads >= watched ? 'critical' : 'warning';
    },
    message: ({ threads, named }) => {
      const rest = threads - named.length;
      const names = [...named, ...(rest > 0 ? [`${String(rest)} more`] : [])].join(', ');
      return undeliveredWords(threads, ` (${names})`);
    },
    unnamed: ({ threads }) => undeliveredWords(threads, ''),
    thread: ({ named }) => named[0] ?? null
  },
  event_loop_lag: {
    ...once,
    title: 'the event loop was late',
    logs: 'all',
    level: ({ looksMs }) => {
      const worstMs = Math.max(0, ...looksMs);
      const isOften = (ms: number) => lateLooks(looksMs, ms) >= LOOP_LOOKS_MANY;
      if (worstMs >= LOOP_LOST_MS || isOften(LOOP_STUCK_MS)) return 'critical';
      return worstMs >= LOOP_STUCK_MS || isOften(LOOP_LATE_MS) ? 'warning' : 'healthy';
    },
    message: ({ looksMs }) =>
      `the event loop was up to ${Math.round(Math.max(0, ...looksMs)).toLocaleString('en')} ms late in ` +
      `${String(lateLooks(looksMs, LOOP_LATE_MS))} of the last ${counted(looksMs.length, 'second')}: ` +
      'everybody waited meanwhile; the machine is overloaded or slept, or something in this process works too long at once'
  },
  lagging_connections: {
    title: 'many connections lagged',
    forMs: LAGGING_FOR_MS,
    logs: 'all',
    level: (measure) => {
      if (isLagging(measure, LAGGING_CRITICAL)) return 'critical';
      return isLagging(measure, LAGGING_WARNING) ? 'warning' : 'healthy';
    },
    message: ({ lagging, open }) =>
      `${String(lagging)} of ${counted(open, 'connection')} read slower than is written: ` +
      'they go on from the log and lose nothing; see whether the network is full or one thread is too loud'
  },
  sink_lag: {
    ...once,
    title: 'ClickHouse was behind',
    logs: 'all',
    level: ({ behindMs }) => {
      if (behindMs >= SINK_CRITICAL_MS) return 'critical';
      return behindMs >= SINK_WARNING_MS ? 'warning' : 'healthy';
    },
    message: ({ behindMs, threads }) =>
      `ClickHouse takes rows and is ${durationText(behindMs)} behind, ${counted(threads, 'thread')} ` +
      `${threads === 1 ? 'waits' : 'wait'}: nothing is lost, but search and reports lack the newest; ` +
      'see whether ClickHouse has enough disk and CPU'
  },
  part_missed: {
    ...once,
    title: 'a part was missed',
    // The supervisor, or the part itself, writes a line at the loss and one at the end of it.
    logs: 'nothing',
    level: ({ required, status, losses }) => {
      // Starting or stopping as planned is no fault, and neither is waiting for another part, which has a finding of
      // its own.
      const isNews =
        status === 'degraded' ||
        status === 'restarting' ||
        status === 'failed' ||
        (status === 'starting' && losses > 0);
      if (!isNews) return 'healthy';
      if (!required) return 'warning';
      return status === 'failed' ? 'failed' : 'critical';
    },
    message: ({ part, error, status }) => `${part}: ${error ?? status}`,
    unnamed: (measure) => RULES.part_missed.message({ ...measure, error: null })
  },
  restarts: {
    ...once,
    title: 'a part was started again and again',
    logs: 'worse',
    level: ({ required, times, allowed }) => {
      if (times === 0) return 'healthy';
      return required && times >= allowed - RESTARTS_LEFT_CRITICAL ? 'critical' : 'warning';
    },
    message: ({ part, required, times, allowed, withinMs, error }) =>
      `${part} was started again ${counted(times, 'time')} within ${durationText(withinMs)}` +
      (error === null ? '' : `, last because of: ${error}`) +
      (required ? `; after ${String(allowed)} the next loss ends the server` : ''),
    unnamed: (measure) => RULES.restarts.message({ ...measure, error: null })
  },
  log_fault: {
    ...once,
    title: 'the thread log took no messages',
    logs: 'nothing',
    level: ({ reason }) => (reason === null ? 'healthy' : 'failed'),
    message: ({ reason }) =>
      `the thread log takes no messages: ${reason ?? ''}; publishes are answered "unavailable" until it does`,
    unnamed: () => RULES.log_fault.message({ reason: 'the reason is for operators' })
  },
  unreadable_threads: {
    ...once,
    title: 'threads could not be read',
    logs: 'nothing',
    level: ({ threads }) => (threads === 0 ? 'healthy' : 'critical'),
    message: ({ threads, remedy }) =>
      `${counted(threads, 'thread')} cannot be read from the log: ${remedy}`
  },
  disk_low: {
    ...once,
    title: 'the disk of the thread log was nearly full',
    logs: 'nothing',
    level: ({ isLow }) => (isLow ? 'warning' : 'healthy'),
    message: () =>
      'the disk of the thread log is nearly full: what ClickHouse does not have is not kept for it past the retention'
  },
  open_files: {
    ...once,
    title: 'file descriptors ran short',
    logs: 'all',
    level: ({ open, limit }) => {
      if (open >= limit * OPEN_FILES_CRITICAL_SHARE) return 'critical';
      return open >= limit * OPEN_FILES_WARNING_SHARE ? 'warning' : 'healthy';
    },
    message: ({ open, limit }) =>
      `${open.toLocaleString('en')} of ${counted(limit, 'file descriptor')} are open: without a free one nobody can ` +
      'connect; raise the limit (ulimit -n, LimitNOFILE of systemd), or set LIMIT_CONNECTIONS below it'
  },
  memory: {
    ...once,
    title: 'memory ran short',
    logs: 'all',
    level: ({ share, refused }) => {
      if (share >= SHORT_SHARE) return 'critical';
      return share >= MEMORY_WARNING_SHARE || refused > 0 ? 'warning' : 'healthy';
    },
    message: ({ share, refused }) =>
      `${String(Math.round(share * 100))} % of the memory is in use` +
      (refused === 0
        ? ''
        : `, and ${counted(refused, 'request')} got "unavailable" for want of it`) +
      ': publishers try again, and nobody loses what was acknowledged; give the server more, or let fewer connect'
  },
  token_keys: {
    ...once,
    title: 'the keys of tokens could not be fetched',
    logs: 'all',
    level: ({ fault, hasKeys }) => {
      if (fault === null) return 'healthy';
      return hasKeys ? 'warning' : 'critical';
    },
    message: ({ fault, hasKeys }) =>
      `the keys of tokens cannot be fetched: the server of AUTH_JWKS_URL ${fault ?? ''}; ` +
      (hasKeys
        ? 'those from before stay in use, and tokens with newer ones are answered "unavailable"'
        : 'nobody can sign in until they are, and whoever tries is answered "unavailable"'),
    unnamed: (measure) => RULES.token_keys.message({ ...measure, fault: 'does not give them' })
  },
  authorize: {
    ...once,
    title: 'the application was not asked who may do what',
    logs: 'all',
    level: ({ fault }) => (fault === null ? 'healthy' : 'critical'),
    message: ({ fault }) =>
      `the application of AUTHORIZE_URL ${fault ?? ''}: who may do what cannot be asked, and what needs its answer is ` +
      'answered "unavailable"; open subscriptions go on',
    unnamed: () => RULES.authorize.message({ fault: 'does not answer' })
  },
  api_keys: {
    ...once,
    title: 'the file of the API keys could not be used',
    logs: 'all',
    level: ({ fault }) => (fault === null ? 'healthy' : 'warning'),
    message: ({ fault }) =>
      `the file of API_KEYS_FILE cannot be used: ${fault ?? ''}; the keys from before stay in use`,
    unnamed: () => RULES.api_keys.message({ fault: 'it is wrong or missing' })
  },
  webhooks: {
    ...once,
    title: 'webhooks were not taken',
    logs: 'all',
    level: ({ failingMs, deadLetters }) => {
      if (failingMs >= WEBHOOKS_CRITICAL_MS) return 'critical';
      return failingMs >= WEBHOOKS_WARNING_MS || deadLetters > 0 ? 'warning' : 'healthy';
    },
    message: ({ failingMs, waiting, error, deadLetters }) =>
      [
        ...(failingMs >= WEBHOOKS_WARNING_MS
          ? [
              `webhooks have not been taken for ${durationText(failingMs)}, ${counted(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'}: the receiver ${error ?? 'does not take them'}`
            ]
          : []),
        ...(deadLetters > 0
          ? [
              `${counted(deadLetters, 'webhook')} ${deadLetters === 1 ? 'was' : 'were'} given up after a day`
            ]
          : [])
      ].join('; '),
    unnamed: (measure) => RULES.webhooks.message({ ...measure, error: null })
  },
  ...AGENT_RULES
};

function undeliveredWords(threads: number, names: string): string {
  return (
    `${counted(threads, 'thread')} ${threads === 1 ? 'holds' : 'hold'} undelivered messages${names}: ` +
    'nobody has subscribed; they are kept for the next subscriber, so see whether the readers are up'
  );
}

function lateLooks(looksMs: readonly number[], ms: number): number {
  return looksMs.filter((lateMs) => lateMs >= ms).length;
}

function isLagging(
  { lagging, open }: Measures['lagging_connections'],
  { connections, share }: { readonly connections: number; readonly share: number }
): boolean {
  return lagging >= connections && lagging >= open * share;
}
