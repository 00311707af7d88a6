import { expect } from 'chai';
import { setTimeout as passed } from 'node:timers/promises';
import { EventLoopDelay, LOOP_RESOLUTION_MS } from '../../../actors/monitor/event-loop-delay.js';

/** How long the loop is blocked, in milliseconds. */
const BUSY_MS = 400;

/** Blocks the event loop. */
function keepBusy(): void {
  for (const until = performance.now() + BUSY_MS; performance.now() < until;);
}

describe('EventLoopDelay', () => {
  let delay: EventLoopDelay;

  beforeEach(async () => {
    delay = new EventLoopDelay();
    delay.start();
    // It measures from one sample to the next, so the first sample must have been taken.
    await passed(3 * LOOP_RESOLUTION_MS);
    delay.takeWorstMs();
  });

  afterEach(() => {
    delay.stop();
  });

  for (const [when, ms] of [
    ['at once after it was asked', 0],
    ['in between', 3 * LOOP_RESOLUTION_MS]
  ] as const) {
    it(`says how late the loop was ${when}, once, whether it has seen the end of that or not`, async () => {
      for (const seenMs of [0, 2 * LOOP_RESOLUTION_MS]) {
        const fromMs = performance.now();
        if (ms > 0) await passed(ms);
        keepBusy();
        if (seenMs > 0) await passed(seenMs);
        const worstMs = delay.takeWorstMs();
        const allMs = performance.now() - fromMs;
        expect(worstMs).to.be.within(
          BUSY_MS - 2 * LOOP_RESOLUTION_MS,
          allMs + 2 * LOOP_RESOLUTION_MS
        );
        await passed(2 * LOOP_RESOLUTION_MS);
        expect(delay.takeWorstMs()).to.be.lessThan(worstMs);
      }
    });
  }

  it('says nothing of the time that it did not measure', async () => {
    delay.stop();
    keepBusy();
    await passed(2 * LOOP_RESOLUTION_MS);
    expect(delay.takeWorstMs()).to.equal(0);
  });
});
