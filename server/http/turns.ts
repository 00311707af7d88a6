/** Most requests of one kind at once, and most that wait for them: the limit of searches, reports and journeys. */

/** Too many requests wait already; nothing was run. */
export class BusyError extends Error {}

/** Options of {@link Turns}. */
export interface TurnsOptions {
  /** Most works that run at once. */
  readonly running: number;
  /** Most works in the queue; 0 refuses whatever cannot run at once. */
  readonly waiting: number;
  /** Message of {@link BusyError}. */
  readonly busy: string;
}

/** Runs a few works at once, queues some in the order in which they came, and refuses others. */
export class Turns {
  private readonly options: TurnsOptions;
  private working = 0;
  private readonly queue: (() => void)[] = [];

  constructor(options: TurnsOptions) {
    this.options = options;
  }

  /**
   * Runs the work when it is its turn.
   * @throws {BusyError} when the queue is full
   */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.working < this.options.running) this.working++;
    else if (this.queue.length < this.options.waiting) {
      await new Promise<void>((resolve) => this.queue.push(resolve));
    } else throw new BusyError(this.options.busy);
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      // Pass the place to the next in the queue, so that a new request cannot overtake it.
      if (next === undefined) this.working--;
      else next();
    }
  }
}
