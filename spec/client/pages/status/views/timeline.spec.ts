import { expect } from 'chai';
import fc from 'fast-check';
import type { PhaseReport } from '../../../../../client/pages/status/report/report.js';
import { lasted, layOut } from '../../../../../client/pages/status/views/timeline.js';

function phase(name: string, startedAtMs: number | null, tookMs: number | null): PhaseReport {
  return { name, startedAtMs, tookMs, status: 'done' };
}

describe('layOut', () => {
  it('draws every phase to scale', () => {
    const { bars } = layOut([phase('a', 20, 80), phase('b', 100, 100)], 5_000);
    expect(bars.get('a')).to.eql({ leftPercent: 10, widthPercent: 40 });
    expect(bars.get('b')).to.eql({ leftPercent: 50, widthPercent: 50 });
  });

  it('lets the phase under way reach up to now, and draws none that is to come', () => {
    const phases = [phase('a', 0, 100), phase('b', 100, null), phase('c', null, null)];
    const { bars } = layOut(phases, 400);
    expect(bars.get('a')).to.eql({ leftPercent: 0, widthPercent: 25 });
    expect(bars.get('b')).to.eql({ leftPercent: 25, widthPercent: 75 });
    expect(bars.has('c')).to.equal(false);
  });

  it('marks the axis at round times', () => {
    const { ticks } = layOut([phase('a', 0, 2_264)], 0);
    expect(ticks.map(({ atMs }) => atMs)).to.eql([0, 500, 1_000, 1_500, 2_000]);
  });

  it('has an axis before anything has begun', () => {
    const { bars, ticks } = layOut([phase('a', null, null)], 0);
    expect(bars.size).to.equal(0);
    expect(ticks.map(({ atMs }) => atMs)).to.eql([0, 2, 4, 6, 8, 10]);
  });

  it('stays within the axis with a handful of marks, however long the phases are', () => {
    const span = fc.record({
      at: fc.nat({ max: 100_000_000 }),
      ms: fc.option(fc.nat({ max: 100_000_000 }))
    });
    fc.assert(
      fc.property(fc.array(span, { maxLength: 6 }), fc.nat(), (spans, nowMs) => {
        const phases = spans.map(({ at, ms }, index) => phase(String(index), at, ms));
        const { bars, ticks } = layOut(phases, nowMs);
        expect(bars.size).to.equal(phases.length);
        expect(ticks).to.have.length.within(2, 6);
        for (const { leftPercent, widthPercent } of bars.values()) {
          expect(leftPercent).to.be.within(0, 100);
          expect(widthPercent).to.be.within(0, 100);
          expect(leftPercent + widthPercent).to.be.at.most(100.000_001);
        }
        for (const { leftPercent } of ticks) expect(leftPercent).to.be.within(0, 100);
      })
    );
  });
});

describe('lasted', () => {
  it('is what it took, or the time until now, or nothing', () => {
    expect(lasted(phase('a', 10, 5), 100)).to.equal(5);
    expect(lasted(phase('a', 10, null), 100)).to.equal(90);
    expect(lasted(phase('a', null, null), 100)).to.equal(null);
  });
});
