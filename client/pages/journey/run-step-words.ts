/** Describes what agents did about a message: the run that answers it, and the runs that it steered or cancelled. */
import { safeName } from '../../sdk/safe-name.js';
import { counted } from '../shared/counted.js';
import { took } from '../shared/duration.js';
import type { Tone } from '../shared/tone.js';
import type { Step } from './journey-answer.js';

/** The words of one step. */
export interface StepWords {
  readonly tone: Tone;
  readonly title: string;
  /** More about it; empty when there is no more. */
  readonly detail: string;
}

const STATES: Readonly<Record<string, string>> = {
  queued: 'waits for another run',
  running: 'at work',
  waiting: 'waits for an answer of people',
  completed: 'has answered',
  failed: 'failed',
  cancelled: 'was cancelled',
  interrupted: 'was interrupted by the end of the server',
  unknown: 'its end is not known'
};

/** Says the state of a run. */
export function runState(state: string): string {
  return STATES[state] ?? safeName(state);
}

/** Says what a step of an agent is; null when the page does not know the word. */
export function runStepWords(step: Step): StepWords | null {
  const { tookMs, attempts, user, mid } = step;
  const agent = `Agent ${safeName(step.agent ?? '')}`;
  const time = tookMs === null ? '' : `After ${took(tookMs)}.`;
  const tries = (attempts ?? 1) > 1 ? ` In ${counted(attempts ?? 1, 'attempt')}.` : '';
  const by = user === null || user === '' ? '' : ` by ${safeName(user)}`;
  const other = mid === null || mid === '' ? '' : `, by the message ${safeName(mid)}`;
  switch (step.step) {
    case 'run_queued':
      return words(
        'busy',
        `${agent} had another run at work`,
        step.position === null ? '' : `Its place in the queue was ${String(step.position)}.`
      );
    case 'run_started':
      return words('good', `${agent} began to answer`, '');
    case 'run_first_text':
      return words('good', `${agent} said the first of its answer`, '');
    case 'run_tool':
      return toolWords(step);
    case 'run_asked':
      return words('busy', `${agent} asked people`, 'Until somebody answers, the run waits.');
    case 'run_answered':
      return by === ''
        ? words('warn', 'Nobody answered in time', '')
        : words('good', `Answered${by}`, '');
    case 'run_steered':
      return words('none', `${agent} was given another message`, `The run was steered${other}.`);
    case 'run_completed':
      return words('good', `${agent} has answered`, `${time}${tries}`.trim());
    case 'run_failed':
      return words(
        'bad',
        `${agent} failed: ${safeName(step.code ?? '')}`,
        `${time}${tries}`.trim()
      );
    case 'run_cancelled':
      return words('warn', `The run was cancelled${by}${other}`, time);
    case 'run_interrupted':
      return words('bad', `${agent} was interrupted`, 'The server stopped while it was at work.');
    case 'steered_run':
      return words('good', `${agent} was given it during a run`, 'It steered that run.');
    case 'cancelled_run':
      return words('warn', `It cancelled a run of ${agent.toLowerCase()}`, '');
    default:
      return null;
  }
}

function toolWords({ tool, ok, tookMs }: Step): StepWords {
  const title = `Tool ${safeName(tool ?? '')}`;
  if (ok === null) return words('busy', title, 'It has not ended.');
  const time = tookMs === null ? '' : ` after ${took(tookMs)}`;
  return ok
    ? words('good', title, time === '' ? '' : `It was done${time}.`)
    : words('warn', title, `It failed${time}.`);
}

function words(tone: Tone, title: string, detail: string): StepWords {
  return { tone, title, detail };
}
