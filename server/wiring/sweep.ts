/**
 * The sweep, a supervised child: once a second, while the server serves, it calls each part to check what changes with
 * time alone, such as deadlines, idle threads and incidents that are over. A part that throws fails the sweep, and its
 * supervisor restarts it.
 */
import type { Clock } from '../../actors/clock.js';
import type { Service } from '../../actors/service.js';
import { reasonOf } from '../../machines/reason.js';
import { SWEEP_MS } from '../chat/connections.js';

/** Options of {@link Sweep}. */
export interface SweepOptions {
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  /** The sweep does nothing while this returns false: parts come and go then, and a drain has deadlines of its own. */
  readonly isServing: () => boolean;
}

/** Calls every part once a second. */
export class Sweep implements Service {
  private readonly options: SweepOptions;
  private readonly looks: (() => void)[] = [];
  private timer: unknown = null;

  constructor(options: SweepOptions) {
    this.options = options;
  }

  /** Adds a part's check, after those added before. */
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
