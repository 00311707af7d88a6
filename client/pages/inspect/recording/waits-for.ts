/**
 * Says what an actor waits for, from its context: the answer to "why is it still initializing?". Times are Unix
 * milliseconds.
 */
import type { Json } from '../../../../protocol/inspection.js';
import { inTime } from '../../shared/duration.js';
import { activeIds, valueWords } from '../states/active-states.js';
import type { ActorState, ActorStates } from '../states/actor-state.js';
import { toneOf } from '../states/state-tone.js';

type Words = (actor: ActorState, now: number) => string | null;

/** How to say it for each machine. Actors of other machines wait for nothing. */
const WORDS: Readonly<Record<string, Words>> = {
  startup: startupWords,
  supervisor: supervisorWords,
  keeper: keeperWords,
  clickhouse: attemptWords,
  sink: attemptWords,
  delivery: deliveryWords,
  service: ({ snapshot }) => {
    const is = activeIds(snapshot.value);
    return is.has('starting') ? 'its own start to be over' : null;
  },
  handlers: ({ snapshot }) =>
    activeIds(snapshot.value).has('registering') ? 'the handlers to be registered' : null
};

/** Says what an actor waits for; null when that is nothing or unknown. */
export function waitsFor(actor: ActorState, now: number): string | null {
  const words = Object.hasOwn(WORDS, actor.chart ?? '') ? WORDS[actor.chart ?? ''] : undefined;
  const said = words?.(actor, now) ?? null;
  return said === '' ? null : said;
}

/** Most lines of {@link notWell}. */
const NOT_WELL_MAX = 8;

/** An actor that is not well, and the end of a sentence that says what it waits for or why; may be empty. */
export interface NotWell {
  readonly actor: ActorState;
  readonly words: string;
}

/** The innermost actors that are starting, failed or degraded. */
export function notWell(states: ActorStates, now: number): NotWell[] {
  const bad = [...states.values()].filter(isNotWell);
  const parents = new Set(bad.flatMap((actor) => linesAbove(states, actor)));
  return bad
    .filter(({ sessionId }) => !parents.has(sessionId))
    .slice(0, NOT_WELL_MAX)
    .map((actor) => ({ actor, words: notWellWords(actor, now) }));
}

function notWellWords(actor: ActorState, now: number): string {
  const awaited = waitsFor(actor, now);
  if (awaited !== null) return `waits for ${awaited}`;
  if (actor.chart === 'monitor') return 'has found something: see the status page';
  const error = errorOf(actor);
  if (error !== null) return `because of: ${error}`;
  return isStopping(actor) ? 'ends what it has begun' : '';
}

function isStopping({ snapshot: { value, tags = [] } }: ActorState): boolean {
  return tags.includes('draining') || activeIds(value).has('stopping');
}

function isNotWell(actor: ActorState): boolean {
  if (actor.thread !== null || actor.chart === null) return false;
  const tone = toneOf(actor);
  return tone === 'busy' || tone === 'warn' || tone === 'bad';
}

function linesAbove(states: ActorStates, { parentId }: ActorState): string[] {
  const above: string[] = [];
  let next = parentId;
  while (next !== null && above.length < 16) {
    above.push(next);
    next = states.get(next)?.parentId ?? null;
  }
  return above;
}

function startupWords({ snapshot }: ActorState): string | null {
  const phase = [...activeIds(snapshot.value)].find((id) => id.startsWith('starting.'));
  if (phase === undefined) return null;
  const on = text(snapshot.context, 'waitingOn');
  const name = phase.slice('starting.'.length);
  return on === '' ? `the phase ${name}` : `${on}, in the phase ${name}`;
}

function supervisorWords({ snapshot }: ActorState, now: number): string | null {
  const waiting = list(snapshot.context, 'children').flatMap((child) => {
    const status = text(child, 'status');
    if (status === 'ready' || status === '') return [];
    const error = text(child, 'error');
    const next = inWords(child, 'nextAttemptAt', now);
    return [[`${text(child, 'id')} (${status})`, error, next].filter(Boolean).join(': ')];
  });
  return waiting.length === 0 ? null : waiting.join(' · ');
}

function keeperWords({ snapshot, since }: ActorState, now: number): string | null {
  const state = valueWords(snapshot.value);
  const reason = text(snapshot.context, 'reason');
  if (state === 'waiting') {
    const left = since + (count(snapshot.context, 'delayMs') ?? 0) - now;
    return [`the next try ${inTime(left)}`, reason].filter(Boolean).join('; it ended: ');
  }
  if (state === 'idle') return reason === '' ? 'its turn' : `its turn; it ended: ${reason}`;
  const on = text(snapshot.context, 'waitingOn');
  if (state === 'alive › starting') return on === '' ? 'its child to be ready' : on;
  return null;
}

function attemptWords(actor: ActorState, now: number): string | null {
  const { context } = actor.snapshot;
  const tone = toneOf(actor);
  if (tone === 'good' || tone === 'none') return null;
  const [attempt, of] = [count(context, 'attempt') ?? 0, count(context, 'of')];
  const tries = `attempt ${String(attempt)}${of === null ? '' : ` of ${String(of)}`}`;
  return [
    attempt === 0 ? '' : tries,
    errorOf(actor) ?? '',
    inWords(context, 'nextAttemptAt', now),
    inWords(context, 'deadlineAt', now, 'given up')
  ]
    .filter(Boolean)
    .join('; ');
}

function deliveryWords({ snapshot, since }: ActorState, now: number): string | null {
  switch (valueWords(snapshot.value)) {
    case 'waiting': {
      const left = since + (count(snapshot.context, 'graceMs') ?? 0) - now;
      return `a subscriber; without one its messages are undelivered ${inTime(left)}`;
    }
    case 'undelivered':
      return 'a subscriber: its messages have found nobody, and an incident is open';
    case 'flushing':
      return 'the messages it held to be given to its subscribers';
    default:
      return null;
  }
}

function errorOf({ snapshot: { context, error } }: ActorState): string | null {
  const words = [text(context, 'error'), text(context, 'reason'), error ?? ''];
  return words.find((one) => one !== '') ?? null;
}

function field(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.entries<Json>(value).find(([key]) => key === name)?.[1];
}

function text(value: Json | undefined, name: string): string {
  const found = field(value, name);
  return typeof found === 'string' ? found : '';
}

function count(value: Json | undefined, name: string): number | null {
  const found = field(value, name);
  return typeof found === 'number' ? found : null;
}

function list(value: Json | undefined, name: string): readonly Json[] {
  const found = field(value, name);
  return typeof found === 'object' && found !== null ? Object.values<Json>(found) : [];
}

function inWords(value: Json | undefined, name: string, now: number, what = 'again'): string {
  const at = count(value, name);
  return at === null ? '' : `${what} ${inTime(at - now)}`;
}
