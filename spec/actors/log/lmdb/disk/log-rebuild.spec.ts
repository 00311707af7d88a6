import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { LogCorruptError } from '../../../../../actors/log/log-errors.js';
import { checkLog } from '../../../../../actors/log/lmdb/check/log-check.js';
import { LogPages } from '../../../../../actors/log/lmdb/disk/log-pages.js';
import type { EmbeddedLog } from '../../../../../actors/log/lmdb/lmdb-log.js';
import { append, appendMany, entry, LogFixture } from '../log-fixture.js';

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

  it('serves nothing that was altered, and does not end, whatever bits are flipped', async () => {
    const { bytes, truth } = await sound();
    const flip = fc.record({
      at: fc.integer({ min: 0, max: bytes.length - 1 }),
      bit: fc.integer({ min: 0, max: 7 })
    });
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 3 }), async (flips) => {
        const spoilt = Buffer.from(bytes);
        for (const { at, bit } of flips) spoilt[at] = (spoilt[at] ?? 0) ^ (1 << bit);
        let log: EmbeddedLog;
        try {
          log = await fixture.open({ dir: damaged(spoilt) });
        } catch (error) {
          expect(error).to.be.instanceOf(LogCorruptError);
          return;
        }
        for (const thread of THREADS) {
          try {
            log.head(thread);
          } catch {
            return;
          }
        }
        const found = reading(log);
        for (const [place, frame] of found.truth) expect(frame).to.equal(truth.get(place));
        await append(log, 't1', entry('after'));
      }),
      { numRuns: 80 }
    );
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

/** The root of the rows in the header at this place, when that header is the newer one; else 0. */
function newestRoot(bytes: Buffer, at: number): number {
  const other = at < PAGE_BYTES ? at + PAGE_BYTES : at - PAGE_BYTES;
  const isNewer = bytes.readBigUInt64LE(at + 16) > bytes.readBigUInt64LE(other + 16);
  return isNewer ? Number(bytes.readBigUInt64LE(at)) : 0;
}
