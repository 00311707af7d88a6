/**
 * The sweep as a supervised child: once a second, while the server serves, each part looks at what time alone changes,
 * such as deadlines, idle threads and incidents that are over. A part that throws fails the sweep; its supervisor starts
 * it again.
 */
import type { Clock } from '../../actors/clock.js';
import type { Service } from '../../actors/service.js';
import { reasonOf } from '../../machines/reason.js';
import { SWEEP_MS } from '../chat/connections.js';

/** What the sweep works with. */
export interface SweepOptions {
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  /** While it answers false, nobody looks: parts come and go then, and a drain has deadlines of its own. */
  readonly isServing: () => boolean;
}

/** Lets every part look, again and again. */
export class Sweep implements Service {
  private readonly options: SweepOptions;
  private readonly looks: (() => void)[] = [];
  private timer: unknown = null;

  constructor(options: SweepOptions) {
    this.options = options;
  }

  /** Adds the look of a part, which comes after those that are there. */
  add(look: () => void): void {
    this.looks.push(look);
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  ready(crashed: (reason: string) => void): void {
    this.timer = this.options.clock.setTimeout(() => {
      try {
        this.sweep();
      } catch (error) {
        crashed(reasonOf(error));
        return;
      }
      this.ready(crashed);
    }, SWEEP_MS);
  }

  stop(): Promise<void> {
    this.options.clock.clearTimeout(this.timer);
    return Promise.resolve();
  }

  private sweep(): void {
    if (!this.options.isServing()) return;
    for (const look of this.looks) look();
  }
}
