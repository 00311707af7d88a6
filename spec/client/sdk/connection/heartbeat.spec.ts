import { expect } from 'chai';
import { Heartbeat } from '../../../../client/sdk/connection/heartbeat.js';
import type { ClientClock } from '../../../../client/sdk/clock.js';
import { VirtualClock } from '../../../virtual-clock.js';

describe('the heartbeat of the SDK', () => {
  it('asks and gives up on time where adding to the time rounds down', async () => {
    const time = new VirtualClock();
    const waits: number[] = [];
    const clock: ClientClock = {
      now: () => time.now(),
      elapsed: () => time.elapsed(),
      after: (delayMs, work) => {
        waits.push(delayMs);
        if (waits.length > 10) throw new Error(`there is no end of waiting: ${waits.join(', ')}`);
        return time.after(delayMs, work);
      }
    };
    const told: string[] = [];
    const heartbeat = new Heartbeat(clock, {
      ask: () => told.push('ask'),
      dead: () => told.push('dead')
    });
    // At 2 ** 22 the spacing of floating-point numbers doubles, so adding 25 s rounds this fraction away.
    time.pass(2 ** 22 - 10_000 + 2 ** -31 - time.elapsed());
    const from = time.elapsed();
    expect(from % 1).to.equal(2 ** -31);
    heartbeat.start(25_000);
    expect(from + 25_000 - from).to.be.below(25_000);

    await time.advance(24_999);
    expect(told).to.eql([]);
    await time.advance(10);
    expect(told).to.eql(['ask']);
    await time.advance(25_000);
    expect(told).to.eql(['ask', 'dead']);
  });
});
