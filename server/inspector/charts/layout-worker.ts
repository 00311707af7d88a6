/** Lays charts out in a thread of its own, one after the other, so that the chat's event loop does not wait for ELK. */
import { parentPort } from 'node:worker_threads';
import type { ChartLayout } from '../../../protocol/inspection.js';
import { layoutChart } from './chart-elk.js';
import type { ChartGraph } from './chart-graph.js';

/** What is answered for each chart: its layout, or why there is none. */
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
