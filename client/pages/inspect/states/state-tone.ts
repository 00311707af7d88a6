/** How well an actor is, by the tags of its states; the colour of its chip. */
import type { Tone } from '../../shared/tone.js';
import type { ActorState } from './actor-state.js';
import { activeIds, valueWords } from './active-states.js';

/** Tags that have a colour, the worst first. */
const TAG_TONES: readonly (readonly [tag: string, tone: Tone])[] = [
  ['failed', 'bad'],
  ['degraded', 'warn'],
  ['draining', 'warn'],
  ['initializing', 'busy'],
  ['holding', 'warn'],
  ['ready', 'good'],
  ['watched', 'good']
];

/** Colour of an actor. */
export function toneOf({ snapshot, chart }: Pick<ActorState, 'snapshot' | 'chart'>): Tone {
  if (snapshot.status === 'error') return 'bad';
  if (snapshot.status !== 'active') return 'none';
  if (chart === 'delivery' && activeIds(snapshot.value).has('undelivered')) return 'bad';
  if (chart === 'monitor') return monitorTone(activeIds(snapshot.value));
  const { tags = [] } = snapshot;
  const tone = TAG_TONES.find(([tag]) => tags.includes(tag))?.[1];
  return tone ?? (chart === 'keeper' ? keeperTone(valueWords(snapshot.value)) : 'none');
}

/** The state of an actor in words: what it is in, or how it ended; of one without a chart, that it is at work. */
export function stateWords({ snapshot }: Pick<ActorState, 'snapshot'>): string {
  const words = valueWords(snapshot.value);
  if (snapshot.status === 'active') return words === '' ? 'at work' : words;
  return words === '' ? snapshot.status : `${words} (${snapshot.status})`;
}

/** The same where there is little room: no more than the two innermost states. */
export function shortStateWords(state: Pick<ActorState, 'snapshot'>): string {
  return stateWords(state).split(' › ').slice(-2).join(' › ');
}

/** A monitor is ready whatever it has found: its colour is that of the worst finding. */
function monitorTone(is: ReadonlySet<string>): Tone {
  if (is.has('refused') || is.has('watching.critical') || is.has('watching.failed')) return 'bad';
  if (is.has('watching.warning')) return 'warn';
  if (is.has('checking')) return 'busy';
  return is.has('watching') ? 'good' : 'none';
}

/** A keeper has no tags: it is the child that feels well or not. */
function keeperTone(words: string): Tone {
  if (words === 'alive › up') return 'good';
  if (words.startsWith('alive')) return 'busy';
  return words === 'waiting' ? 'warn' : 'none';
}
