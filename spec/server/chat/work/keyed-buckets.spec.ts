import { expect } from 'chai';
import { BUCKETS_MAX, KeyedBuckets } from '../../../../server/chat/work/keyed-buckets.js';
import { PER_HOUR } from '../../../../server/chat/work/token-bucket.js';
import { VirtualClock } from '../../../virtual-clock.js';

describe('KeyedBuckets', () => {
  it('forgets buckets that are full again, so that many users of little take no memory', async () => {
    const clock = new VirtualClock();
    const buckets = new KeyedBuckets(100, clock);
    for (let n = 0; n < 3_000; n++) {
      buckets.charge(`user-${String(n)}`, 1);
      await clock.advance(10);
    }
    expect(buckets.size).to.be.at.most(1_024);
  });

  it('keeps nothing when there is no limit', () => {
    const buckets = new KeyedBuckets(0, new VirtualClock());
    buckets.charge('ada', 1_000);
    expect([buckets.size, buckets.wait('ada')]).to.eql([0, 0]);
  });

  it('keeps a bound on buckets that stay used for an hour, and the newest of them', () => {
    const buckets = new KeyedBuckets(1, new VirtualClock(), PER_HOUR);
    let most = 0;
    for (let n = 0; n < BUCKETS_MAX * 1.5; n++) {
      buckets.charge(`user-${String(n)}`, 1);
      most = Math.max(most, buckets.size);
    }
    expect(most).to.equal(BUCKETS_MAX);
    expect(buckets.wait(`user-${String(BUCKETS_MAX * 1.5 - 1)}`)).to.equal(3_600_000);
    expect(buckets.wait('user-0')).to.equal(0);
  });
});
