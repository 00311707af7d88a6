/** Lays charts out one after the other in a worker thread, so that the chat's event loop does not wait for ELK. */
import { parentPort } from 'node:worker_threads';
import type { ChartLayout } from '../../../protocol/chart-layout.js';
import { layoutChart } from './chart-elk.js';
import type { ChartGraph } from './chart-graph.js';

/** Answer for a chart: its layout, or why there is none. */
export type LayoutAnswer =
  | { readonly ok: true; readonly layout: ChartLayout }
  | { readonly ok: false; readonly reason: string };

async function answerOf(graph: ChartGraph): Promise<LayoutAnswer> {
  try {
    return { ok: true, layout: await layoutChart(graph) };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (graph: ChartGraph) => {
  void answerOf(graph).then((answer) => {
    parentPort?.postMessage(answer);
  });
});
