/**
 * The overall status in words for an operator who has just been woken up: what it is, what it means for the people who
 * chat, and why.
 */
import { counted, number } from '../../shared/counted.js';
import { duration, inTime } from '../../shared/duration.js';
import type { Tone } from '../../shared/tone.js';
import type { Failure, Polled } from '../report/poller.js';
import type { Report, WaitReport } from '../report/report.js';

/** The large words of the page. They change only with the status, not every second. */
export interface Overall {
  readonly tone: Tone;
  readonly title: string;
  /** What it means for those who chat and for those who operate. */
  readonly meaning: string;
}

const STATUSES: ReadonlyMap<string, Overall> = new Map<string, Overall>([
  [
    'ready',
    { tone: 'good', title: 'Ready', meaning: 'Messages are taken and every part is well.' }
  ],
  [
    'degraded',
    {
      tone: 'warn',
      title: 'Degraded',
      meaning: 'Chat works as always; a part that it can do without is not well.'
    }
  ],
  [
    'initializing',
    {
      tone: 'busy',
      title: 'Starting',
      meaning: 'Nobody is let in yet. Clients are told to come back and do so by themselves.'
    }
  ],
  [
    'draining',
    {
      tone: 'busy',
      title: 'Stopping',
      meaning: 'Clients are sent away one after the other; what they have sent is answered first.'
    }
  ],
  [
    'failed',
    {
      tone: 'bad',
      title: 'Failed',
      meaning:
        'A part that it cannot do without is down. Open chats go on where they can; ' +
        'load balancers are told to stay away.'
    }
  ]
]);

const ASKING: Overall = { tone: 'none', title: 'Asking…', meaning: 'The server has been asked.' };

const SILENT: Overall = {
  tone: 'bad',
  title: 'No answer',
  meaning: 'The server has stopped, is being restarted, or cannot be reached from here.'
};

const NOT_STARTED: Overall = {
  tone: 'bad',
  title: 'Failed to start',
  meaning: 'Nobody was let in. What had started is stopped again, and the process ends.'
};

const ENDING: Overall = {
  tone: 'bad',
  title: 'Failed',
  meaning:
    'A part that it cannot do without is given up, and the server ends. Clients are sent away one after the other.'
};

const LOG_FAULT: Overall = {
  tone: 'bad',
  title: 'Failed',
  meaning:
    'The thread log takes no messages: publishes are answered “unavailable” until it does. ' +
    'Open chats stay, and what is stored can be read.'
};

/** Words for a server that is serving while its monitor has findings, by the monitor's status. */
const FOUND: ReadonlyMap<string, Pick<Overall, 'tone' | 'meaning'>> = new Map([
  ['warning', { tone: 'warn', meaning: 'Messages are taken; something needs a look.' }],
  [
    'critical',
    { tone: 'bad', meaning: 'Messages are taken, but people notice that something is wrong.' }
  ],
  [
    'failed',
    { tone: 'bad', meaning: 'Something that it cannot do without is lost; see the monitor below.' }
  ]
]);

/** Which attempt it is, within the reason of a start that waits: `: attempt 2 of 5, after` before why it failed. */
const ATTEMPT = /: attempt \d+(?: of \d+)?(?:, after(?=:)|$)/;

/** What the status of the last answer says about the silence after it. */
const LAST_WORDS: ReadonlyMap<string, string> = new Map([
  ['draining', 'It was stopping when it last answered: it has ended, or is being started again.'],
  ['failed', 'It had failed when it last answered, for the reason below.'],
  [
    'initializing',
    'It was starting when it last answered: it has failed, is being restarted, or cannot be reached from here.'
  ]
]);

/** Says the overall status of the server. */
export function overall({ report, silentSince }: Polled): Overall {
  if (silentSince !== null) return silentWords(report);
  return report === null ? ASKING : statusWords(report);
}

function silentWords(report: Report | null): Overall {
  if (report === null) return SILENT;
  const { status, startup } = report;
  const isOver = status === 'failed' && !startup.complete;
  const meaning = isOver
    ? 'It could not start and has ended, for the reason below.'
    : LAST_WORDS.get(status);
  return meaning === undefined ? SILENT : { ...SILENT, meaning };
}

/** Says the overall status at the time of a report. */
export function statusWords(report: Report): Overall {
  const { status, startup, log, monitor } = report;
  if (status === 'failed' && !startup.complete) return NOT_STARTED;
  if (status === 'failed' && isEnding(report)) return ENDING;
  if (status === 'failed' && !log.writable) return LOG_FAULT;
  const known = STATUSES.get(status);
  if (known === undefined) {
    return { tone: 'warn', title: status, meaning: 'This page does not know the word.' };
  }
  const found = FOUND.get(monitor.status);
  if (status === 'ready' && found !== undefined) return { ...known, ...found };
  // An optional part that is down is also a warning of the monitor, which would add nothing.
  const isNews = status === 'degraded' && monitor.status !== 'warning';
  return isNews && found !== undefined ? { ...known, ...found } : known;
}

/** Whether the part that the server names as its reason is given up, which ends the server. */
function isEnding({ reason, supervision }: Report): boolean {
  return supervision.some(
    ({ service, action }) =>
      (action === 'given_up' || action === 'escalated') && reason?.startsWith(`${service}: `)
  );
}

/** Says why a startup failed; empty when it did not, or is still under way. */
export function startupCause({ status, reason, startup }: Report): string {
  return status === 'failed' && !startup.complete ? (reason ?? '') : '';
}

/**
 * What the server last said of why it failed, or what its start waited for, shown while it does not answer: a start that
 * fails ends within milliseconds of it, so that no answer may have said more.
 */
export function lastReasons(report: Report): string[] {
  const { status, reason } = report;
  if (status === 'initializing') return reason === null ? [] : [startWords(reason, 'was')];
  return status === 'failed' ? reasons(report) : [];
}

/** Says how long the server has not answered, and why; empty while it answers. */
export function silence({ silentSince, failure }: Polled, now: number): string {
  if (silentSince === null) return '';
  const said = `No answer for ${duration(now - silentSince)}, trying again`;
  return failure === null ? `${said}.` : `${said}: ${failureWords(failure)}.`;
}

/** The reasons why the server is not ready, each once. */
export function reasons(report: Report): string[] {
  const { status, reason, monitor, connections } = report;
  // While the server starts or stops, parts that are not up are expected.
  if (status === 'initializing') {
    if (reason === null) return [];
    // What it waits for is told with the number of the attempt in a line of its own.
    const isTold = report.waitingFor.length > 0;
    return [startWords(isTold ? reason.replace(ATTEMPT, '') : reason, 'is')];
  }
  if (status === 'draining') return [openWords(connections)];
  const { issues } = monitor;
  // The reason repeats the issues; separate issues are easier to read.
  const isTold =
    reason === null || issues.some((issue) => reason.includes(issue) || issue.includes(reason));
  return isTold ? [...issues] : [reason, ...issues];
}

/** Says what the server waits for, `passedMs` after the answer. */
export function waitWords(wait: WaitReport, passedMs: number): string {
  const { what, attempt, of, nextAttemptMs, deadlineMs } = wait;
  const which =
    of === null ? `attempt ${String(attempt)}` : `attempt ${String(attempt)} of ${String(of)}`;
  const next =
    nextAttemptMs === null
      ? `${which} is under way`
      : `${which} failed, the next comes ${inTime(nextAttemptMs - passedMs)}`;
  const end = deadlineMs === null ? '' : `; it gives up ${inTime(deadlineMs - passedMs)}`;
  return `Waiting for ${what}: ${next}${end}.`;
}

/** Where a start is, or was when the server last answered, as a sentence. */
function startWords(reason: string, tense: 'is' | 'was'): string {
  const [, phase, what] = /^in phase (\S+?)(?:, which waits for (.+))?$/s.exec(reason) ?? [];
  if (phase === undefined) return reason;
  const waits = tense === 'is' ? 'waits' : 'waited';
  return `It ${tense} in the phase ${phase}${what === undefined ? '' : `, which ${waits} for ${what}`}.`;
}

function openWords({ open, lagging }: Report['connections']): string {
  if (open === 0) return 'No connection is open any more; what is left is stopped.';
  if (open === 1) return `1 connection is still open${lagging === 0 ? '' : ' and reads slowly'}.`;
  const slow = lagging === 0 ? '' : `; ${number(lagging)} of them read slowly`;
  return `${counted(open, 'connection')} are still open${slow}.`;
}

function failureWords(failure: Failure): string {
  switch (failure.kind) {
    case 'unreachable':
      return 'nothing answers at this address';
    case 'timeout':
      return 'the connection stands and nothing comes';
    case 'foreign':
      return `something else answers, with HTTP ${String(failure.code)}`;
  }
}
