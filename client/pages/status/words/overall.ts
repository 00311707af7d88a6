/**
 * How the server is as a whole, in words for somebody who has been woken up: what it is, what that means for the
 * people who chat, and why.
 */
import { duration, inTime } from '../../shared/duration.js';
import type { Tone } from '../../shared/tone.js';
import type { Failure, Polled } from '../report/poller.js';
import type { Report, WaitReport } from '../report/report.js';

/** The large words of the page. They change with the status only, not with every second. */
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

/** Says how the server is. */
export function overall({ report, silentSince }: Polled): Overall {
  if (silentSince !== null) return SILENT;
  return report === null ? ASKING : statusWords(report);
}

/** Says how the server was when it made a report. */
export function statusWords({ status }: Report): Overall {
  const known = STATUSES.get(status);
  return known ?? { tone: 'warn', title: status, meaning: 'This page does not know the word.' };
}

/** Says for how long there has been no answer and why; empty while there is one. */
export function silence({ silentSince, failure }: Polled, now: number): string {
  if (silentSince === null) return '';
  const said = `No answer for ${duration(now - silentSince)}, trying again`;
  return failure === null ? `${said}.` : `${said}: ${failureWords(failure)}.`;
}

/** Says why the server is not simply ready, each reason once. */
export function reasons({ status, reason, monitor }: Report): string[] {
  // While it starts and stops, what is not up is no news.
  if (status === 'initializing' || status === 'draining') return reason === null ? [] : [reason];
  const { issues } = monitor;
  // The reason is made of issues; one by one they are easier to read.
  const isTold = reason === null || issues.some((issue) => reason.includes(issue));
  return isTold ? [...issues] : [reason, ...issues];
}

/** Says what is waited for, `passedMs` after the answer that told of it. */
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
