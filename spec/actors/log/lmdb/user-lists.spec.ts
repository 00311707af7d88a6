import { expect } from 'chai';
import { checkLog } from '../../../../actors/log/lmdb/check/log-check.js';
import type { LmdbLogOptions } from '../../../../actors/log/lmdb/lmdb-log.js';
import type { EmbeddedLog } from '../../../../actors/log/lmdb/replica/embedded-log.js';
import { META_KEY, within } from '../../../../actors/log/lmdb/log-keys.js';
import { openStore, type LogStore } from '../../../../actors/log/lmdb/log-store.js';
import { LATE_HARD_MAX, MOVE_AFTER_MS } from '../../../../actors/log/lmdb/user-lists.js';
import { append, entry, HandClock, LogFixture, until } from './log-fixture.js';

describe('UserLists', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  const listed = (log: EmbeddedLog, user: string): unknown[] =>
    log.userThreads(user, null, 100, Infinity).threads.map(({ thread, at }) => [thread, at]);

  let rows: LogStore;
  /** Opens a log whose rows the spec can read. */
  const open = (options: Partial<LmdbLogOptions>): Promise<EmbeddedLog> =>
    fixture.open({
      clock: new HandClock(),
      wrapRows: (store) => (rows = store),
      ...options
    });
  const late = (): unknown[] => [...rows.keys(within('d'))].map(([, thread]) => thread);

  /** Two threads with two members each; t1 has had a message since. */
  const filled = async (log: EmbeddedLog): Promise<void> => {
    for (const [at, thread] of [
      [10, 't1'],
      [20, 't2']
    ] as const) {
      await append(log, thread, entry('m1', { at }));
      await append(log, thread, entry('m2', { at: at + 1, user: 'bob' }));
    }
    await append(log, 't1', entry('m3', { at: 30 }));
  };
  const RIGHT = [
    ['t1', 30],
    ['t2', 21]
  ];

  it('says how many rows a page has looked at besides its own, which are those of busy threads', async () => {
    const log = await open({});
    await filled(log);
    await append(log, 't3', entry('m1', { at: 40, user: 'eve' }));
    await append(log, 't3', entry('m2', { at: 41, user: 'fay' }));
    // Three threads are late: none of gil's and two of ada's.
    expect(log.userThreads('gil', null, 10, Infinity)).to.include({ passed: 3 });
    expect(log.userThreads('ada', null, 10, Infinity).passed).to.be.greaterThan(0);
  });

  it('moves the rows of a thread some time after its message, once for all messages until then', async () => {
    const [dir, clock] = [fixture.dir(), new HandClock()];
    const log = await open({ dir, clock });
    await filled(log);
    expect(late()).to.eql(['t1', 't2']);
    clock.advance(MOVE_AFTER_MS);
    await until(() => late().length === 0);
    expect([listed(log, 'ada'), listed(log, 'bob')]).to.eql([RIGHT, RIGHT]);
    const places = [...rows.keys(within('l'))];
    await log.close();
    expect(await checkLog(dir)).to.include({ problemCount: 0 });
    expect(places.map(([, user, at, thread]) => [user, at, thread])).to.eql([
      ['ada', 21, 't2'],
      ['ada', 30, 't1'],
      ['bob', 21, 't2'],
      ['bob', 30, 't1']
    ]);
  });

  it('knows after a restart which threads were late', async () => {
    const [dir, clock] = [fixture.dir(), new HandClock()];
    const log = await open({ dir, clock });
    await filled(log);
    await log.close();
    expect(await checkLog(dir)).to.include({ problemCount: 0 });
    const again = await open({ dir, clock });
    expect([listed(again, 'ada'), listed(again, 'bob')]).to.eql([RIGHT, RIGHT]);
  });

  it('keeps a thread right whose message comes while its rows are moved', async () => {
    const clock = new HandClock();
    const log = await open({ clock });
    await filled(log);
    for (let n = 0; n < 50; n++) {
      clock.advance(MOVE_AFTER_MS);
      const at = 100 + n;
      await append(log, n % 2 === 0 ? 't1' : 't2', entry(`x${String(n)}`, { at }));
      expect(listed(log, 'bob')[0]).to.eql([n % 2 === 0 ? 't1' : 't2', at]);
      expect(listed(log, 'bob')).to.have.length(2);
    }
  });

  it('moves the rows of a thread with more members than fit into one commit', async () => {
    const [dir, clock] = [fixture.dir(), new HandClock()];
    const log = await open({ dir, clock, durability: 'process' });
    const users = Array.from({ length: 600 }, (_, n) => `user-${String(n)}`);
    await Promise.all(
      users.map((user, n) => append(log, 't1', entry(`m${String(n)}`, { at: n, user })))
    );
    await append(log, 't1', entry('last', { at: 1_000 }));
    clock.advance(MOVE_AFTER_MS);
    await until(() => late().length === 0);
    for (const user of users) expect(listed(log, user)).to.eql([['t1', 1_000]]);
    await log.close();
    expect(await checkLog(dir)).to.include({ problemCount: 0 });
  });

  it('has no more late threads than a page looks at in one turn', async () => {
    const dir = fixture.dir();
    const log = await open({ dir, clock: new HandClock(), durability: 'process' });
    const threads = Array.from({ length: LATE_HARD_MAX + 500 }, (_, n) => `t${String(n)}`);
    const all = (mid: string, at: number, user: string): Promise<unknown> =>
      Promise.all(threads.map((thread) => append(log, thread, entry(mid, { at, user }))));
    await all('m1', 1, 'ada');
    await all('m2', 2, 'bob');
    await all('m3', 3, 'bob');
    expect(late().length).to.be.within(1, LATE_HARD_MAX);
    const { threads: page } = log.userThreads('ada', null, 5_000, Infinity);
    expect(page.map(({ at }) => at)).to.eql(threads.map(() => 3));
    await log.close();
    expect(await checkLog(dir)).to.include({ problemCount: 0 });
  });

  it('lists what a log of an older format holds', async () => {
    const dir = fixture.dir();
    const log = await open({ dir, clock: new HandClock() });
    await filled(log);
    await log.close();
    const store = openStore({ dir, use: 'disk' });
    const places = ['l', 'w', 'd'].flatMap((tag) => [...store.keys(within(tag))]);
    await store.commit([
      ...places.map((key) => ({ key, value: null })),
      { key: META_KEY, value: '{"format":3,"epoch":"e1"}' }
    ]);
    await store.close();
    const again = await open({ dir, clock: new HandClock() });
    expect([listed(again, 'ada'), listed(again, 'bob')]).to.eql([RIGHT, RIGHT]);
    await again.close();
    expect(await checkLog(dir)).to.include({ format: 4, problemCount: 0 });
  });

  it('reads the rows of one page only', async () => {
    const dir = fixture.dir();
    let reads = 0;
    const log = await open({
      dir,
      clock: new HandClock(),
      durability: 'process',
      wrapRows: (store) => {
        const get: LogStore['get'] = (key) => {
          reads++;
          return store.get(key);
        };
        return new Proxy(store, {
          get: (target, name) => {
            if (name === 'get') return get;
            const value: unknown = Reflect.get(target, name);
            return value instanceof Function ? (value.bind(target) as unknown) : value;
          }
        });
      }
    });
    const many = Array.from({ length: 3_000 }, (_, n) => `t${String(n)}`);
    await Promise.all(many.map((thread, at) => append(log, thread, entry('m1', { at }))));
    reads = 0;
    const { threads, more } = log.userThreads('ada', { at: 1_500, thread: '' }, 10, Infinity);
    expect([threads[0]?.at, threads.length, more]).to.eql([1_499, 10, true]);
    expect(reads).to.be.below(100);
  });

  it('names a place that is not in the index', async () => {
    const dir = fixture.dir();
    const log = await open({ dir, clock: new HandClock() });
    await filled(log);
    await log.close();
    const store = openStore({ dir, use: 'disk' });
    await store.commit([{ key: ['l', 'ada', 10, 't1'], value: null }]);
    await store.close();
    expect((await checkLog(dir)).problems).to.eql([
      'the place 10 of thread t1 in the list of ada is not in the index'
    ]);
  });
});
