/** Decides the colour and the words for an actor's state. */
import type { Tone } from '../../shared/tone.js';
import type { ActorState } from './actor-state.js';
import { activeIds, valueWords } from './active-states.js';

/** Colours of tags, the worst first: of several tags the first in this list decides. */
const TAG_TONES: readonly (readonly [tag: string, tone: Tone])[] = [
  ['failed', 'bad'],
  ['degraded', 'warn'],
  ['draining', 'busy'],
  ['initializing', 'busy'],
  ['holding', 'warn'],
  ['ready', 'good'],
  ['watched', 'good']
];

/** Returns the colour of an actor; `none` when nothing says how well it is. */
export function toneOf({ snapshot, chart }: Pick<ActorState, 'snapshot' | 'chart'>): Tone {
  if (snapshot.status === 'error') return 'bad';
  if (snapshot.status !== 'active') return 'none';
  if (chart === 'delivery' && activeIds(snapshot.value).has('undelivered')) return 'bad';
  if (chart === 'monitor') return monitorTone(activeIds(snapshot.value));
  const { tags = [] } = snapshot;
  const tone = TAG_TONES.find(([tag]) => tags.includes(tag))?.[1];
  return tone ?? (chart === 'keeper' ? keeperTone(valueWords(snapshot.value)) : 'none');
}

/** Returns an actor's state, and how it ended if it has: `ready`, `draining (done)`; `at work` without a chart. */
export function stateWords({ snapshot }: Pick<ActorState, 'snapshot'>): string {
  const words = valueWords(snapshot.value);
  if (snapshot.status === 'active') return words === '' ? 'at work' : words;
  return words === '' ? snapshot.status : `${words} (${snapshot.status})`;
}

/** Returns the two innermost states only, where there is little room. */
export function shortStateWords(state: Pick<ActorState, 'snapshot'>): string {
  return stateWords(state).split(' › ').slice(-2).join(' › ');
}

/** A monitor is tagged `ready` whatever it finds, so its colour comes from its worst finding. */
function monitorTone(is: ReadonlySet<string>): Tone {
  if (is.has('refused') || is.has('watching.critical') || is.has('watching.failed')) return 'bad';
  if (is.has('watching.warning')) return 'warn';
  if (is.has('checking')) return 'busy';
  return is.has('watching') ? 'good' : 'none';
}

/** A keeper has no tags: its colour says whether its child is up, starting or waiting for a restart. */
function keeperTone(words: string): Tone {
  if (words === 'alive › up') return 'good';
  if (words.startsWith('alive')) return 'busy';
  return words === 'waiting' ? 'warn' : 'none';
}
