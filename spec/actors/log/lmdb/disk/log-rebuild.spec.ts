import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { LogCorruptError, LogFormatError } from '../../../../../actors/log/log-errors.js';
import { checkLog } from '../../../../../actors/log/lmdb/check/log-check.js';
import { LogPages } from '../../../../../actors/log/lmdb/disk/pages/log-pages.js';
import { rebuildLog, type Copied } from '../../../../../actors/log/lmdb/disk/log-rebuild.js';
import {
  entryKey,
  FEED_KEY,
  fenceKey,
  LOG_FORMAT,
  memberKey,
  META_KEY,
  midKey,
  RUN_KEY,
  threadKey
} from '../../../../../actors/log/lmdb/log-keys.js';
import { openStore } from '../../../../../actors/log/lmdb/log-store.js';
import type { EmbeddedLog } from '../../../../../actors/log/lmdb/replica/embedded-log.js';
import { append, appendMany, entry, LogFixture } from '../log-fixture.js';
import { flipBit, storedIn } from '../stored-rows.js';

const PAGE_BYTES = 4_096;
const THREADS = ['t1', 't2', 't3'];
const MESSAGES = 120;

describe('checkPages', function () {
  this.timeout(120_000);
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  /** The data file of a closed log with a long message, and its frames by thread and offset. */
  async function sound(): Promise<{ bytes: Buffer; truth: Map<string, string> }> {
    const dir = fixture.dir();
    const log = await fixture.open({ dir, retention: { messages: 100, days: null } });
    for (const thread of THREADS) await appendMany(log, thread, MESSAGES);
    await append(log, 't1', entry('big', { bodyJson: JSON.stringify('x'.repeat(20_000)) }));
    await log.setReadMark('t1', 'bob', 110);
    const { truth } = reading(log);
    await log.close();
    return { bytes: readFileSync(join(dir, 'data.mdb')), truth };
  }

  /** What can be read, by thread and offset, and what is refused. */
  function reading(log: EmbeddedLog): { truth: Map<string, string>; refused: string[] } {
    const truth = new Map<string, string>();
    const refused: string[] = [];
    for (const thread of THREADS) {
      const head = log.head(thread);
      for (let offset = head?.first ?? 1; offset <= (head?.last ?? 0); offset += 1) {
        try {
          for (const { frame } of log.read(thread, offset - 1, 1, Infinity)) {
            truth.set(`${thread}@${String(offset)}`, frame);
          }
        } catch (error) {
          expect(error).to.be.instanceOf(LogCorruptError);
          refused.push(`${thread}@${String(offset)}`);
        }
      }
    }
    return { truth, refused };
  }

  function damaged(bytes: Buffer): string {
    const dir = fixture.dir();
    writeFileSync(join(dir, 'data.mdb'), bytes);
    return dir;
  }

  function zeroed(bytes: Buffer, page: number): Buffer {
    return Buffer.from(bytes).fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
  }

  it('finds nothing in a sound log, whose pages are all used or free', async () => {
    const { bytes } = await sound();
    const dir = damaged(bytes);
    const log = await fixture.open({ dir });
    expect(log.rebuilt).to.equal(null);
    expect(readdirSync(dir)).to.not.include('rebuilding');
  });

  it('copies everything when a page is lost that leads to all others', async () => {
    const { bytes, truth } = await sound();
    const root = Math.max(...[0x88, PAGE_BYTES + 0x88].map((at) => newestRoot(bytes, at)));
    const dir = damaged(zeroed(bytes, root));
    expect((await checkLog(dir)).problems[0]).to.match(new RegExp(`^page ${String(root)} holds`));
    const log = await fixture.open({ dir });
    expect(log.rebuilt).to.include(`page ${String(root)} holds something else`);
    expect(reading(log)).to.eql({ truth, refused: [] });
    expect(log.readMark('t1', 'bob')).to.equal(110);
    expect(log.head('t1')?.epoch).to.not.equal('e1');
    expect(readdirSync(dir).some((name) => /^damaged-\d+\.mdb$/.test(name))).to.equal(true);
    expect(await append(log, 't1', entry('m119'))).to.include({ ok: true, duplicate: true });
    await log.close();
    expect((await checkLog(dir)).problems).to.eql([]);
  });

  it('serves what is whole, refuses the rest and takes messages, whichever page is zeroed', async () => {
    const { bytes, truth } = await sound();
    for (let page = 2; page < bytes.length / PAGE_BYTES; page += 1) {
      const log = await fixture.open({ dir: damaged(zeroed(bytes, page)) });
      const found = reading(log);
      for (const [place, frame] of found.truth) expect(frame).to.equal(truth.get(place));
      for (const thread of THREADS) {
        expect(await append(log, thread, entry('after')), String(page)).to.include({ ok: true });
      }
      await log.close();
    }
  });

  it('leaves a log alone that another process writes to meanwhile', async () => {
    const dir = fixture.dir();
    const first = await fixture.open({ dir });
    await appendMany(first, 't1', 50);
    const second = await fixture.open({ dir });
    expect(second.rebuilt).to.equal(null);
    expect(LogPages.transactionOf(dir)).to.not.equal(null);
  });
});

describe('rebuildLog', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  async function sound(): Promise<string> {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    for (const thread of ['t1', 't2']) await appendMany(log, thread, 20);
    await log.setReadMark('t1', 'bob', 7);
    await log.close();
    return dir;
  }

  function repaired(dir: string): Promise<Copied> {
    return rebuildLog({ dir, newEpoch: () => 'e-new', now: () => 7 });
  }

  for (const key of [META_KEY, RUN_KEY]) {
    it(`makes a log usable again that is refused for its row ${key.join(' ')}`, async () => {
      const dir = await sound();
      await flipBit(dir, key, 3);
      const refusal = await fixture.open({ dir }).catch((error: unknown) => String(error));
      expect(refusal)
        .to.include(`the row ${JSON.stringify(key)} was altered`)
        .and.include('rollcall log check --repair');
      expect((await checkLog(dir)).problems.join()).to.include(JSON.stringify(key));
      expect(await repaired(dir)).to.eql({
        messages: 40,
        kept: 'damaged-7.mdb',
        left: [`the row ${JSON.stringify(key)}`],
        leftCount: 1
      });
      const log = await fixture.open({ dir });
      expect(log.head('t1')).to.include({ last: 20, first: 1, owner: 'ada' });
      expect(log.head('t1')?.epoch).to.not.equal('e1');
      expect(log.readMark('t1', 'bob')).to.equal(7);
      expect(await append(log, 't1', entry('m7'))).to.include({ ok: true, duplicate: true });
      await log.close();
      expect((await checkLog(dir)).problems).to.eql([]);
    });
  }

  it('gives the store everything again when the row of the feed is damaged', async () => {
    const dir = await sound();
    const log = await fixture.open({ dir });
    await log.feed.rewind('store-1');
    await log.feed.take(log.feed.next(100, Infinity));
    await log.close();
    await flipBit(dir, FEED_KEY, 3);
    await repaired(dir);
    const again = await fixture.open({ dir });
    expect(again.feed.storeId()).to.equal(null);
    await again.close();
    expect((await checkLog(dir)).problems).to.eql([]);
  });

  it('makes anew who has published, the index of mids, lists and records of threads', async () => {
    const dir = await sound();
    for (const key of [threadKey('t2'), memberKey('ada', 't2'), midKey('m3', 't2')]) {
      await flipBit(dir, key, 0);
    }
    const { left } = await repaired(dir);
    expect(left).to.have.members(['the record of thread t2', 'the row ["u","ada","t2"]']);
    const log = await fixture.open({ dir });
    expect(log.head('t2')).to.include({ last: 20, owner: 'ada' });
    const { threads } = log.userThreads('ada', null, 10, Infinity);
    expect(threads.map(({ thread }) => thread)).to.have.members(['t1', 't2']);
    expect(await append(log, 't2', entry('m3'))).to.include({ ok: true, duplicate: true });
    await log.close();
    expect((await checkLog(dir)).problems).to.eql([]);
  });

  it('leaves a damaged message out, and takes it again when it is sent again', async () => {
    const dir = await sound();
    await flipBit(dir, entryKey('t2', 5), 100);
    expect(await repaired(dir)).to.include({ messages: 39, leftCount: 1 });
    const log = await fixture.open({ dir });
    expect(() => log.read('t2', 4, 1, Infinity)).to.throw('entry 5 of thread t2 is missing');
    expect(await append(log, 't2', entry('m5'))).to.include({ ok: true, offset: 21 });
  });

  it('starts over a damaged fence, which still keeps its writer out', async () => {
    const dir = await sound();
    const log = await fixture.open({ dir });
    await log.close();
    const fence = [...(await storedIn(dir)).keys()].find((key) => key.startsWith('x fence '));
    await flipBit(dir, fenceKey(fence?.slice('x fence '.length) ?? ''), 0);
    expect((await checkLog(dir)).problemCount).to.equal(1);
    expect((await fixture.open({ dir })).head('t1')).to.include({ last: 20 });
  });

  it('changes nothing of a log of a newer version', async () => {
    const dir = await sound();
    const store = openStore({ dir, use: 'disk' });
    const meta = JSON.stringify({ format: LOG_FORMAT + 1, epoch: 'e9' });
    await store.commit([{ key: META_KEY, value: meta }]);
    await store.close();
    const before = readFileSync(join(dir, 'data.mdb'));
    const error: unknown = await repaired(dir).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(LogFormatError);
    expect(readFileSync(join(dir, 'data.mdb')).equals(before)).to.equal(true);
  });
});

/** The root of the rows in the header at this place, when that header is the newer one; else 0. */
function newestRoot(bytes: Buffer, at: number): number {
  const other = at < PAGE_BYTES ? at + PAGE_BYTES : at - PAGE_BYTES;
  const isNewer = bytes.readBigUInt64LE(at + 16) > bytes.readBigUInt64LE(other + 16);
  return isNewer ? Number(bytes.readBigUInt64LE(at)) : 0;
}
