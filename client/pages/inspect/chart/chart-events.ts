/** Lists the events that a chart handles, from its transitions. */
import type { ChartLayout } from '../../../../protocol/chart-layout.js';

/** The events that a chart handles, each list sorted by name. */
export interface TakenEvents {
  /** Handled in one of the active states. */
  readonly now: readonly string[];
  /** Handled in other states only. */
  readonly otherwise: readonly string[];
}

/**
 * Returns the events that can be sent to a chart. Events of XState itself (`xstate.…`) and wildcards are left out.
 * @param active ids of the active states
 */
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
