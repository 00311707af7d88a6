import { expect } from 'chai';
import { pageGap, resumePoint, type ResumePoint } from '../../../actors/log/resume-point.js';
import type { Place } from '../../../protocol/place.js';

const HEAD = { epoch: 'x2', first: 4, last: 9, at: 1, owner: null };

const POINTS: readonly [string, Place, ResumePoint][] = [
  ['its own place', { epoch: 'x2', offset: 7 }, { cursor: 7, gap: null }],
  ['the newest message', { epoch: 'x2', offset: 9 }, { cursor: 9, gap: null }],
  ['an offset alone', { epoch: null, offset: 7 }, { cursor: 7, gap: null }],
  ['the last that was trimmed', { epoch: 'x2', offset: 3 }, { cursor: 3, gap: null }],
  [
    'one that was trimmed with others after it',
    { epoch: 'x2', offset: 1 },
    { cursor: 3, gap: { from: 2, to: 3, reason: 'trimmed' } }
  ],
  ['nothing, without an epoch', { epoch: null, offset: 0 }, { cursor: 3, gap: null }],
  [
    'nothing of its own epoch',
    { epoch: 'x2', offset: 0 },
    { cursor: 3, gap: { from: 1, to: 3, reason: 'trimmed' } }
  ],
  [
    'another epoch, at an offset that there is again',
    { epoch: 'x1', offset: 7 },
    { cursor: 3, gap: { from: 1, to: 7, reason: 'epoch' } }
  ],
  [
    'another epoch, of which it has seen nothing',
    { epoch: 'x1', offset: 0 },
    { cursor: 3, gap: null }
  ],
  [
    'an offset that there has not been',
    { epoch: null, offset: 10 },
    { cursor: 3, gap: { from: 1, to: 10, reason: 'epoch' } }
  ]
];

describe('resumePoint', () => {
  it('takes an offset alone for one of another epoch when there was ever one', () => {
    const head = { ...HEAD, isRenewed: true };
    const gap = { from: 1, to: 7, reason: 'epoch' };
    expect(resumePoint({ epoch: null, offset: 7 }, head)).to.deep.equal({ cursor: 3, gap });
    expect(resumePoint({ epoch: null, offset: 0 }, head)).to.deep.equal({ cursor: 3, gap: null });
    expect(resumePoint({ epoch: 'x2', offset: 7 }, head)).to.deep.equal({ cursor: 7, gap: null });
  });

  for (const [what, place, point] of POINTS) {
    it(`goes on after ${what}`, () => {
      expect(resumePoint(place, HEAD)).to.deep.equal(point);
    });
  }
});

describe('pageGap', () => {
  const trimmed = { from: 2, to: 3, reason: 'trimmed' } as const;

  it('is the gap at which the reader goes on, or the damage before the page', () => {
    expect(pageGap(null, null)).to.equal(null);
    expect(pageGap(trimmed, null)).to.equal(trimmed);
    expect(pageGap(null, { from: 4, to: 5 })).to.eql({ from: 4, to: 5, reason: 'damaged' });
  });

  it('says which part of it is damaged when the first kept messages are, after what was trimmed', () => {
    expect(pageGap(trimmed, { from: 4, to: 5 })).to.eql({
      from: 2,
      to: 5,
      reason: 'trimmed',
      damaged: { from: 4, to: 5 }
    });
  });
});
