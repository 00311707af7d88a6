import type { Fate } from './fates.js';
import { named } from './presence-words.js';

/** Returns in words what has become of one's own message. */
export function fateWords(fate: Fate): string {
  if (fate.state === 'stored') return 'Stored';
  if (fate.state === 'delivered') return 'Delivered';
  return `Read by ${named(fate.by)}`;
}

/** Signs for it on the screen; screen readers get the words. */
export function fateSign({ state }: Fate): string {
  return state === 'stored' ? '✓' : '✓✓';
}
