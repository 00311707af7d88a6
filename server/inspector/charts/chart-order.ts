/**
 * Which transitions of a chart go back, against the order in which its states are written. ELK would decide that by
 * itself, but it knows neither that a chart begins with its initial state nor that whoever wrote it had an order in
 * mind; so what goes back is given to it the other way round, and nothing is left for it to decide.
 */
import type { ChartGraph } from './chart-graph.js';

/** Answers the ids of the transitions that go back. */
export function backwards({ nodes, edges }: ChartGraph): ReadonlySet<string> {
  // An initial state comes before all states beside it, wherever it is written.
  const places = new Map(nodes.map(({ id, isInitial }, index) => [id, isInitial ? -1 : index]));
  const isBack = ({ source, target }: { readonly source: string; readonly target: string }) => {
    const step = stepOf(source, target);
    return step !== null && (places.get(step.to) ?? 0) < (places.get(step.from) ?? 0);
  };
  return new Set(edges.filter(isBack).map(({ id }) => id));
}

/** The two states beside each other that a transition goes between; null when one of its ends holds the other. */
function stepOf(source: string, target: string): { from: string; to: string } | null {
  const from = keysOf(source);
  const to = keysOf(target);
  const parting = from.findIndex((key, index) => key !== to[index]);
  if (parting < 0 || parting >= to.length) return null;
  const upTo = (keys: readonly string[]) => keys.slice(0, parting + 1).join('.');
  return { from: upTo(from), to: upTo(to) };
}

function keysOf(id: string): string[] {
  return id === '' ? [] : id.split('.');
}
