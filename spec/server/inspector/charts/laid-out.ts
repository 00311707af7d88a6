import { createMachine } from 'xstate';
import { CHARTS } from '../../../../scripts/charts/charts.js';
import type { ChartLayout } from '../../../../protocol/inspection.js';
import { layoutChart } from '../../../../server/inspector/charts/chart-elk.js';
import { chartGraph, type ChartGraph } from '../../../../server/inspector/charts/chart-graph.js';

const layouts = new Map<string, Promise<ChartLayout>>();

/** The layout of a chart, made once for all specs: it takes a while. */
export function laidOut(graph: ChartGraph): Promise<ChartLayout> {
  const layout = layouts.get(graph.hash) ?? layoutChart(graph);
  layouts.set(graph.hash, layout);
  return layout;
}

/** A chart with what none of ours has: states that are active at once, a history, and ways that leave and come back. */
export const unusualMachine = createMachine({
  id: 'unusual',
  type: 'parallel',
  on: { both: { target: ['.left.off', '.right.low'] } },
  states: {
    left: {
      initial: 'on',
      on: { again: { target: 'left', reenter: true }, reset: '.off' },
      states: {
        on: { on: { toggle: 'off', 'level.<b>&"x"': { actions: 'note' } } },
        off: { on: { toggle: 'on', same: { target: 'off', reenter: true } } },
        was: { type: 'history', history: 'deep' }
      }
    },
    right: {
      initial: 'low',
      states: {
        low: { after: { 250: 'high', 60_000: 'low' } },
        high: { tags: ['hot', 'ready'], on: { toggle: { target: '#unusual.left.was' } } }
      }
    }
  }
});

/** The graphs of all charts that run, and of one that has what they have not. */
export const GRAPHS: readonly ChartGraph[] = [
  ...CHARTS.map(({ machine }) => chartGraph(machine)),
  chartGraph(unusualMachine)
];
