/** Layouts of the charts that run, each made once and kept while it is asked for. */
import type { AnyStateMachine } from 'xstate';
import type { ChartLayout } from '../../../protocol/inspection.js';
import { chartGraph, type ChartGraph } from './chart-graph.js';
import {
  ChartLayoutError,
  ChartTooLargeError,
  LayoutThread,
  type LayoutThreadOptions
} from './layout-thread.js';

/** Most states of a chart that is laid out: our largest has 28, and of ten times as many nobody sees anything. */
export const CHART_STATES_MAX = 250;

/** Most transitions of a chart that is laid out: our largest has 50. */
export const CHART_EDGES_MAX = 500;

/**
 * Layouts that are kept, of some 20 kB each; the one that has not been asked for longest gives way. A server runs eight
 * charts, and one more for each child that it supervises, since that child's name is in its keeper's chart.
 */
export const LAYOUTS_KEPT_MAX = 64;

/** Charts that may wait for their turn, more than a server has; others are refused, to be asked for again. */
export const LAYOUTS_WAITING_MAX = 64;

/** The layouts of charts, by their hash. */
export class ChartLayouts {
  readonly #thread: LayoutThread;
  /** The first is the one that has not been asked for longest. */
  readonly #kept = new Map<string, ChartLayout>();
  /** Whoever asks for what is on its way waits for the same. */
  readonly #promised = new Map<string, Promise<ChartLayout>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LayoutThreadOptions = {}) {
    this.#thread = new LayoutThread(options);
  }

  /** Whether there is a thread at the moment. */
  get isAwake(): boolean {
    return this.#thread.isAwake;
  }

  /**
   * Lays a chart out, or answers with the layout that there is.
   * @throws {ChartTooLargeError} when it has too many states or transitions, or takes too long
   * @throws {ChartLayoutError} when the thread failed, too many charts wait, or this is closed
   */
  async layout(chart: AnyStateMachine | ChartGraph): Promise<ChartLayout> {
    const graph = 'root' in chart ? chartGraph(chart) : chart;
    const kept = this.#kept.get(graph.hash);
    if (kept !== undefined) {
      this.#keep(kept);
      return kept;
    }
    return this.#promised.get(graph.hash) ?? this.#promise(graph);
  }

  /** Ends the thread; what waits for it is refused. */
  async close(): Promise<void> {
    await this.#thread.close();
  }

  async #promise(graph: ChartGraph): Promise<ChartLayout> {
    refuseTooLarge(graph);
    if (this.#promised.size >= LAYOUTS_WAITING_MAX) {
      const reason = `${String(LAYOUTS_WAITING_MAX)} charts wait to be laid out already`;
      throw new ChartLayoutError(`${reason}: ask for ${graph.chart} again in a moment`);
    }
    const layout = this.#last.then(() => this.#thread.run(graph));
    this.#promised.set(graph.hash, layout);
    this.#last = layout.then(
      () => undefined,
      () => undefined
    );
    try {
      this.#keep(await layout);
      return await layout;
    } finally {
      this.#promised.delete(graph.hash);
    }
  }

  #keep(layout: ChartLayout): void {
    this.#kept.delete(layout.hash);
    this.#kept.set(layout.hash, layout);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > LAYOUTS_KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }
}

function refuseTooLarge({ chart, nodes, edges }: ChartGraph): void {
  if (nodes.length <= CHART_STATES_MAX && edges.length <= CHART_EDGES_MAX) return;
  const size = `${String(nodes.length)} states and ${String(edges.length)} transitions`;
  const most = `${String(CHART_STATES_MAX)} and ${String(CHART_EDGES_MAX)}`;
  throw new ChartTooLargeError(`the chart ${chart} has ${size}: at most ${most} are drawn`);
}
