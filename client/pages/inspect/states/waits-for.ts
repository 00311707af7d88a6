/**
 * Says what an actor waits for, from its context: the answer to "why is it still initializing?". Times are Unix
 * milliseconds; `now` is null when the server is gone, and then nothing is counted down.
 */
import type { Json } from '../../../../protocol/inspection.js';
import { inTime } from '../../shared/duration.js';
import { activeIds, valueWords } from './active-states.js';
import type { ActorState } from './actor-state.js';
import { count, errorOf, list, text } from './shown-context.js';
import { toneOf } from './state-tone.js';

/** What a run of an agent waits for, by its state. */
const RUN_WAITS: Readonly<Record<string, (context: Json | undefined) => string>> = {
  queued: (context) => `the run before it in ${text(context, 'thread')}`,
  running: (context) => `the agent ${text(context, 'agent')}`,
  waiting: (context) => `an answer of people in ${text(context, 'thread')}`,
  ending: () => 'the log to store its end'
};

type Words = (actor: ActorState, now: number | null) => string | null;

/** The words for each machine. Actors of other machines wait for nothing. */
const WORDS: Readonly<Record<string, Words>> = {
  startup: startupWords,
  supervisor: supervisorWords,
  keeper: keeperWords,
  clickhouse: attemptWords,
  sink: attemptWords,
  delivery: deliveryWords,
  run: ({ snapshot: { value, context } }) => RUN_WAITS[valueWords(value)]?.(context) ?? null,
  service: ({ snapshot }) => {
    const is = activeIds(snapshot.value);
    return is.has('starting') ? 'its own start to be over' : null;
  },
  handlers: ({ snapshot }) =>
    activeIds(snapshot.value).has('registering') ? 'the handlers to be registered' : null
};

/** Says what an actor waits for; null when that is nothing or unknown. */
export function waitsFor(actor: ActorState, now: number | null): string | null {
  const words = Object.hasOwn(WORDS, actor.chart ?? '') ? WORDS[actor.chart ?? ''] : undefined;
  const said = words?.(actor, now) ?? null;
  return said === '' ? null : said;
}

function startupWords({ snapshot }: ActorState): string | null {
  const phase = [...activeIds(snapshot.value)].find((id) => id.startsWith('starting.'));
  if (phase === undefined) return null;
  const on = text(snapshot.context, 'waitingOn');
  const name = phase.slice('starting.'.length);
  return on === '' ? `the phase ${name}` : `${on}, in the phase ${name}`;
}

function supervisorWords({ snapshot }: ActorState, now: number | null): string | null {
  const waiting = list(snapshot.context, 'children').flatMap((child) => {
    const status = text(child, 'status');
    if (status === 'ready' || status === 'stopped' || status === '') return [];
    const error = text(child, 'error');
    const next = inWords(child, 'nextAttemptAt', now);
    return [[`${text(child, 'id')} (${status})`, error, next].filter(Boolean).join(': ')];
  });
  return waiting.length === 0 ? null : waiting.join(' · ');
}

function keeperWords({ snapshot, since }: ActorState, now: number | null): string | null {
  const state = valueWords(snapshot.value);
  const reason = text(snapshot.context, 'reason');
  if (state === 'waiting') {
    const dueAt = since + (count(snapshot.context, 'delayMs') ?? 0);
    return [`the next try${now === null ? '' : ` ${inTime(dueAt - now)}`}`, reason]
      .filter(Boolean)
      .join('; it ended: ');
  }
  if (state === 'idle') return reason === '' ? 'its turn' : `its turn; it ended: ${reason}`;
  const on = text(snapshot.context, 'waitingOn');
  if (state === 'alive › starting') return on === '' ? 'its child to be ready' : on;
  return null;
}

function attemptWords(actor: ActorState, now: number | null): string | null {
  const { context } = actor.snapshot;
  const tone = toneOf(actor);
  // One that has failed waits for nothing more.
  if (tone === 'good' || tone === 'none' || tone === 'bad') return null;
  const [attempt, of] = [count(context, 'attempt') ?? 0, count(context, 'of')];
  const tries = `attempt ${String(attempt)}${of === null ? '' : ` of ${String(of)}`}`;
  return [
    attempt === 0 ? 'its first attempt' : tries,
    errorOf(actor) ?? '',
    inWords(context, 'nextAttemptAt', now),
    inWords(context, 'deadlineAt', now, 'given up')
  ]
    .filter(Boolean)
    .join('; ');
}

function deliveryWords({ snapshot, since }: ActorState, now: number | null): string | null {
  switch (valueWords(snapshot.value)) {
    case 'waiting': {
      const dueAt = since + (count(snapshot.context, 'graceMs') ?? 0);
      if (now === null) return 'a subscriber';
      return `a subscriber; without one its messages are undelivered ${inTime(dueAt - now)}`;
    }
    case 'asking':
      return 'the other nodes to say that nobody is subscribed there either';
    case 'undelivered':
      return 'a subscriber: its messages have found nobody, and an incident is open';
    case 'flushing':
      return 'the messages it held to be given to its subscribers';
    default:
      return null;
  }
}

function inWords(
  value: Json | undefined,
  name: string,
  now: number | null,
  what = 'again'
): string {
  const at = count(value, name);
  return at === null || now === null ? '' : `${what} ${inTime(at - now)}`;
}
