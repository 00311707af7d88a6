import { expect } from 'chai';
import { Eraser } from '../../../actors/upkeep/eraser.js';
import { rowsErased, staleRows } from '../../../actors/upkeep/stale-rows.js';
import { append, entry } from '../log/lmdb/log-fixture.js';
import { MemoryLog } from '../log/memory-log.js';

/** A log with a message of ada's at offset 1 of a thread. */
async function rig() {
  const log = new MemoryLog();
  await append(log, 't', entry('m1', { bodyJson: '{"text":"secret"}' }));
  const forgotten: string[] = [];
  let mids = 0;
  const eraser = new Eraser({
    log,
    append: (thread, item, done) => {
      log.append(thread, item, done);
    },
    clock: { now: () => 9 },
    newMid: () => `e${String(++mids)}`,
    onErased: (thread) => forgotten.push(thread)
  });
  const frames = () => log.read('t', 0, 10, Infinity).map(({ frame }) => frame);
  return { log, eraser, forgotten, frames };
}

describe('Eraser', () => {
  for (const named of [{ offset: 1 }, { mid: 'm1' }]) {
    it(`erases a message that is named by ${String(Object.keys(named))}, and tells of it`, async () => {
      const { eraser, forgotten, frames } = await rig();
      expect(await eraser.erase('t', named, 'olga')).to.eql({
        ok: true,
        target: 1,
        mid: 'm1',
        entry: 2
      });
      expect(frames().join()).to.not.contain('secret');
      const [, news] = frames();
      expect(news).to.contain('"from":{"user":"olga"}').and.to.contain('"kind":"message_erased"');
      expect(news).to.contain('"body":{"target":1,"mid":"m1"}');
      expect(forgotten).to.eql(['t']);
    });
  }

  it('erases nothing twice, and no entry that tells of an erasure', async () => {
    const { eraser, frames } = await rig();
    await eraser.erase('t', { offset: 1 }, null);
    expect(await eraser.erase('t', { offset: 1 }, null)).to.include({ ok: true, entry: null });
    expect(await eraser.erase('t', { offset: 2 }, null)).to.include({ code: 'not_found' });
    expect(frames()).to.have.length(2);
  });

  it('says when there is no such message, and when the log stores nothing', async () => {
    const { log, eraser, forgotten, frames } = await rig();
    expect(await eraser.erase('t', { mid: 'no' }, null)).to.include({ code: 'not_found' });
    expect(await eraser.erase('t', { offset: 2 }, null)).to.include({ code: 'not_found' });
    log.fail('the disk is full');
    expect(await eraser.erase('t', { offset: 1 }, null)).to.include({ code: 'unavailable' });
    expect(frames().join()).to.contain('secret');
    expect(forgotten).to.eql([]);
  });

  it('notes the row of the analytics store in the same commit, where there is a store', async () => {
    const { log, eraser } = await rig();
    await append(log, 't', entry('m2'));
    await eraser.erase('t', { mid: 'm2' }, null);
    expect(staleRows(log, 10)).to.eql([]);
    await log.feed.rewind('store');
    await eraser.erase('t', { mid: 'm1' }, null);
    const rows = staleRows(log, 10);
    expect(rows).to.eql([{ thread: 't', mid: 'm1', offset: 1 }]);
    await rowsErased(log, rows);
    expect(staleRows(log, 10)).to.eql([]);
  });

  it('stores what is to be stored with it, and nothing of that when it fails', async () => {
    const { log, eraser } = await rig();
    const also = () => [{ thread: 'x', kind: 'note', id: '1', text: 'erased' }];
    log.fail('the disk is full');
    await eraser.erase('t', { offset: 1 }, null, also);
    log.fail(null);
    expect(log.record('x', 'note', '1')).to.equal(null);
    await eraser.erase('t', { offset: 1 }, null, also);
    expect(log.record('x', 'note', '1')).to.equal('erased');
  });
});
