import { expect } from 'chai';
import { duration, inTime, took } from '../../../../client/pages/shared/duration.js';

describe('duration', () => {
  it('names one or two units, as far as they matter', () => {
    const said = [-5, 999, 59_999, 60_000, 200_000, 3_600_000, 7_500_000, 90_000_000].map(duration);
    expect(said).to.eql([
      '0 s',
      '0 s',
      '59 s',
      '1 min',
      '3 min 20 s',
      '1 h',
      '2 h 5 min',
      '1 d 1 h'
    ]);
  });
});

describe('took', () => {
  it('is as exact as the length is worth', () => {
    const said = [0, 1.64, 9.96, 212.4, 999.6, 1_000, 4_249, 12_000, 65_000].map(took);
    expect(said).to.eql([
      '0 ms',
      '1.6 ms',
      '10 ms',
      '212 ms',
      '999 ms',
      '1.0 s',
      '4.2 s',
      '12 s',
      '1 min 5 s'
    ]);
  });
});

describe('inTime', () => {
  it('counts down to now, and is not there before its time', () => {
    expect([61_000, 4_000, 3_001, 1, 0, -900].map(inTime)).to.eql([
      'in 1 min 1 s',
      'in 4 s',
      'in 4 s',
      'in 1 s',
      'now',
      'now'
    ]);
  });
});
