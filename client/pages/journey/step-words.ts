/** Describes the steps of a message for somebody who wants to know why it did not arrive. */
import { safeName } from '../../sdk/safe-name.js';
import { counted } from '../shared/counted.js';
import { duration, inTime, took } from '../shared/duration.js';
import type { Tone } from '../shared/tone.js';
import { runStepWords, type StepWords } from './run-step-words.js';
import type { Journey, Step } from './journey-answer.js';

/** The words of a message's overall status. */
export interface StatusWords {
  readonly tone: Tone;
  readonly title: string;
  readonly meaning: string;
}

const DURABLE: Readonly<Record<string, string>> = {
  disk: 'On disk: it survives the death of the machine.',
  process: 'Handed to the system: it survives the death of the process.'
};

/** Steps of those who have read it or begun to. */
const READERS: ReadonlySet<string> = new Set([
  'replayed',
  'lagged',
  'left',
  'read',
  'replaying',
  'lagging'
]);

/** Says what a step is; `now` is the server's time. */
export function stepWords(step: Step, journey: Journey, now: number): StepWords {
  const who = nameOf(step);
  switch (step.step) {
    case 'received':
      return quiet('Received', `From ${safeName(journey.author)}.`);
    case 'validated':
      return quiet('Found valid', 'Its shape, its size, the rights and the rate of its publisher.');
    case 'appended':
      return {
        tone: 'good',
        title: `Stored at offset ${String(step.offset ?? journey.offset)}`,
        detail: DURABLE[step.durable ?? ''] ?? ''
      };
    case 'acked':
      return { tone: 'good', title: 'Acknowledged', detail: 'The publisher was answered.' };
    case 'fanned_out':
      return {
        tone: 'good',
        title: `Given to ${counted(step.subscribers ?? 0, 'subscriber')}`,
        detail: ''
      };
    case 'stored':
      return {
        tone: 'good',
        title: 'Kept for later',
        detail: 'Nobody was subscribed, and its publisher asked for no more.'
      };
    case 'delivered_to_user':
      return {
        tone: 'good',
        title: 'Given to the thread’s owner',
        detail: 'Nobody was subscribed; the owner was connected elsewhere.'
      };
    case 'held':
      return heldWords(step, journey, now);
    case 'undelivered':
      return isWaiting(journey)
        ? {
            tone: 'bad',
            title: 'Reported as not delivered',
            detail: `Nobody came within the grace${withOthers(step)}. It is kept for the next subscriber.`
          }
        : {
            tone: 'warn',
            title: 'Reported as not delivered',
            detail: `Nobody came within the grace${withOthers(step)}. It was kept for the next subscriber.`
          };
    case 'delivered_late':
      return {
        tone: 'warn',
        title: 'Given to the next subscriber',
        detail: `All that was held has reached somebody${withOthers(step)}.`
      };
    case 'replayed':
      return {
        tone: 'good',
        title: `${who} was given it on subscribing`,
        detail: `Read out of the log${span(step)}${on(step)}.`
      };
    case 'lagged':
      return {
        tone: 'warn',
        title: `${who} was too slow and got it late`,
        detail: `Its connection lagged${lasted(step)}; it was given all${span(step)}${on(step)}.`
      };
    case 'left':
      return {
        tone: hasCome(step, journey) ? 'warn' : 'bad',
        title: `${who} left without it`,
        detail: `The connection ended while it was behind${on(step)}.${
          hasCome(step, journey) ? '' : ' It can still be read on coming back.'
        }`
      };
    case 'read':
      return { tone: 'good', title: `Read by ${who}`, detail: '' };
    case 'replaying':
    case 'lagging':
      return {
        tone: 'busy',
        title: step.step === 'lagging' ? `${who} lags behind it` : `${who} is catching up`,
        detail: `Given up to offset ${String(step.cursor ?? 0)} so far${ongoing(step, now)}${on(step)}.`
      };
    default:
      return runStepWords(step) ?? quiet(step.step, 'This page does not know the word.');
  }
}

/** Says the overall status of a message. */
export function statusWords(journey: Journey): StatusWords {
  const { status, steps } = journey;
  const waiting = steps.filter(({ step }) => step === 'lagging' || step === 'replaying').length;
  const left = steps.filter((step) => step.step === 'left' && !hasCome(step, journey)).length;
  const arrived = waiting + left === 0 ? 'good' : 'warn';
  const behind = [
    waiting === 0
      ? ''
      : ` ${counted(waiting, 'connection')} ${waiting === 1 ? 'has' : 'have'} not taken it yet.`,
    left === 0 ? '' : ` ${counted(left, 'connection')} left without it.`
  ].join('');
  const found = steps.find(({ step }) => step === 'fanned_out')?.subscribers ?? null;
  const to = found === null ? 'those who were subscribed' : counted(found, 'subscriber');
  const hasReaders = steps.some(({ step }) => READERS.has(step));
  switch (status) {
    case 'delivered':
      return {
        tone: arrived,
        title: 'Delivered',
        meaning: `It was given to ${to} as soon as it was stored.${behind}`
      };
    case 'delivered_late':
      return {
        tone: 'warn',
        title: 'Delivered late',
        meaning: `Nobody was subscribed when it came; the next subscriber was given it${later(journey)}.${behind}`
      };
    case 'delivered_to_user':
      return {
        tone: arrived,
        title: 'Given to the owner',
        meaning: `Nobody was subscribed, but the thread’s owner was connected elsewhere and was given it there.${behind}`
      };
    case 'stored':
      return {
        tone: arrived,
        title: 'Kept',
        meaning: `Nobody was subscribed, and its publisher had said that keeping it is enough.${behind}`
      };
    case 'held':
      return {
        tone: 'busy',
        title: 'Waiting for a subscriber',
        meaning: `It is stored, and ${nobody(hasReaders)} has subscribed to the thread since. The grace runs.`
      };
    case 'undelivered':
      return {
        tone: 'bad',
        title: 'Not delivered',
        meaning: `It is stored, and ${nobody(hasReaders)} has subscribed to the thread within the grace. The next subscriber gets it.`
      };
    default:
      return {
        tone: 'none',
        title: 'Stored',
        meaning: `What became of it at first is not recorded${journey.notes.length === 0 ? '' : ': see below why'}.${behind}`
      };
  }
}

/** A message that is held stays held when its author reads it. */
function nobody(hasReaders: boolean): string {
  return hasReaders ? 'nobody but those below' : 'nobody';
}

function isWaiting({ status }: Journey): boolean {
  return status === 'held' || status === 'undelivered';
}

/** Whether whoever left without the message has had it since. */
function hasCome({ user, at }: Step, { steps }: Journey): boolean {
  if (user === null || user === '') return false;
  return steps.some(
    (later) =>
      later.user === user &&
      (later.step === 'replayed' || later.step === 'lagged' || later.step === 'read') &&
      (later.at === null || at === null || later.at >= at)
  );
}

function quiet(title: string, detail: string): StepWords {
  return { tone: 'none', title, detail };
}

function nameOf({ user, connection }: Step): string {
  if (user !== null && user !== '') return safeName(user);
  return connection === null || connection === ''
    ? 'Somebody'
    : `Connection ${safeName(connection)}`;
}

function on({ user, connection }: Step): string {
  const isNamed = user !== null && user !== '' && connection !== null && connection !== '';
  return isNamed ? `, on connection ${safeName(connection)}` : '';
}

function span({ from, upTo }: Step): string {
  if (from === null || upTo === null) return '';
  return ` with offsets ${String(from)} to ${String(upTo)}`;
}

function withOthers({ messages }: Step): string {
  const others = (messages ?? 1) - 1;
  return others < 1 ? '' : `, with ${counted(others, 'other message')}`;
}

function lasted({ at, since }: Step): string {
  return at === null || since === null ? '' : ` for ${duration(at - since)}`;
}

function ongoing({ since }: Step, now: number): string {
  return since === null ? '' : `, behind for ${duration(now - since)}`;
}

function heldWords({ dueAt }: Step, { status }: Journey, now: number): StepWords {
  const title = 'Held: nobody was subscribed';
  if (status !== 'held') return { tone: 'warn', title, detail: '' };
  const due = dueAt === null ? '' : `; unless one comes it is reported ${inTime(dueAt - now)}`;
  return { tone: 'busy', title, detail: `It goes to the next subscriber${due}.` };
}

function later({ steps }: Journey): string {
  const afterMs = steps.find(({ step }) => step === 'delivered_late')?.afterMs ?? null;
  return afterMs === null ? '' : ` ${took(afterMs)} later`;
}
