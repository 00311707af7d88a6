import { expect } from 'chai';
import { BUCKET_SECONDS } from '../../../../server/chat/work/token-bucket.js';
import { WorkLimits } from '../../../../server/chat/work/work-limits.js';
import { VirtualClock } from '../../../virtual-clock.js';

const ada = { user: 'ada', address: '192.0.2.1' };
const bob = { user: 'bob', address: '192.0.2.1' };

describe('WorkLimits', () => {
  const waits = (work: WorkLimits, who: typeof ada): number => work.mustWait(who)?.afterMs ?? 0;

  it('lets a user wait who has spent the points, and nobody else, until they are paid', async () => {
    const clock = new VirtualClock();
    const work = new WorkLimits({ perUser: 100, perAddress: 0 }, clock);
    work.charge(ada, 100 * BUCKET_SECONDS - 1);
    expect(waits(work, ada)).to.equal(0);
    work.charge(ada, 51);
    expect([waits(work, ada), waits(work, bob)]).to.eql([510, 0]);
    expect(work.mustWait(ada)?.limit).to.equal('work_user');
    await clock.advance(510);
    expect(waits(work, ada)).to.equal(0);
  });

  it('lets everybody of an address wait who have spent its points together', async () => {
    const clock = new VirtualClock();
    const work = new WorkLimits({ perUser: 0, perAddress: 100 }, clock);
    work.charge(ada, 100);
    expect(waits(work, bob)).to.equal(0);
    work.charge(bob, 100 * BUCKET_SECONDS - 100);
    expect([waits(work, ada), waits(work, bob)]).to.eql([10, 10]);
    expect(work.mustWait(ada)?.limit).to.equal('work_address');
    expect(waits(work, { ...ada, address: '192.0.2.2' })).to.equal(0);
    await clock.advance(10);
    expect(waits(work, ada)).to.equal(0);
  });

  it('lets nobody owe more than a full bucket, however much work it was', () => {
    const work = new WorkLimits({ perUser: 100, perAddress: 0 }, new VirtualClock());
    work.charge(ada, 1_000_000);
    expect(waits(work, ada)).to.equal(BUCKET_SECONDS * 1_000 + 10);
  });

  it('limits nobody when the limit is 0', () => {
    const work = new WorkLimits({ perUser: 0, perAddress: 0 }, new VirtualClock());
    work.charge(ada, 1_000_000);
    expect(waits(work, ada)).to.equal(0);
  });
});
