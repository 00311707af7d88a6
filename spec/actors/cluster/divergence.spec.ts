import { expect } from 'chai';
import { DivergenceGuard, HASHES_KEPT } from '../../../actors/cluster/divergence-guard.js';
import { openReplicatedLog, type ReplicatedLog } from '../../../actors/cluster/replicated-log.js';
import { EpochSource } from '../../../actors/cluster/sequencer.js';
import { append, entry, HandClock } from '../log/lmdb/log-fixture.js';
import { FakeBus, NO_FAULTS } from './fake-bus.js';
import { MemoryDisk, MemoryReplica } from './memory-replica.js';

const at = (applied: number, hash: string) => ({ partition: 0, applied, hash });

describe('DivergenceGuard', () => {
  const guarded = () => {
    const found: string[] = [];
    return { found, guard: new DivergenceGuard(1, (reason) => found.push(reason)) };
  };

  it('finds another hash at the same place, once, also when the other is behind or ahead', () => {
    for (const [own, theirs] of [
      [5, 5],
      [9, 5],
      [3, 5]
    ] as const) {
      const { found, guard } = guarded();
      for (let n = 1; n <= own; n++) guard.applied(at(n, `h${String(n)}`));
      guard.compare('n2', [at(theirs, 'other')]);
      for (let n = own + 1; n <= 9; n++) guard.applied(at(n, `h${String(n)}`));
      guard.compare('n3', [at(9, 'h9')]);
      guard.compare('n2', [at(6, 'other')]);
      expect(found, `${String(own)} and ${String(theirs)}`).to.have.length(1);
      expect(found[0]).to.match(/node n2 .* up to 5 of partition 0/);
    }
  });

  it('says nothing of equal ones, nor of what it does not know any more', () => {
    const { found, guard } = guarded();
    for (let n = 1; n <= HASHES_KEPT + 1; n++) guard.applied(at(n, `h${String(n)}`));
    guard.compare('n2', [at(2, 'h2'), at(1, 'other'), { partition: 7, applied: 2, hash: 'x' }]);
    expect(found).to.deep.equal([]);
    guard.compare('n2', [at(2, 'other')]);
    expect(found).to.have.length(1);
  });
});

describe('nodes whose brokers have given two orders', () => {
  const clock = new HandClock();
  let ids = 0;
  const newId = (): string => `x${String((ids += 1))}`;
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    const state = { isOver: false };
    const over = (): void => {
      state.isOver = true;
    };
    promise.then(over, over);
    while (!state.isOver) {
      clock.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return await promise;
  };
  const open = async (bus: FakeBus, order = bus.connect()): Promise<ReplicatedLog> => {
    const epochs = new EpochSource();
    const later = (commit: () => void): void => void clock.setTimeout(commit, 1);
    const log = new MemoryReplica(new MemoryDisk(), later, (thread) => epochs.of(thread));
    return await run(
      openReplicatedLog({
        order,
        log,
        epochs,
        clock,
        newEpoch: newId,
        newSource: newId,
        gather: (flush) => clock.setTimeout(flush, 1)
      })
    );
  };

  it('acknowledge nothing more when they hear of each other', async () => {
    const whole = new FakeBus(clock, 1, 1, NO_FAULTS);
    const one = await open(whole);
    expect(await run(append(one, 't', entry('m1')))).to.include({ ok: true });
    const half = new FakeBus(clock, 1, 2, NO_FAULTS);
    half.of(0).messages.push(...whole.of(0).messages);
    const two = await open(half);
    two.sequencer.compare('n1', one.sequencer.positions());
    expect(two.health().writable).to.equal(true);

    expect(await run(append(one, 't', entry('m2')))).to.include({ ok: true });
    expect(await run(append(two, 't', entry('m3')))).to.include({ ok: true });
    two.sequencer.compare('n1', one.sequencer.positions());
    one.sequencer.compare('n2', two.sequencer.positions());
    for (const log of [one, two]) {
      expect(log.health()).to.include({ writable: false });
      expect(log.health().reason).to.match(/two orders/);
      expect(await run(append(log, 't', entry('m4')))).to.include({
        ok: false,
        code: 'unavailable'
      });
    }
    expect(whole.of(0).messages).to.have.length(3);
    for (const log of [one, two]) log.sequencer.abandon();
  });

  it('notice within seconds that messages were lost, though nobody says anything', async () => {
    const bus = new FakeBus(clock, 1, 3, NO_FAULTS);
    const one = await open(bus);
    for (const mid of ['m1', 'm2']) await run(append(one, 't', entry(mid)));
    bus.truncate(0, 2);
    let waited = 0;
    while (one.health().writable && waited < 20_000) {
      clock.advance(10);
      waited += 10;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(one.health().reason).to.match(/went back/);
    expect(waited).to.be.lessThan(6_000);
    one.sequencer.abandon();
  });

  it('tell how long their replica has been behind', async () => {
    const bus = new FakeBus(clock, 1, 4, NO_FAULTS);
    const order = bus.connect();
    const one = await open(bus, order);
    expect(one.sequencer.lagMs()).to.equal(0);
    order.cut(true);
    clock.advance(4_000);
    expect(one.sequencer.lagMs()).to.equal(4_000);
    expect(one.health().reason).to.match(/no broker can be reached/);
    order.cut(false);
    expect(await run(append(one, 't', entry('m1')))).to.include({ ok: true });
    expect(one.sequencer.lagMs()).to.equal(0);
    one.sequencer.abandon();
  });
});
