import { firstGrapheme, safeName } from '../../sdk/safe-name.js';

/** Number of avatar colours (`tint-0` … in the style sheet). */
export const TINTS = 8;

/** Returns one or two initials of a name. */
export function initials(name: string): string {
  const words = safeName(name)
    .split(/[\s._@-]+/)
    .filter((word) => word !== '');
  const letters = words.slice(0, 2).map(firstGrapheme);
  return letters.join('').toUpperCase() || '?';
}

/** Returns the colour of a name, always the same: from 0 to {@link TINTS} - 1. */
export function tint(name: string): number {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return hash % TINTS;
}
