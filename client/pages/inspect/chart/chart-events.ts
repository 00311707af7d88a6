/** Events that a chart takes, read off its transitions. */
import type { ChartLayout } from '../../../../protocol/inspection.js';

/** Events by whether the chart takes them in the states that are active. */
export interface TakenEvents {
  readonly now: readonly string[];
  readonly otherwise: readonly string[];
}

/** Events of a chart that somebody may send: those of XState's own are not among them. */
export function takenEvents(
  { edges }: Pick<ChartLayout, 'edges'>,
  active: ReadonlySet<string>
): TakenEvents {
  const all = new Set<string>();
  const now = new Set<string>();
  for (const { id, source } of edges) {
    const event = id.slice(id.indexOf('|') + 1, id.lastIndexOf('|'));
    if (event === '' || event.startsWith('xstate.') || event.includes('*')) continue;
    all.add(event);
    if (active.has(source)) now.add(event);
  }
  return {
    now: [...now].sort(),
    otherwise: [...all].filter((event) => !now.has(event)).sort()
  };
}
