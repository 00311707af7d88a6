import { expect } from 'chai';
import { DeliveryCounts } from '../../../actors/monitor/delivery-counts.js';
import { DELIVERY_OUTCOMES } from '../../../machines/delivery/delivery-outcome.js';

describe('DeliveryCounts', () => {
  it('has every outcome at zero when nothing was counted', () => {
    expect(new DeliveryCounts().all()).to.deep.equal(
      Object.fromEntries(DELIVERY_OUTCOMES.map((outcome) => [outcome, 0]))
    );
  });

  it('adds one when no number is given, and as many as are given', () => {
    const counts = new DeliveryCounts();
    counts.add('held');
    counts.add('held', 3);
    counts.add('delivered', 0);
    expect(counts.of('held')).to.equal(4);
    expect(counts.of('delivered')).to.equal(0);
    expect(counts.all()['held']).to.equal(4);
  });

  it('gives a copy that later counts do not change', () => {
    const counts = new DeliveryCounts();
    const before = counts.all();
    counts.add('refused');
    expect(before['refused']).to.equal(0);
  });
});
