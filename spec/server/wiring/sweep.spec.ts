import { expect } from 'chai';
import { serviceLogic } from '../../../actors/service.js';
import { SWEEP_MS } from '../../../server/chat/connections.js';
import { Sweep } from '../../../server/wiring/sweep.js';
import { supervise } from '../../machines/supervision/supervised.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

/** A sweep run by its chart, with two parts. The first part throws while `isBroken`. */
async function run() {
  const clock = new VirtualClock();
  const now = { isServing: true, isBroken: false };
  const seen: string[] = [];
  const sweep = new Sweep({ clock, isServing: () => now.isServing });
  sweep.add(() => {
    if (now.isBroken) throw new Error('a part is broken');
    seen.push('first');
  });
  sweep.add(() => seen.push('second'));
  const child = supervise(serviceLogic(sweep));
  await settle();
  return { clock, now, seen, child };
}

describe('Sweep', () => {
  it('lets every part look once a second, in the order in which they were added', async () => {
    const { clock, seen } = await run();
    await clock.advance(SWEEP_MS - 1);
    expect(seen).to.deep.equal([]);
    await clock.advance(1);
    expect(seen).to.deep.equal(['first', 'second']);
    await clock.advance(2 * SWEEP_MS);
    expect(seen).to.have.lengthOf(6);
  });

  it('lets nobody look while the server does not serve', async () => {
    const { clock, now, seen } = await run();
    now.isServing = false;
    await clock.advance(3 * SWEEP_MS);
    expect(seen).to.deep.equal([]);
    now.isServing = true;
    await clock.advance(SWEEP_MS);
    expect(seen).to.have.lengthOf(2);
  });

  it('fails with the reason when a part throws, and looks no more', async () => {
    const { clock, now, seen, child } = await run();
    now.isBroken = true;
    await clock.advance(SWEEP_MS);
    await settle();
    expect(child.ends).to.deep.equal([{ status: 'failed', error: 'a part is broken' }]);
    now.isBroken = false;
    await clock.advance(3 * SWEEP_MS);
    expect(seen).to.deep.equal([]);
  });

  it('looks no more once it is stopped', async () => {
    const { clock, seen, child } = await run();
    await child.stop();
    await clock.advance(3 * SWEEP_MS);
    expect(seen).to.deep.equal([]);
    expect(child.ends).to.deep.equal([{ status: 'stopped' }]);
  });
});
