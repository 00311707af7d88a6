/** State values as ids of a chart's states, and in words. */
import type { ShownValue } from '../../../../protocol/inspection.js';

/** Deepest nesting of a state value that is followed: that of the deepest chart is 4. */
const DEPTH_MAX = 12;

/** Ids of all states that are active, the root's, which is empty, among them. */
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

/** Ids of the active states that have no active states in them. */
export function activeLeaves(value: ShownValue | undefined): string[] {
  const ids = [...activeIds(value)].filter((id) => id !== '');
  return ids.filter((id) => !ids.some((other) => other.startsWith(`${id}.`)));
}

/** A state value as it is written: `starting › services`; states side by side with a `+`. */
export function valueWords(value: ShownValue | undefined): string {
  return activeLeaves(value)
    .map((id) => id.replaceAll('.', ' › '))
    .join(' + ');
}

function joined(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
