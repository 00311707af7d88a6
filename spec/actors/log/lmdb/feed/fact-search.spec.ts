import { expect } from 'chai';
import type { Fact, StepFact } from '../../../../../actors/facts/fact.js';
import { FACTS_A_ROW, factRow, factText } from '../../../../../actors/facts/fact-row.js';
import {
  findFacts,
  FOUND_FACTS_MAX,
  SEARCH_ROWS_MAX,
  type KeptFacts
} from '../../../../../actors/log/lmdb/feed/fact-search.js';
import type { LogKey } from '../../../../../actors/log/lmdb/log-keys.js';
import { delivered, moved, stepped } from '../../memory-feed.js';
import { LogFixture, until } from '../log-fixture.js';

/** A fact that a spec recognizes by its user. */
const fact = (at: number, thread = 't1'): StepFact =>
  stepped(thread, 'read', 1, 1, { user: String(at), at });

/** Rows in memory, from seq 1 on; null stands for a row that was removed. */
function rows(kept: readonly (readonly Fact[] | null)[], inMemory: readonly Fact[] = []) {
  const read: number[] = [];
  const store = {
    get: ([, seq]: LogKey) => {
      read.push(Number(seq));
      const row = kept[Number(seq) - 1] ?? null;
      return row === null
        ? undefined
        : factRow(
            row.map((one) => factText(one, 'e1')),
            'e1'
          );
    }
  };
  const facts: KeptFacts = {
    rows: { from: 1, to: kept.length + 1 },
    epoch: 'e1',
    inMemory: () => inMemory.map((one) => factText(one, 'e1'))
  };
  const find = async (since = 0, thread = 't1', isWanted: (one: Fact) => boolean = () => true) => {
    const found = await findFacts(store, facts, { thread, since, isWanted });
    const users = found.facts.map((one) => ('user' in one ? one.user : one.kind));
    return { users, isWhole: found.isWhole, read };
  };
  return { find };
}

describe('findFacts', () => {
  it('finds those of a thread in rows and in memory, oldest first, and no others', async () => {
    const { find } = rows(
      [[fact(1), fact(2, 't10')], [moved('t1', 'a', 'b')], null, [fact(3)]],
      [fact(4, 't2'), fact(5)]
    );
    expect(await find()).to.deep.include({ users: ['1', '3', '5'], isWhole: true });
    expect((await find(3)).users).to.deep.equal(['3', '5']);
    expect((await find(0, 't1', (one) => one.at !== 3)).users).to.deep.equal(['1', '5']);
    expect((await find(0, 'none')).users).to.deep.equal([]);
  });

  it('finds deliveries as it finds other facts, and begins at their time', async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => [
      delivered('t1', n, { at: n, appendedMs: 1 }),
      delivered('t2', n, { at: n, appendedMs: 1 })
    ]);
    const found = await rows(many, [delivered('t1', 7, { at: 1_001, appendedMs: 1 })]).find(998);
    expect(found.users).to.deep.equal(['delivery', 'delivery', 'delivery']);
    expect(found.read.length).to.be.lessThan(30);
  });

  it('is not taken in by names that look like facts', async () => {
    const odd = stepped('t2', 'read', 1, 1, { user: '"thread":"t1","at":1}', at: 9 });
    expect((await rows([[odd]], [odd]).find()).users).to.deep.equal([]);
    expect((await rows([[odd, fact(1)]]).find(5)).users, 'nor about the time').to.deep.equal([]);
  });

  it('begins where its time is, however much there is before', async () => {
    const many = Array.from({ length: 5_000 }, (_, n) => [fact(n)]);
    const { users, isWhole, read } = await rows(many).find(4_990);
    expect(users).to.deep.equal([
      '4990',
      '4991',
      '4992',
      '4993',
      '4994',
      '4995',
      '4996',
      '4997',
      '4998',
      '4999'
    ]);
    expect(isWhole).to.equal(true);
    expect(read.length).to.be.lessThan(30);
  });

  it('ends at a bound, of rows and of facts, and says that there may be more', async () => {
    const long = Array.from({ length: SEARCH_ROWS_MAX + 1 }, (_, n) => [fact(n, `t${String(n)}`)]);
    expect(await rows(long).find(0, `t${String(SEARCH_ROWS_MAX)}`)).to.deep.include({
      users: [],
      isWhole: false
    });
    const row = Array.from({ length: FACTS_A_ROW }, (_, n) => fact(n));
    const busy = await rows([row, row, row]).find();
    expect([busy.users.length, busy.isWhole]).to.deep.equal([FOUND_FACTS_MAX, false]);
  });
});

describe('LmdbFeed.find', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  it('finds a fact from the moment on in which it is recorded until it is taken', async () => {
    const log = await fixture.open();
    const find = async () => {
      const { facts } = await log.feed.find({ thread: 't1', since: 0, isWanted: () => true });
      return facts;
    };
    log.feed.record(fact(1));
    expect(await find()).to.deep.equal([fact(1)]);
    await until(() => log.feed.next(10, 10).facts.length === 1);
    expect(await find()).to.deep.equal([fact(1)]);
    log.feed.record(fact(2));
    expect(await find()).to.deep.equal([fact(1), fact(2)]);
    await log.feed.take(log.feed.next(1, 10));
    expect(await find()).to.deep.equal([fact(2)]);
  });

  it('keeps nothing where nobody reads it', async () => {
    const log = await fixture.open({ isFeedRead: false });
    log.feed.record(fact(1));
    const { facts } = await log.feed.find({ thread: 't1', since: 0, isWanted: () => true });
    expect(facts).to.deep.equal([]);
  });
});
