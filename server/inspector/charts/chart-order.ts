/**
 * Finds the transitions of a chart that go back, against the written order of its states. ELK would choose by itself,
 * but it does not know that a chart begins with its initial state or that its author chose an order. ELK gets backward
 * transitions reversed, so it has nothing left to choose.
 */
import type { ChartGraph } from './chart-graph.js';

/** Returns the ids of the transitions that go back. */
export function backwards({ nodes, edges }: ChartGraph): ReadonlySet<string> {
  // An initial state comes before its siblings, wherever it is written.
  const places = new Map(nodes.map(({ id, isInitial }, index) => [id, isInitial ? -1 : index]));
  const isBack = ({ source, target }: { readonly source: string; readonly target: string }) => {
    const step = stepOf(source, target);
    return step !== null && (places.get(step.to) ?? 0) < (places.get(step.from) ?? 0);
  };
  return new Set(edges.filter(isBack).map(({ id }) => id));
}

/** Returns the two sibling states that a transition goes between; null when one end contains the other. */
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
