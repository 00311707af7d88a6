import { expect } from 'chai';
import { PROBE_MS } from '../../../../../actors/log/lmdb/commit-queue.js';
import { DISK_LOOK_MS, DISK_LOW_BYTES } from '../../../../../actors/log/lmdb/disk/disk-room.js';
import type { Fact } from '../../../../../actors/facts/fact.js';
import {
  FACTS_FLUSH_MS,
  FACTS_MAX,
  UNCLAIMED_MAX
} from '../../../../../actors/log/lmdb/feed/fact-keeper.js';
import { FACTS_A_ROW, factsOf } from '../../../../../actors/facts/fact-row.js';
import type { EmbeddedLog } from '../../../../../actors/log/lmdb/replica/embedded-log.js';
import { checkLog } from '../../../../../actors/log/lmdb/check/log-check.js';
import { factsKey, FEED_KEY } from '../../../../../actors/log/lmdb/log-keys.js';
import { openStore, type LogWrite } from '../../../../../actors/log/lmdb/log-store.js';
import { faultyStore, type FaultyStore } from '../faulty-store.js';
import { HandClock, LogFixture, until } from '../log-fixture.js';

const ALL = 1_000_000;

function fact(at: number): Fact {
  const words = { chart: 'c', actor: 'c:1', from: 'a', to: 'b', event: 'e' };
  return { kind: 'transition', ...words, at, spentMs: 1 };
}

function record({ feed }: EmbeddedLog, from: number, count: number): void {
  for (let at = from; at < from + count; at += 1) feed.record(fact(at));
}

function given({ feed }: EmbeddedLog, limit = ALL): number[] {
  return factsOf(feed.next(limit, ALL).facts).map(({ fact: { at } }) => at);
}

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

describe('FactKeeper', () => {
  const fixture = new LogFixture();
  let clock: HandClock;
  beforeEach(() => (clock = new HandClock()));
  afterEach(() => fixture.clear());

  /** Makes the keeper write the waiting facts as a row. */
  async function flush(log: EmbeddedLog): Promise<void> {
    const before = factsOf(log.feed.next(ALL, ALL).facts).length;
    clock.advance(FACTS_FLUSH_MS);
    await until(() => factsOf(log.feed.next(ALL, ALL).facts).length > before);
  }

  async function takeAll({ feed }: EmbeddedLog): Promise<void> {
    await feed.take(feed.next(ALL, ALL));
  }

  it('gives facts in order with ids of their own, within the time it has to write them', async () => {
    const log = await fixture.open({ clock });
    record(log, 1, 3);
    expect(log.feed.backlog()).to.include({ facts: 3 });
    expect(given(log)).to.deep.equal([]);
    await flush(log);
    const { facts } = log.feed.next(ALL, ALL);
    expect(factsOf(facts)).to.deep.equal(
      [1, 2, 3].map((at) => ({ id: 999 + at, epoch: 'e1', fact: fact(at) }))
    );
    await takeAll(log);
    expect(log.feed.backlog()).to.include({ facts: 0 });
    expect(given(log)).to.deep.equal([]);
  });

  it('keeps so many for a store that has never come, and more once one has', async () => {
    const log = await fixture.open({ clock });
    for (let from = 0; from < UNCLAIMED_MAX; from += FACTS_A_ROW) {
      record(log, from, FACTS_A_ROW);
      await until(() => log.feed.next(1, ALL).facts.length > 0);
    }
    record(log, UNCLAIMED_MAX, 3);
    expect(log.feed.backlog()).to.include({
      facts: UNCLAIMED_MAX,
      factsDropped: 3
    });
    await log.feed.rewind('store');
    record(log, UNCLAIMED_MAX, 3);
    expect(log.feed.backlog()).to.include({
      facts: UNCLAIMED_MAX + 3,
      factsDropped: 3
    });
  });

  it('writes at once when a row is full', async () => {
    const log = await fixture.open({ clock });
    record(log, 1, FACTS_A_ROW);
    await until(() => given(log).length === FACTS_A_ROW);
  });

  it('gives rows as a whole, at most as many facts as asked for but one row at least', async () => {
    const log = await fixture.open({ clock });
    for (const from of [1, 4, 7]) {
      record(log, from, 3);
      await flush(log);
    }
    expect(given(log, 7)).to.deep.equal(numbers(1, 6));
    expect(given(log, 1)).to.deep.equal(numbers(1, 3));
    expect(log.feed.next(7, ALL).more).to.equal(true);
    await log.feed.take(log.feed.next(7, ALL));
    expect(given(log)).to.deep.equal(numbers(7, 3));
  });

  it('never gives an id again when everything was taken and the log opened anew', async () => {
    const dir = fixture.dir();
    const ids: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const log = await fixture.open({ dir, clock });
      record(log, 1, 3);
      await flush(log);
      ids.push(...factsOf(log.feed.next(ALL, ALL).facts).map(({ id }) => id));
      await takeAll(log);
      await log.close();
    }
    expect(new Set(ids).size).to.equal(9);
  });

  it('writes what is in memory when the log closes', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir, clock });
    record(log, 1, 3 * FACTS_A_ROW + 7);
    await log.close();
    log.feed.record(fact(0));
    expect(log.feed.backlog().factsDropped).to.equal(1);
    const again = await fixture.open({ dir, clock });
    expect(given(again)).to.deep.equal(numbers(1, 3 * FACTS_A_ROW + 7));
    expect(again.feed.backlog()).to.include({ facts: 3 * FACTS_A_ROW + 7 });
  });

  for (const fault of ['lost', 'kept'] as const) {
    it(`gives every fact once when its commit failed and was ${fault}`, async () => {
      const dir = fixture.dir();
      let store: FaultyStore | null = null;
      const log = await fixture.open({
        dir,
        clock,
        wrapRows: (rows) => (store = faultyStore(rows))
      });
      record(log, 1, 3);
      if (store !== null) Object.assign(store, { fault });
      clock.advance(FACTS_FLUSH_MS);
      await until(() => !log.health().writable);
      record(log, 4, 3);
      expect(log.feed.backlog()).to.include({ facts: 6 });
      clock.advance(PROBE_MS);
      await until(() => log.health().writable);
      clock.advance(FACTS_FLUSH_MS);
      await until(() => given(log).length === 6);
      expect(given(log)).to.deep.equal(numbers(1, 6));
      expect(log.feed.backlog()).to.include({ facts: 6 });
      await log.close();
      expect((await checkLog(dir)).problems).to.deep.equal([]);
    });
  }

  it('drops and counts the newest when memory is full', async () => {
    const log = await fixture.open({ clock });
    record(log, 1, FACTS_MAX + 5);
    expect(log.feed.backlog()).to.include({ facts: FACTS_MAX, factsDropped: 5 });
  });

  it('keeps nothing when the feed is not read', async () => {
    const log = await fixture.open({ clock, isFeedRead: false });
    record(log, 1, 3);
    expect(log.feed.backlog()).to.deep.equal({
      threads: 0,
      facts: 0,
      factsDropped: 0
    });
    expect(clock.pending).to.equal(0);
  });

  it('tells that there is work once', async () => {
    const log = await fixture.open({ clock });
    let told = 0;
    log.feed.onWork(() => (told += 1));
    record(log, 1, 1);
    clock.advance(FACTS_FLUSH_MS);
    await until(() => told === 1);
  });

  it('gives up and counts what is on disk when that is low, and goes on', async () => {
    const dir = fixture.dir();
    let free = DISK_LOW_BYTES;
    const log = await fixture.open({ dir, clock, freeBytes: () => free });
    for (let row = 0; row < 9; row += 1) {
      record(log, 1 + 2 * row, 2);
      await flush(log);
    }
    clock.advance(DISK_LOOK_MS);
    expect(given(log)).to.have.lengthOf(18);
    free -= 1;
    clock.advance(DISK_LOOK_MS);
    await until(() => log.feed.backlog().factsDropped === 18);
    expect(log.feed.backlog()).to.include({ facts: 0, factsDropped: 18 });
    expect(log.isDiskLow()).to.equal(true);
    expect(given(log)).to.deep.equal([]);
    record(log, 100, 2);
    await flush(log);
    expect(given(log)).to.deep.equal([100, 101]);
    await log.close();
    expect((await checkLog(dir)).problems).to.deep.equal([]);
  });

  it('looks at the disk no more when nothing is kept', async () => {
    const log = await fixture.open({ clock });
    record(log, 1, 1);
    await flush(log);
    await takeAll(log);
    clock.advance(DISK_LOOK_MS);
    expect(clock.pending).to.equal(0);
  });

  it('passes over what is damaged and gives the rest', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir, clock });
    for (const from of [1, 3, 5]) {
      record(log, from, 2);
      await flush(log);
    }
    await log.close();
    const store = openStore({ dir, use: 'disk' });
    const half = `[${JSON.stringify(fact(3))},{"kind":"other"}]`;
    await store.commit([
      { key: factsKey(1), value: '[' },
      { key: factsKey(2), value: half }
    ]);
    await store.close();
    const again = await fixture.open({ dir, clock });
    expect(given(again)).to.deep.equal([3, 5, 6]);
    await takeAll(again);
    await again.close();
    expect((await checkLog(dir)).problems).to.deep.equal([]);
  });

  const problems: [string, LogWrite, RegExp][] = [
    ['is no row', { key: factsKey(1), value: '{' }, /the row of facts \["f",1\] does not decode/],
    [
      'holds something else',
      { key: factsKey(1), value: '[{"kind":"delivery"}]' },
      /the row of facts \["f",1\] does not decode/
    ],
    ['would get its ids again', { key: factsKey(2), value: '[]' }, /the row of facts 2 is not/],
    ['has lost what it belongs to', { key: FEED_KEY, value: null }, /the row of facts 1 is not/],
    ['is next to a damaged feed row', { key: FEED_KEY, value: '{' }, /the feed row does not/]
  ];
  for (const [when, write, words] of problems) {
    it(`is reported by a log check when a row ${when}`, async () => {
      const dir = fixture.dir();
      const log = await fixture.open({ dir, clock });
      record(log, 1, 2);
      await log.close();
      expect((await checkLog(dir)).problems).to.deep.equal([]);
      const store = openStore({ dir, use: 'disk' });
      await store.commit([write]);
      await store.close();
      const { problems: found } = await checkLog(dir);
      expect(found).to.have.lengthOf(1);
      expect(found[0]).to.match(words);
    });
  }
});
