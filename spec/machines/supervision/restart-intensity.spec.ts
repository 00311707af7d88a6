import { expect } from 'chai';
import fc from 'fast-check';
import { isOver, withRestart } from '../../../machines/supervision/restart-intensity.js';

const LIMIT = { restarts: 2, withinMs: 100 };

describe('withRestart', () => {
  it('adds the newest and leaves out what is as old as the window', () => {
    expect(withRestart([0, 1], 100, LIMIT)).to.deep.equal([1, 100]);
  });

  it('keeps no more than one over the limit', () => {
    expect(withRestart([1, 2, 3], 4, LIMIT)).to.deep.equal([2, 3, 4]);
  });
});

describe('isOver', () => {
  it('is so with one restart more than allowed, and not before', () => {
    expect([isOver([1, 2], LIMIT), isOver([1, 2, 3], LIMIT)]).to.deep.equal([false, true]);
  });

  it('is so exactly when more than allowed fall into one window, however they come', () => {
    const gaps = fc.array(fc.nat(150), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(gaps, fc.nat(4), (between, restarts) => {
        const limit = { restarts, withinMs: 100 };
        const all: number[] = [];
        let kept: readonly number[] = [];
        let at = 0;
        for (const gap of between) {
          at += gap;
          all.push(at);
          kept = withRestart(kept, at, limit);
          const inWindow = all.filter((moment) => at - moment < limit.withinMs).length;
          expect(isOver(kept, limit)).to.equal(inWindow > restarts);
        }
      })
    );
  });
});
