import { expect } from 'chai';
import { Histogram } from '../../../actors/metrics/histogram.js';

describe('Histogram', () => {
  it('counts a value under the first bound that is not below it, and those above all bounds together', () => {
    const histogram = new Histogram([1, 10]);
    for (const value of [0, 1, 1.5, 10, 11, 5_000]) histogram.observe(value);
    expect([...histogram.counts]).to.eql([2, 2, 2]);
    expect(histogram.sum).to.equal(5_023.5);
  });

  it('allocates nothing when it counts: its array stays the same', () => {
    const histogram = new Histogram([1]);
    const { counts } = histogram;
    for (let value = 0; value < 1_000; value++) histogram.observe(value);
    expect(histogram.counts).to.equal(counts);
    expect(counts).to.have.length(2);
  });
});
