import type { ServerFrame } from '../../../../protocol/frames.js';
import type { Run } from './run.js';
import { NO_RUNS, changedRuns, reduceRuns, runList, type Runs } from './runs.js';

/** The known runs of agents in one thread. */
export class RunBook {
  #runs: Runs = NO_RUNS;
  #list: readonly Run[] | null = null;

  /** The active runs and the last 100 that ended, in the order of their start. */
  get all(): readonly Run[] {
    this.#list ??= runList(this.#runs);
    return this.#list;
  }

  /** Applies a frame of the thread, and returns the runs that it changed. */
  take(frame: ServerFrame): readonly Run[] {
    const before = this.#runs;
    this.#runs = reduceRuns(before, frame);
    if (this.#runs === before) return [];
    this.#list = null;
    return changedRuns(before, this.#runs);
  }
}
