import { expect } from 'chai';
import { checkLog } from '../../../../../actors/log/lmdb/check/log-check.js';
import {
  entryKey,
  META_KEY,
  midKey,
  pendingKey,
  RUN_KEY,
  threadKey,
  within
} from '../../../../../actors/log/lmdb/log-keys.js';
import {
  openStore,
  type LogStore,
  type LogWrite
} from '../../../../../actors/log/lmdb/log-store.js';
import { UPGRADE_ROWS, upgradeLog } from '../../../../../actors/log/lmdb/disk/log-upgrade.js';
import { messageFrame } from '../../../../../protocol/message-frame.js';
import { isSealed } from '../../../../../actors/log/lmdb/log-seal.js';
import { append, entry, LogFixture, offsets } from '../log-fixture.js';
import { commitBare, storedIn } from '../stored-rows.js';

describe('upgradeLog', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  /** Rows of a thread as format 1 has them. */
  function thread(id: string, first: number, last: number, recordLast = last): LogWrite[] {
    const record = { owner: 'ada', first, last: recordLast, at: 1 };
    const rows: LogWrite[] = [{ key: threadKey(id), value: JSON.stringify(record) }];
    for (let offset = first; offset <= last; offset += 1) {
      const mid = `m${String(offset)}`;
      rows.push(
        { key: entryKey(id, offset), value: messageFrame(id, offset, entry(mid)) },
        { key: midKey(mid, id), value: String(offset) }
      );
    }
    return rows;
  }

  /** A directory with a log of format 1 that holds these rows. */
  async function format1(...rows: LogWrite[]): Promise<string> {
    const dir = fixture.dir();
    const store = openStore({ dir, use: 'disk' });
    const run = { durability: 'disk', boot: 'boot-1', clean: true };
    await store.commit([
      { key: META_KEY, value: '{"format":1,"epoch":"e0"}' },
      { key: RUN_KEY, value: JSON.stringify(run) },
      ...rows
    ]);
    await store.close();
    return dir;
  }

  async function marksOf(dir: string): Promise<Record<string, string>> {
    const store = openStore({ dir, use: 'read' });
    const marks: Record<string, string> = {};
    for (const { key, value } of store.range(within('p'))) marks[String(key[1])] = value;
    await store.close();
    return marks;
  }

  it('marks every thread with entries at its first kept one when a log of format 1 is opened', async () => {
    const dir = await format1(
      ...thread('t1', 1, 3),
      ...thread('t2', 4, 6),
      // Its record lags behind, as that of a thread which has never been trimmed does.
      ...thread('t3', 1, 5, 1),
      ...thread('empty', 3, 2),
      ...thread('owned', 1, 0)
    );
    const log = await fixture.open({ dir });
    expect(log.head('t1')?.epoch).to.equal('e0');
    expect(offsets(log, 't2')).to.deep.equal([4, 5, 6]);
    expect(await append(log, 'empty', entry('new'))).to.include({ offset: 3 });
    await log.close();
    expect(await marksOf(dir)).to.deep.equal({ t1: '1', t2: '4', t3: '1', empty: '3' });
    expect(await checkLog(dir)).to.include({ format: 4, problemCount: 0 });
  });

  it('starts over when it was killed in the middle', async () => {
    const threads = Array.from({ length: 2 * UPGRADE_ROWS + 9 }, (_, i) => `t${String(i)}`);
    const dir = await format1(...threads.flatMap((id) => thread(id, 1, 1)));
    const store = openStore({ dir, use: 'disk' });
    let commits = 0;
    const dying: LogStore = {
      get: (key) => store.get(key),
      range: (range) => store.range(range),
      keys: (range) => store.keys(range),
      count: (range) => store.count(range),
      commit: async (writes) => {
        if (commits === 1) throw new Error('killed');
        await store.commit(writes);
        commits += 1;
      },
      guard: () => undefined,
      requireSeals: () => undefined,
      sync: () => store.sync(),
      reopen: () => store.reopen(),
      close: () => store.close()
    };
    let killed: unknown = null;
    await upgradeLog(dying, 1).catch((error: unknown) => (killed = error));
    expect(String(killed)).to.include('killed');
    await store.close();
    expect(await checkLog(dir)).to.include({ format: 1, problemCount: 0 });
    expect(Object.keys(await marksOf(dir))).to.have.lengthOf(UPGRADE_ROWS);
    await (await fixture.open({ dir })).close();
    expect(Object.keys(await marksOf(dir))).to.have.members(threads);
    expect(await checkLog(dir)).to.include({ format: 4, problemCount: 0 });
  });

  it('takes a mark away that stands for nothing when an older version went on after a kill', async () => {
    const dir = await format1(...thread('t1', 6, 5), { key: pendingKey('t1'), value: '2' });
    await (await fixture.open({ dir })).close();
    expect(await marksOf(dir)).to.deep.equal({});
  });

  it('writes nothing when the log has the marks already', async () => {
    const dir = fixture.dir();
    const store = openStore({ dir, use: 'disk' });
    await store.commit(thread('t1', 1, 3));
    await upgradeLog(store, 2);
    expect(store.count(within('p'))).to.equal(0);
    await store.close();
  });

  it('gives every row of a log of format 2 a checksum, but none to what does not decode', async () => {
    const dir = fixture.dir();
    const run = { durability: 'disk', boot: 'boot-1', clean: true, writer: 'w0' };
    await commitBare(dir, [
      { key: META_KEY, value: '{"format":2,"epoch":"e0"}' },
      { key: RUN_KEY, value: JSON.stringify(run) },
      ...thread('t1', 1, 200),
      { key: entryKey('t1', 70), value: '{"type":"mess' }
    ]);
    const log = await fixture.open({ dir });
    expect(log.head('t1')).to.include({ epoch: 'e0', last: 200 });
    expect(log.read('t1', 0, 100, Infinity)).to.have.lengthOf(69);
    expect(log.read('t1', 70, 200, Infinity)).to.have.lengthOf(130);
    expect(() => log.read('t1', 69, 100, Infinity)).to.throw(/entry 70 of thread t1/);
    await log.close();
    const bare = [...(await storedIn(dir))].filter(([, value]) => !isSealed(value));
    expect(bare.map(([key]) => key)).to.eql([entryKey('t1', 70).join(' ')]);
    expect((await checkLog(dir)).problems[0]).to.equal('entry 70 of thread t1 was altered');
  });
});
