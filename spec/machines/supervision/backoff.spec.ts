import { expect } from 'chai';
import fc from 'fast-check';
import { fullJitterMs } from '../../../machines/supervision/backoff.js';

const BOUNDS = { baseMs: 500, maxMs: 30_000 };
const retry = fc.integer({ min: 1, max: 5_000 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('fullJitterMs', () => {
  it('doubles its ceiling with each retry until maxMs', () => {
    const ceilings = [1, 2, 3, 6, 7, 8, 2_000].map(
      (n) => fullJitterMs(n, 1 - 2 ** -53, BOUNDS) + 1
    );
    expect(ceilings).to.deep.equal([500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('stays a whole number in [0, maxMs] whatever the retry', () => {
    fc.assert(
      fc.property(retry, random, (n, chance) => {
        const ms = fullJitterMs(n, chance, BOUNDS);
        expect(Number.isInteger(ms)).to.equal(true);
        expect(ms).to.be.within(0, BOUNDS.maxMs);
      })
    );
  });

  it('spreads from 0 in proportion to the random number', () => {
    expect([0, 0.25, 0.5, 0.75].map((chance) => fullJitterMs(2, chance, BOUNDS))).to.deep.equal([
      0, 250, 500, 750
    ]);
  });

  for (const [what, run] of [
    ['a retry of 0', () => fullJitterMs(0, 0.5, BOUNDS)],
    ['a broken retry', () => fullJitterMs(1.5, 0.5, BOUNDS)],
    ['a random of 1', () => fullJitterMs(1, 1, BOUNDS)],
    ['a random that is no number', () => fullJitterMs(1, NaN, BOUNDS)],
    ['a negative bound', () => fullJitterMs(1, 0.5, { baseMs: -1, maxMs: 10 })]
  ] as const) {
    it(`refuses ${what} with the value it got`, () => {
      expect(run).to.throw(RangeError, /got/);
    });
  }
});
