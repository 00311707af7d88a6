/** Layouts of the running charts: shipped ones, and others that are computed once and cached. */
import type { AnyStateMachine } from 'xstate';
import type { ChartLayout } from '../../../protocol/chart-layout.js';
import { chartGraph, type ChartGraph } from './chart-graph.js';
import {
  ChartLayoutError,
  ChartTooLargeError,
  LayoutThread,
  type LayoutThreadOptions
} from './layout-thread.js';
import { shippedLayout } from './shipped-layouts.js';

/** Most states of a chart that is laid out. Our largest has 28; ten times as many cannot be read. */
export const CHART_STATES_MAX = 250;

/** Most transitions of a chart that is laid out; our largest has 50. */
export const CHART_EDGES_MAX = 500;

/**
 * Most cached layouts, some 20 kB each; the least recently used one is evicted first. A server runs eight charts, and
 * one more for each supervised child, since the keeper's chart contains the child's name.
 */
export const LAYOUTS_KEPT_MAX = 64;

/** Most charts in the queue, more than a server has; further ones are refused and may be asked for again. */
export const LAYOUTS_WAITING_MAX = 64;

/** Layouts of charts by hash. */
export class ChartLayouts {
  readonly #thread: LayoutThread;
  /** The least recently used one is first. */
  readonly #kept = new Map<string, ChartLayout>();
  /** Layouts being made; further requests for the same chart wait for the same promise. */
  readonly #promised = new Map<string, Promise<ChartLayout>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LayoutThreadOptions = {}) {
    this.#thread = new LayoutThread(options);
  }

  /** Whether the layout thread runs now. */
  get isAwake(): boolean {
    return this.#thread.isAwake;
  }

  /**
   * Returns the shipped or cached layout of a chart, or computes it.
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
    const shipped = shippedLayout(graph);
    if (shipped !== null) {
      this.#keep(shipped);
      return shipped;
    }
    return this.#promised.get(graph.hash) ?? this.#promise(graph);
  }

  /** Ends the thread; requests that wait for it fail. Shipped and cached layouts are still returned. */
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
