/** Makes the layout files that are shipped with the server: one per chart, with the layouts of all its machines. */
import type { ChartLayout } from '../../protocol/chart-layout.js';
import { layoutChart } from '../../server/inspector/charts/chart-elk.js';
import { chartGraph, type ChartGraph } from '../../server/inspector/charts/chart-graph.js';
import { SHIPPED } from './charts.js';

/** Returns the text of every layout file by its name. */
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

/** Writes a layout as JSON with one state or transition per line, so that a diff can be read. */
function layoutText({ nodes, edges, initials, ...rest }: ChartLayout): string {
  const lists = Object.entries({ nodes, edges, initials }).map(
    ([name, list]) => `"${name}":[\n${list.map((one) => JSON.stringify(one)).join(',\n')}\n]`
  );
  return `${JSON.stringify(rest).slice(0, -1)},${lists.join()}}`;
}
