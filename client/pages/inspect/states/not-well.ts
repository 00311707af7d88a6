/**
 * Finds what is not well at a moment: a headline, and a sentence for each such actor. Both use the past tense once the
 * server is gone, and must not contradict each other.
 */
import type { Word } from '../../shared/tone.js';
import { activeIds } from './active-states.js';
import { actorOf, ROOT_SUBJECT } from './actor-key.js';
import type { ActorState, ActorStates } from './actor-state.js';
import { errorOf, field, text } from './shown-context.js';
import { toneOf } from './state-tone.js';
import { waitsFor } from './waits-for.js';

/** Most lines of {@link notWell}. */
const NOT_WELL_MAX = 8;

/** Most ancestors of an actor that are checked; the tree is less deep. */
const ABOVE_MAX = 16;

/** An actor that is not well, and the rest of a sentence that begins with its name. */
export interface NotWell {
  readonly actor: ActorState;
  readonly words: string;
}

/** The headline and the actors. */
export interface Situation {
  readonly title: Word;
  readonly rows: readonly NotWell[];
}

interface Tense {
  /** Null when the server is gone: nothing is counted down any more. */
  readonly now: number | null;
  /** Whether the server ever served. */
  readonly hasServed: boolean;
}

/**
 * Returns what is not well; null when all actors are well. It names the innermost actors. If the root has failed, it comes
 * first, because the actor that was the cause has ended by then. `now` is null when the server is gone.
 */
export function situationOf(states: ActorStates, now: number | null): Situation | null {
  const root = actorOf(states, ROOT_SUBJECT);
  const { context } = root?.snapshot ?? {};
  const hasServed = field(context, 'served') === true;
  const failure = failureOf(root);
  const bad = [...states.values()].filter(isNotWell);
  const parents = new Set(bad.flatMap((actor) => linesAbove(states, actor)));
  const innermost = bad.filter(
    (actor) => !parents.has(actor.sessionId) && (failure === null || actor !== root)
  );
  const first = failure === null || root === null ? [] : [root];
  const rows = [...first, ...innermost]
    .slice(0, NOT_WELL_MAX)
    .map((actor) => ({ actor, words: wordsOf(actor, { now, hasServed }) }));
  if (rows.length === 0) return null;
  return { title: titleOf(root, rows, { now, hasServed }), rows };
}

function titleOf(
  root: ActorState | null,
  rows: readonly NotWell[],
  { now, hasServed }: Tense
): Word {
  const isGone = now === null;
  const { tags = [] } = root?.snapshot ?? {};
  if (failureOf(root) !== null) {
    const ending = isGone ? 'Ended by a failure' : 'Ending by a failure';
    return { tone: 'bad', text: hasServed ? ending : 'Failed to start' };
  }
  if (tags.includes('draining')) return word(isGone, 'busy', 'Stopping', 'Was stopping');
  if (tags.includes('initializing')) {
    return word(isGone, 'busy', 'Still initializing', 'Was still initializing');
  }
  const isBad = rows.some(({ actor }) => toneOf(actor) === 'bad');
  return word(isGone, isBad ? 'bad' : 'warn', 'Not well', 'Was not well');
}

function word(isGone: boolean, tone: Word['tone'], present: string, past: string): Word {
  return isGone ? { tone: 'none', text: past } : { tone, text: present };
}

function wordsOf(actor: ActorState, { now, hasServed }: Tense): string {
  const isGone = now === null;
  const failure = failureOf(actor);
  if (failure !== null) {
    const had = isGone ? 'had' : 'has';
    return `${hasServed ? `${had} to end` : 'could not start'} because of ${failure}`;
  }
  if (actor.chart === 'startup' && activeIds(actor.snapshot.value).has('ending.draining')) {
    return isGone ? 'was sending its clients away' : 'sends its clients away';
  }
  if (isStopping(actor)) {
    const error = errorOf(actor);
    const ends = isGone ? 'was ending what it had begun' : 'ends what it has begun';
    return error === null ? ends : `${ends}; its last fault: ${error}`;
  }
  const awaited = waitsFor(actor, now);
  if (awaited !== null) return `${isGone ? 'waited' : 'waits'} for ${awaited}`;
  if (actor.chart === 'monitor') {
    return `${isGone ? 'had' : 'has'} found something: see the status page`;
  }
  const error = errorOf(actor);
  const state = `${isGone ? 'was' : 'is'} not well`;
  return error === null ? `${state}, and says no reason` : `${state}, because of: ${error}`;
}

/** Why the root has failed; null when it has not, and for any other actor. */
function failureOf(actor: ActorState | null): string | null {
  if (actor?.chart !== 'startup') return null;
  const failure = field(actor.snapshot.context, 'failure');
  const error = text(failure, 'error');
  return error === '' ? null : `${text(failure, 'service')}: ${error}`;
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
  while (next !== null && above.length < ABOVE_MAX) {
    above.push(next);
    next = states.get(next)?.parentId ?? null;
  }
  return above;
}
