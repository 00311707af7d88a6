/** Turns XState's state values into ids of states (`starting.services`) and into words. */
import type { ShownValue } from '../../../../protocol/inspection.js';

/** Deepest nesting that is read. The deepest chart of Rollcall has 4 levels; a hostile recording may have more. */
const DEPTH_MAX = 12;

/** Returns the ids of all active states, with the root's, which is the empty text. */
export function activeIds(value: ShownValue | undefined): ReadonlySet<string> {
  const ids = new Set(['']);
  const collect = (inner: ShownValue, path: string, depth: number): void => {
    if (depth > DEPTH_MAX) return;
    if (typeof inner === 'string') {
      if (inner !== '') ids.add(joined(path, inner));
      return;
    }
    for (const [key, deeper] of Object.entries(inner)) {
      ids.add(joined(path, key));
      collect(deeper, joined(path, key), depth + 1);
    }
  };
  if (value !== undefined) collect(value, '', 0);
  return ids;
}

/** Returns the ids of the active states without active children. */
export function activeLeaves(value: ShownValue | undefined): string[] {
  const ids = [...activeIds(value)].filter((id) => id !== '');
  return ids.filter((id) => !ids.some((other) => other.startsWith(`${id}.`)));
}

/** Writes a state value for people: `starting › services`, parallel states joined by ` + `. */
export function valueWords(value: ShownValue | undefined): string {
  return activeLeaves(value)
    .map((id) => id.replaceAll('.', ' › '))
    .join(' + ');
}

function joined(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
