import type { LoopDelay } from '../../../actors/monitor/event-loop-delay.js';

/** An event loop that is as late as the spec says. */
export class FakeLoop implements LoopDelay {
  worstMs = 0;
  isRunning = false;

  start(): void {
    this.isRunning = true;
  }

  stop(): void {
    this.isRunning = false;
  }

  takeWorstMs(): number {
    const { worstMs } = this;
    this.worstMs = 0;
    return worstMs;
  }
}
