import { expect } from 'chai';
import { systemClock } from '../../../client/sdk/clock.js';

describe('systemClock', () => {
  // Timers of Node and of browsers fire at once when the delay is 2 ** 31 ms or more.
  for (const delayMs of [2 ** 31, 1e12, 1e300, Infinity]) {
    it(`waits when it is to wait for ${String(delayMs)} ms`, () => {
      const real = globalThis.setTimeout;
      const asked: unknown[] = [];
      Reflect.set(globalThis, 'setTimeout', (_work: () => void, ms: number) => {
        asked.push(ms);
      });
      try {
        systemClock.after(delayMs, () => undefined)();
      } finally {
        globalThis.setTimeout = real;
      }
      expect(asked).to.eql([2 ** 31 - 1]);
    });
  }
});
