/**
 * Watches the event loop from a thread of its own while modules of the operator run in this process: one that never
 * returns is named in the log, which the event loop itself could not do any more.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { LoopMarks } from '../../../../actors/agents/seeing/loop-marks.js';
import type { Clock } from '../../../../actors/clock.js';
import type { Logger } from '../../../../actors/log-line.js';
import { BOARD_BYTES, LoopBoard } from './loop-board.js';
import { LOOK_MS } from './loop-judge.js';
import type { LoopWorkerData } from './loop-worker.js';

const IS_BUILT = extname(import.meta.url) === '.js';
const WORKER_FILE = new URL(
  IS_BUILT ? './loop-worker.js' : './loop-worker-from-source.mjs',
  import.meta.url
);

/** Heap of the thread in megabytes: it holds a few texts. */
const THREAD_HEAP_MB = 16;

/** A started thread. */
export interface LoopThread {
  /** Ends the thread. */
  end(): Promise<void>;
}

/** Starts the thread; a spec has its own. `failed` is called when it ends by itself. */
export type StartLoopThread = (
  data: LoopWorkerData,
  failed: (reason: string) => void
) => LoopThread;

/** Options of {@link LoopWatch}. */
export interface LoopWatchOptions {
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly logger: Pick<Logger, 'warn'>;
  readonly format: 'json' | 'pretty';
  readonly isQuiet: boolean;
  readonly startThread?: StartLoopThread;
}

/** Watches between `start` and `stop`. */
export class LoopWatch implements LoopMarks {
  private readonly options: LoopWatchOptions;
  private readonly memory = new SharedArrayBuffer(BOARD_BYTES);
  private readonly board = new LoopBoard(this.memory);
  private readonly loading = new Set<string>();
  private openAgents: readonly string[] = [];
  private thread: LoopThread | null = null;
  private timer: unknown = null;

  constructor(options: LoopWatchOptions) {
    this.options = options;
  }

  start(): void {
    if (this.thread !== null) return;
    const { format, isQuiet, logger, startThread = startWorker } = this.options;
    this.beat();
    this.thread = startThread({ memory: this.memory, format, isQuiet }, (reason) => {
      const fields = { actor: 'agents', reason };
      logger.warn('The event loop is not watched any more: the thread has ended', fields);
    });
  }

  async stop(): Promise<void> {
    this.options.clock.clearTimeout(this.timer);
    const { thread } = this;
    this.thread = null;
    await thread?.end();
  }

  enter(run: string): void {
    this.board.enter(run);
  }

  leave(): void {
    this.board.leave();
  }

  open(agents: readonly string[]): void {
    this.openAgents = agents;
    this.surround();
  }

  /** Loads a module; if it blocks the event loop at its top, it is named. */
  async whileLoading<T>(path: string, load: () => Promise<T>): Promise<T> {
    this.loading.add(path);
    this.surround();
    try {
      return await load();
    } finally {
      this.loading.delete(path);
      this.surround();
    }
  }

  private beat(): void {
    this.board.beat();
    this.timer = this.options.clock.setTimeout(() => {
      this.beat();
    }, LOOK_MS);
  }

  private surround(): void {
    this.board.surround({ loading: [...this.loading], open: this.openAgents });
  }
}

function startWorker(data: LoopWorkerData, failed: (reason: string) => void): LoopThread {
  let isOver = false;
  const worker = new Worker(WORKER_FILE, {
    name: 'loop-watch',
    // Do not pass the process's flags on: they are for its own program, and a thread refuses some of them.
    execArgv: [],
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB }
  });
  worker.unref();
  const over = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    failed(reason);
  };
  worker.on('error', (error) => {
    over(error instanceof Error ? error.message : String(error));
  });
  worker.on('exit', (code) => {
    over(`its thread exited with code ${String(code)}`);
  });
  return {
    end: async () => {
      isOver = true;
      await worker.terminate();
    }
  };
}
