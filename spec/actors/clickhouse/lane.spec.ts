import { expect } from 'chai';
import { createClient } from '@clickhouse/client';
import { Lane, LANE_WAIT_MS } from '../../../actors/clickhouse/lane.js';
import { StoreError } from '../../../actors/clickhouse/store.js';
import { Deferred } from '../../machines/supervision/supervised.js';
import { settle } from '../../virtual-clock.js';

describe('Lane', () => {
  it('does one thing at a time, in order, also after one that fails', async () => {
    const lane = new Lane(createClient(), () => 0);
    const done: string[] = [];
    const first = new Deferred<void>();
    const running = [
      lane.run(async () => {
        await first.promise;
        done.push('first');
        throw new Error('refused');
      }),
      lane.run(() => Promise.resolve(done.push('second')))
    ];
    const ends = Promise.allSettled(running);
    expect(done).to.deep.equal([]);
    await first.resolve();
    expect((await ends).map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled']);
    expect(done).to.deep.equal(['first', 'second']);
    await lane.close();
  });

  it('does not do what has waited so long that nobody waits for it any more', async () => {
    let now = 0;
    const lane = new Lane(createClient(), () => now);
    const slow = new Deferred<void>();
    const first = lane.run(() => slow.promise);
    await settle();
    let done = 0;
    const abandoned = lane.run(() => Promise.resolve((done += 1))).catch((error: unknown) => error);
    now = LANE_WAIT_MS - 1;
    const patient = lane.run(() => Promise.resolve('done'));
    now = LANE_WAIT_MS;
    await slow.resolve();
    await first;
    expect(await abandoned)
      .to.be.instanceOf(StoreError)
      .with.property('code', 'busy');
    expect([await patient, done]).to.deep.equal(['done', 0]);
    await lane.close();
  });
});
