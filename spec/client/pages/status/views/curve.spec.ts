import { expect } from 'chai';
import {
  Curve,
  CURVE_MIN_MS,
  CURVE_MS,
  SAMPLES_MAX
} from '../../../../../client/pages/status/views/curve.js';

describe('Curve', () => {
  it('draws the largest number at the top and the latest at the end', () => {
    const curve = new Curve();
    curve.add(0, 0);
    curve.add(30_000, 10);
    curve.add(60_000, 5);
    expect(curve.draw(CURVE_MIN_MS).line).to.equal('M0 28L50 2L100 15');
    expect(curve.draw(CURVE_MIN_MS).area).to.equal('M0 28L50 2L100 15V30H0Z');
  });

  it('leaves a hole where there was no answer, or nobody asked', () => {
    const curve = new Curve();
    curve.add(0, 1);
    curve.add(1_000, null);
    curve.add(2_000, 1);
    curve.add(58_000, 1);
    expect(curve.draw(CURVE_MIN_MS).line.match(/M/g)).to.have.length(3);
    expect(curve.latest).to.equal(1);
  });

  it('draws nothing when there is nothing', () => {
    expect(new Curve().draw(0)).to.eql({ line: '', area: '' });
    expect(new Curve().latest).to.equal(null);
  });

  it('forgets what is older than its time, and more than its bound', () => {
    const curve = new Curve();
    for (let at = 0; at < 2 * SAMPLES_MAX; at++) curve.add(at, at);
    expect(curve.size).to.equal(SAMPLES_MAX);
    expect(curve.peak).to.equal(2 * SAMPLES_MAX - 1);
    curve.draw(CURVE_MS + 2 * SAMPLES_MAX - 1);
    expect(curve.size).to.equal(1);
    curve.clear();
    expect(curve.size).to.equal(0);
  });
});
