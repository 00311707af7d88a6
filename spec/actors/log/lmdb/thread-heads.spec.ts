import { expect } from 'chai';
import { openStore, type LogStore } from '../../../../actors/log/lmdb/log-store.js';
import { ThreadHeads } from '../../../../actors/log/lmdb/thread-heads.js';
import { appendMany, LogFixture } from './log-fixture.js';

describe('ThreadHeads', () => {
  const fixture = new LogFixture();
  let store: LogStore;
  let dir: string;

  beforeEach(async () => {
    dir = fixture.dir();
    const log = await fixture.open({ dir });
    for (const thread of ['a', 'b', 'c']) await appendMany(log, thread, 2);
    await log.close();
    store = openStore({ dir, use: 'read' });
  });
  afterEach(async () => {
    await store.close();
    await fixture.clear();
  });

  it('keeps no more than it may when many threads are used', () => {
    const heads = new ThreadHeads(store, dir, 2);
    const first = heads.get('a');
    for (const thread of ['b', 'c']) heads.get(thread);
    expect(heads.size).to.equal(2);
    expect(heads.get('a')).to.not.equal(first);
    expect(heads.get('a')).to.include({ thread: 'a', first: 1, last: 2, given: 2, owner: 'ada' });
  });

  it('evicts the one that was loaded first, also when it was used last', () => {
    const heads = new ThreadHeads(store, dir, 2);
    const [first, second] = [heads.get('a'), heads.get('b')];
    expect(heads.get('a')).to.equal(first);
    heads.get('c');
    expect(heads.get('b')).to.equal(second);
    expect(heads.get('a')).to.not.equal(first);
  });

  it('keeps those with jobs on their way when it has to let go of others', () => {
    const heads = new ThreadHeads(store, dir, 2);
    const busy = heads.open('a');
    heads.pin(busy);
    for (const thread of ['b', 'c']) heads.get(thread);
    expect(heads.get('a')).to.equal(busy);
    expect(heads.size).to.equal(2);
  });

  it('drops one in which nothing was stored when the last of its jobs is done', () => {
    const heads = new ThreadHeads(store, dir);
    const fresh = heads.open('new');
    heads.pin(fresh);
    expect(heads.get('new')).to.equal(fresh);
    heads.unpin(fresh);
    expect(heads.size).to.equal(0);
  });

  it('keeps nothing when it is only asked to look, or there is nothing', () => {
    const heads = new ThreadHeads(store, dir);
    expect(heads.peek('a')).to.include({ last: 2 });
    expect(heads.get('nowhere')).to.equal(null);
    expect(heads.size).to.equal(0);
  });
});
