import { expect } from 'chai';
import { MEASURE_MS, Memory } from '../../../actors/memory/memory.js';
import { VirtualClock } from '../../virtual-clock.js';

const MIB = 1024 * 1024;

describe('Memory', () => {
  let clock: VirtualClock;
  let used: number;
  let resident: number;

  beforeEach(() => {
    clock = new VirtualClock();
    used = 0;
    resident = 0;
  });

  function memory(heapMib: number, containerMib: number | null = null, limitMb?: number): Memory {
    return new Memory({
      clock,
      limitMb,
      source: {
        heap: () => ({ used, limit: heapMib * MIB }),
        resident: () => resident,
        container: () => (containerMib === null ? null : containerMib * MIB)
      }
    });
  }

  function bounds({ appends, outgoing, bodies }: Memory): number[] {
    return [appends, outgoing, bodies].map(({ maxBytes }) => Math.round(maxBytes / MIB));
  }

  it('bounds the queues by shares of the heap, and by what they can use', () => {
    expect(bounds(memory(160))).to.deep.equal([20, 32, 10]);
    expect(bounds(memory(16_000))).to.deep.equal([256, 1024, 32]);
  });

  it('bounds the queues by 70 % of the container, or by the setting, when the heap may be larger', () => {
    expect(bounds(memory(16_000, 1_000))).to.deep.equal([88, 140, 32]);
    expect(bounds(memory(16_000, 1_000, 80))).to.deep.equal([10, 16, 5]);
    expect(bounds(memory(16_000, 1_000, 0))).to.deep.equal([256, 1024, 32]);
    expect(memory(16_000, 1_000).status().limitBytes).to.equal(700 * MIB);
    expect(memory(16_000, 1_000, 0).status().limitBytes).to.equal(null);
  });

  it('is short from 90 % of the heap on, and no longer below it', async () => {
    const held = memory(100);
    used = 90 * MIB - 1;
    expect(held.isShort).to.equal(false);
    used++;
    expect(held.isShort).to.equal(false);
    await clock.advance(MEASURE_MS);
    expect(held.isShort).to.equal(true);
    used--;
    await clock.advance(MEASURE_MS);
    expect(held.isShort).to.equal(false);
  });

  it('is short from 90 % of its limit on, whatever the heap', () => {
    const held = memory(16_000, null, 100);
    resident = 90 * MIB;
    expect([held.isShort, held.measure().share]).to.deep.equal([true, 0.9]);
  });

  it('tells each refusal once to the monitor, and all in the status', () => {
    const held = memory(100);
    used = 90 * MIB;
    expect([held.refusesMessages(), held.refusesPages()]).to.deep.equal([true, true]);
    held.appends.refuse();
    held.bodies.take(Infinity);
    expect([held.measure().refused, held.measure().refused]).to.deep.equal([4, 0]);
    expect(held.status().refused).to.equal(4);
  });

  it('refuses pages while clients have not read what they asked for, but no messages', () => {
    const held = memory(100);
    held.outgoing.add(held.outgoing.maxBytes);
    expect([held.refusesMessages(), held.refusesPages()]).to.deep.equal([false, true]);
    held.outgoing.give(1);
    expect(held.refusesPages()).to.equal(false);
  });
});
