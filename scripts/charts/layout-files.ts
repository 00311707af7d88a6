/** The files of layouts that are shipped: one for each machine, with one layout for each of its charts. */
import type { ChartLayout } from '../../protocol/inspection.js';
import { layoutChart } from '../../server/inspector/charts/chart-elk.js';
import { chartGraph, type ChartGraph } from '../../server/inspector/charts/chart-graph.js';
import { SHIPPED } from './charts.js';

/** Text of every file of layouts, by its name. */
export async function layoutFiles(
  layout: (graph: ChartGraph) => Promise<ChartLayout> = layoutChart
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const [name, machines] of SHIPPED) {
    const layouts: ChartLayout[] = [];
    for (const machine of machines) layouts.push(await layout(chartGraph(machine)));
    files.set(`${name}.json`, `[${layouts.map(layoutText).join()}]\n`);
  }
  return files;
}

/** The JSON of a layout with one state or transition on each line, so that a change can be read. */
function layoutText({ nodes, edges, initials, ...rest }: ChartLayout): string {
  const lists = Object.entries({ nodes, edges, initials }).map(
    ([name, list]) => `"${name}":[\n${list.map((one) => JSON.stringify(one)).join(',\n')}\n]`
  );
  return `${JSON.stringify(rest).slice(0, -1)},${lists.join()}}`;
}
