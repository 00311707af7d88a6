import { expect } from 'chai';
import { SinkLag } from '../../../actors/clickhouse/sink-lag.js';
import { VirtualClock } from '../../virtual-clock.js';
import type { SinkState } from '../../../machines/clickhouse/sink-status.js';

const sink = (status: SinkState, threads: number) => ({
  status,
  backlog: { threads, facts: 0, factsDropped: 0 }
});

/** A lag on a virtual clock. `look` first moves the clock to `now`; `now` and `asOf` count from the clock's start. */
class LagAt {
  readonly clock = new VirtualClock();
  readonly #start = this.clock.now();
  readonly #lag = new SinkLag(this.clock);

  async look(status: Parameters<SinkLag['look']>[0], asOf: number | null, now: number) {
    await this.clock.advance(this.#start + now - this.clock.now());
    return this.#lag.look(status, asOf === null ? null : this.#start + asOf);
  }
}

describe('SinkLag', () => {
  it('is the time since everything was stored, while something waits', async () => {
    const lag = new LagAt();
    expect(await lag.look(sink('storing', 2), 1_000, 1_000)).to.eql({ behindMs: 0, threads: 2 });
    expect(await lag.look(sink('storing', 2), 1_000, 5_000)).to.eql({
      behindMs: 4_000,
      threads: 2
    });
    expect(await lag.look(sink('storing', 1), 4_500, 6_000)).to.eql({
      behindMs: 1_500,
      threads: 1
    });
    expect(await lag.look(sink('idle', 0), 6_000, 9_000)).to.eql({ behindMs: 0, threads: 0 });
  });

  for (const status of ['waiting', 'retrying'] as const) {
    it(`is none while the sink is ${status}, and begins anew after it`, async () => {
      const lag = new LagAt();
      await lag.look(sink('storing', 1), 0, 0);
      expect((await lag.look(sink(status, 9), 0, 900_000)).behindMs).to.equal(0);
      expect((await lag.look(sink('storing', 9), 0, 901_000)).behindMs).to.equal(0);
      expect((await lag.look(sink('storing', 9), 0, 931_000)).behindMs).to.equal(30_000);
    });
  }

  it('goes by when the store began to take rows as long as nobody knows what it has', async () => {
    const lag = new LagAt();
    await lag.look(sink('storing', 1), null, 1_000);
    expect((await lag.look(sink('storing', 1), null, 61_000)).behindMs).to.equal(60_000);
  });

  it('is the age of what waits, not of the last batch, when nothing was published for long', async () => {
    const lag = new LagAt();
    await lag.look(sink('storing', 1), 0, 0);
    // Everything up to 1,000 is stored; nothing came after that.
    for (let now = 2_000; now <= 600_000; now += 1_000) await lag.look(sink('idle', 0), 1_000, now);
    expect(await lag.look(sink('storing', 1), 1_000, 600_400)).to.eql({
      behindMs: 400,
      threads: 1
    });
    expect((await lag.look(sink('storing', 1), 1_000, 660_400)).behindMs).to.equal(60_400);
  });

  it('counts from the last look at which nothing waited, also while the log could not be read', async () => {
    const lag = new LagAt();
    await lag.look(sink('idle', 0), null, 0);
    await lag.look({ status: 'idle', backlog: null }, null, 5_000);
    expect((await lag.look(sink('storing', 1), null, 6_000)).behindMs).to.equal(6_000);
  });

  it('is none without a sink, while the log cannot be read', async () => {
    const lag = new LagAt();
    expect(await lag.look(null, null, 5_000)).to.eql({ behindMs: 0, threads: 0 });
    await lag.look(sink('storing', 1), 0, 5_000);
    expect((await lag.look({ status: 'storing', backlog: null }, null, 9_000)).behindMs).to.equal(
      0
    );
  });
  for (const jumpMs of [172_800_000, -172_800_000]) {
    it(`does not change when the wall clock jumps by ${String(jumpMs)} ms`, async () => {
      const clock = new VirtualClock();
      const lag = new SinkLag(clock);
      const asOf = clock.now();
      lag.look(sink('storing', 1), asOf);
      await clock.advance(4_000);
      clock.jump(jumpMs);
      expect(lag.look(sink('storing', 1), asOf).behindMs).to.equal(4_000);
    });
  }
});
