import { expect } from 'chai';
import { BUCKET_SECONDS } from '../../../../server/chat/work/token-bucket.js';
import { WorkLimits } from '../../../../server/chat/work/work-limits.js';
import { VirtualClock } from '../../../virtual-clock.js';

describe('WorkLimits', () => {
  it('lets a user wait who has spent the points, and nobody else, until they are paid', async () => {
    const clock = new VirtualClock();
    const work = new WorkLimits(100, clock);
    work.charge('ada', 100 * BUCKET_SECONDS - 1);
    expect(work.waitMs('ada')).to.equal(0);
    work.charge('ada', 51);
    expect([work.waitMs('ada'), work.waitMs('bob')]).to.eql([510, 0]);
    await clock.advance(510);
    expect(work.waitMs('ada')).to.equal(0);
  });

  it('lets nobody owe more than a full bucket, however much work it was', () => {
    const work = new WorkLimits(100, new VirtualClock());
    work.charge('ada', 1_000_000);
    expect(work.waitMs('ada')).to.equal(BUCKET_SECONDS * 1_000 + 10);
  });

  it('limits nobody when the limit is 0', () => {
    const work = new WorkLimits(0, new VirtualClock());
    work.charge('ada', 1_000_000);
    expect([work.waitMs('ada'), work.size]).to.eql([0, 0]);
  });

  it('forgets users whose bucket is full again, so that many users of little take no memory', async () => {
    const clock = new VirtualClock();
    const work = new WorkLimits(100, clock);
    for (let n = 0; n < 3_000; n++) {
      work.charge(`user-${String(n)}`, 1);
      await clock.advance(10);
    }
    expect(work.size).to.be.at.most(1_024);
  });
});
