import type { Fate } from './fates.js';
import { named } from './presence-words.js';

/** Says what has become of one's own message. */
export function fateWords(fate: Fate): string {
  if (fate.state === 'stored') return 'Stored';
  if (fate.state === 'delivered') return 'Delivered';
  return `Read by ${named(fate.by)}`;
}

/** A sign for it, for those who see it. */
export function fateSign({ state }: Fate): string {
  return state === 'stored' ? '✓' : '✓✓';
}
