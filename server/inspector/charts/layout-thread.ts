/**
 * The worker thread that lays charts out. It starts with the first layout and ends after an idle time. While idle it
 * does not keep the process alive. It runs one layout at a time.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { systemClock, type Clock } from '../../../actors/clock.js';
import type { ChartLayout } from '../../../protocol/chart-layout.js';
import type { ChartGraph } from './chart-graph.js';
import type { LayoutAnswer } from './layout-worker.js';

/**
 * Longest time of one layout, in milliseconds, including the start of the thread; ours take two seconds when both cores
 * are busy.
 */
export const LAYOUT_DEADLINE_MS = 15_000;

/**
 * How long the thread stays idle before it ends, in milliseconds: a viewer asks for several charts at once and then for
 * none.
 */
export const LAYOUT_IDLE_MS = 10_000;

/** Heap of the thread in megabytes: several times what the largest allowed chart needs. */
const THREAD_HEAP_MB = 256;

const IS_BUILT = extname(import.meta.url) === '.js';
const WORKER_FILE = new URL(
  IS_BUILT ? './layout-worker.js' : './layout-worker-from-source.mjs',
  import.meta.url
);

/** A chart cannot be laid out, or not now; the message says why. */
export class ChartLayoutError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = new.target.name;
  }
}

/** A chart is too large to lay out: it has too many states, or takes too long. */
export class ChartTooLargeError extends ChartLayoutError {}

/** Options of {@link LayoutThread}. */
export interface LayoutThreadOptions {
  readonly clock?: Clock | undefined;
  readonly deadlineMs?: number | undefined;
  readonly idleMs?: number | undefined;
  /** Program of the thread; specs use others. */
  readonly file?: URL | undefined;
}

interface InHand {
  readonly chart: ChartGraph;
  readonly resolve: (layout: ChartLayout) => void;
  readonly reject: (error: ChartLayoutError) => void;
}

/** A worker thread for layouts, started on demand. */
export class LayoutThread {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #idleMs: number;
  readonly #file: URL;
  #worker: Worker | null = null;
  #inHand: InHand | null = null;
  #timer: unknown = null;
  #isClosed = false;

  constructor({ clock, deadlineMs, idleMs, file }: LayoutThreadOptions = {}) {
    this.#clock = clock ?? systemClock;
    this.#deadlineMs = deadlineMs ?? LAYOUT_DEADLINE_MS;
    this.#idleMs = idleMs ?? LAYOUT_IDLE_MS;
    this.#file = file ?? WORKER_FILE;
  }

  /** Whether the thread runs now. */
  get isAwake(): boolean {
    return this.#worker !== null;
  }

  /**
   * Lays out one chart; the one before must be done.
   * @throws {ChartTooLargeError} when it takes too long
   * @throws {ChartLayoutError} when the thread fails, or has been closed
   */
  run(chart: ChartGraph): Promise<ChartLayout> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed || this.#inHand !== null) {
        reject(new ChartLayoutError(this.#isClosed ? CLOSED : 'another chart is being laid out'));
        return;
      }
      this.#inHand = { chart, resolve, reject };
      this.#worker ??= this.#start();
      // A caller waits for this; the deadline limits how long it keeps the process alive.
      this.#worker.ref();
      this.#worker.postMessage(chart);
      this.#arm(this.#deadlineMs, () => {
        void this.#end();
        const size = `${String(chart.nodes.length)} states and ${String(chart.edges.length)} transitions`;
        const reason = `the chart ${chart.chart} has ${size} and could not be laid out within ${String(this.#deadlineMs)} ms`;
        this.#settle()?.reject(new ChartTooLargeError(reason));
      });
    });
  }

  /** Ends the thread for good; a running layout fails. Resolves when the thread has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const ended = this.#end();
    this.#settle()?.reject(new ChartLayoutError(CLOSED));
    await ended;
  }

  #start(): Worker {
    const worker = new Worker(this.#file, {
      name: 'chart-layouts',
      // Do not pass the process's flags on: they are for its own program, and a thread refuses some of them.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB }
    });
    worker.on('message', (answer: LayoutAnswer) => {
      if (worker !== this.#worker) return;
      const inHand = this.#settle();
      this.#rest(worker);
      if (answer.ok) inHand?.resolve(answer.layout);
      else inHand?.reject(failure(inHand.chart, answer.reason));
    });
    const failed = (reason: string) => {
      if (worker !== this.#worker) return;
      this.#worker = null;
      const inHand = this.#settle();
      inHand?.reject(failure(inHand.chart, reason));
    };
    worker.on('error', (error) => {
      failed(error instanceof Error ? error.message : String(error));
    });
    worker.on('exit', (code) => {
      failed(`its thread exited with code ${String(code)}`);
    });
    return worker;
  }

  /** Ends the running layout, stops its timer and returns it. */
  #settle(): InHand | null {
    this.#clock.clearTimeout(this.#timer);
    const inHand = this.#inHand;
    this.#inHand = null;
    return inHand;
  }

  #rest(worker: Worker): void {
    worker.unref();
    this.#arm(this.#idleMs, () => {
      void this.#end();
    });
    if (canBeUnref(this.#timer)) this.#timer.unref();
  }

  #arm(delayMs: number, work: () => void): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(work, delayMs);
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }
}

const CLOSED = 'charts are no longer laid out: the server stops';

function failure({ chart }: ChartGraph, reason: string): ChartLayoutError {
  return new ChartLayoutError(`the chart ${chart} could not be laid out: ${reason}`);
}

/** Whether this is a timer of Node and not of a simulated clock. */
function canBeUnref(timer: unknown): timer is NodeJS.Timeout {
  return typeof timer === 'object' && timer !== null && 'unref' in timer;
}
