import { createMachine } from 'xstate';
import { CHARTS } from '../../../../scripts/charts/charts.js';
import type { ChartLayout } from '../../../../protocol/chart-layout.js';
import { layoutChart } from '../../../../server/inspector/charts/chart-elk.js';
import { chartGraph, type ChartGraph } from '../../../../server/inspector/charts/chart-graph.js';

const layouts = new Map<string, Promise<ChartLayout>>();

/** Returns the layout of a chart. It is made once for all specs, because that takes a while. */
export function laidOut(graph: ChartGraph): Promise<ChartLayout> {
  const layout = layouts.get(graph.hash) ?? layoutChart(graph);
  layouts.set(graph.hash, layout);
  return layout;
}

/** A chart with features that none of ours has: parallel states, history, and transitions that leave and re-enter. */
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

/** The graphs of all our charts and of {@link unusualMachine}. */
export const GRAPHS: readonly ChartGraph[] = [
  ...CHARTS.map(({ machine }) => chartGraph(machine)),
  chartGraph(unusualMachine)
];
