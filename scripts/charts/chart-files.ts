/** Makes the files of `docs/charts`: a page and a picture for each chart, and an overview. */
import { drawChart } from '../../client/pages/inspect/chart/chart-drawing.js';
import { drawn } from '../../client/pages/inspect/chart/drawn-element.js';
import type { ChartLayout } from '../../protocol/chart-layout.js';
import { layoutChart } from '../../server/inspector/charts/chart-elk.js';
import { chartGraph, type ChartGraph } from '../../server/inspector/charts/chart-graph.js';
import { chartStyle } from './chart-style.js';
import { CHARTS, type ExportedChart } from './charts.js';
import { mermaidText } from './mermaid-text.js';
import { svgText } from './svg-text.js';

const NOTE = '<!-- Written by `npm run charts`: change the machine, not this file. -->';

/** Returns the text of every file of `docs/charts` by its name. */
export async function chartFiles(
  layout: (graph: ChartGraph) => Promise<ChartLayout> = layoutChart
): Promise<ReadonlyMap<string, string>> {
  const files = new Map([['README.md', overview()]]);
  for (const chart of CHARTS) {
    const graph = chartGraph(chart.machine);
    files.set(`${chart.name}.svg`, picture(await layout(graph)));
    files.set(`${chart.name}.md`, page(chart, graph));
  }
  return files;
}

function picture(layout: ChartLayout): string {
  const { name, attributes, children } = drawChart(layout);
  const style = drawn('style', {}, [chartStyle()]);
  return `${svgText({ name, attributes, children: [style, ...children] })}\n`;
}

function overview(): string {
  const rows = CHARTS.map(({ name, machine, sentence }) => {
    const { nodes, edges } = chartGraph(machine);
    return `- [${name}](${name}.md) (${sizeOf(nodes.length, edges.length)}): ${sentence}`;
  });
  return `# The charts that run

${NOTE}

Each picture here is drawn from the machine that the server or the client runs, not from memory; a spec fails when one is
out of date. The inspector draws the same while they run, and shows where they are.

${rows.join('\n')}

How to read them: the dot points to where a state begins, a double border is an end, and what is around others is active
with them. Beside an arrow is its event or \`after\` its delay, the \`[guard]\` that must hold, and \`/\` the actions that it
brings about. Of several arrows for one event the first whose guard holds is taken, in the order of the machine's source.
What is written inside a state below its entry and exit is handled there, without leaving it.
`;
}

function sizeOf(states: number, transitions: number): string {
  return `${String(states - 1)} states, ${String(transitions)} transitions`;
}

function page({ name, folder, sentence }: ExportedChart, graph: ChartGraph): string {
  return `# ${name}

${NOTE}

${sentence} Source: [\`${folder}/${name}.machine.ts\`](../../${folder}/${name}.machine.ts).
All charts: [charts](README.md).

![The chart of ${name}](${name}.svg)

<details>
<summary>The same for Mermaid</summary>

\`\`\`mermaid
${mermaidText(graph)}
\`\`\`

</details>
`;
}
