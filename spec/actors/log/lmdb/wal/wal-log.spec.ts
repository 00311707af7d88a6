import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { LogCorruptError } from '../../../../../actors/log/log-errors.js';
import { checkLog } from '../../../../../actors/log/lmdb/check/log-check.js';
import { exportLog } from '../../../../../actors/log/lmdb/check/log-export.js';
import {
  CLOSED_FORMAT,
  decodeMeta,
  LOG_FORMAT,
  META_KEY
} from '../../../../../actors/log/lmdb/log-keys.js';
import { openStore } from '../../../../../actors/log/lmdb/log-store.js';
import { segmentFiles } from '../../../../../actors/log/lmdb/wal/wal-files.js';
import { append, appendMany, entry, LogFixture, offsets } from '../log-fixture.js';

describe('a log with a write-ahead log', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  /** What a crash of the process leaves of a log with so many messages of thread t1. */
  async function crashed(messages: number): Promise<string> {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    for (let n = 1; n <= messages; n += 1) await append(log, 't1', entry(`m${String(n)}`));
    const copy = fixture.dir();
    cpSync(dir, copy, { recursive: true });
    return copy;
  }

  async function formatOf(dir: string): Promise<number | undefined> {
    const store = openStore({ dir, use: 'read' });
    const meta = decodeMeta(store.get(META_KEY) ?? '');
    await store.close();
    return meta?.format;
  }

  it('leaves a log that versions without one open when it is closed, and refuse when it was not', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    await appendMany(log, 't1', 3);
    const copy = fixture.dir();
    cpSync(dir, copy, { recursive: true });
    await log.close();
    expect([await formatOf(dir), segmentFiles(dir)]).to.deep.equal([CLOSED_FORMAT, []]);
    expect(await formatOf(copy)).to.equal(LOG_FORMAT);
  });

  it('has after a crash what it acknowledged, keeps its epoch and gives the next offset', async () => {
    const log = await fixture.open({ dir: await crashed(5) });
    expect(offsets(log, 't1')).to.deep.equal([1, 2, 3, 4, 5]);
    expect([log.renewed, log.rebuilt]).to.deep.equal([null, null]);
    expect(await append(log, 't1', entry('m5'))).to.include({ duplicate: true, offset: 5 });
    expect(await append(log, 't1', entry('m6'))).to.include({ duplicate: false, offset: 6 });
  });

  it('is checked and exported after a crash with what only the write-ahead log has', async () => {
    const dir = await crashed(5);
    const files = (): string[] => readdirSync(join(dir, 'wal'));
    const before = files();
    expect(await checkLog(dir)).to.include({ messages: 5, problemCount: 0 });
    const lines: string[] = [];
    expect(await exportLog(dir, (line) => void lines.push(line))).to.include({ written: 5 });
    expect(lines.map((line) => /"offset":(\d+)/.exec(line)?.[1])).to.deep.equal([
      '1',
      '2',
      '3',
      '4',
      '5'
    ]);
    expect(files()).to.deep.equal(before);
  });

  it('says what is lost and renews the epoch when a record is damaged that others follow', async () => {
    const dir = await crashed(5);
    const [file] = segmentFiles(dir);
    const bytes = readFileSync(file?.path ?? '');
    const at = bytes.indexOf('m3');
    bytes[at] = 0x78;
    writeFileSync(file?.path ?? '', bytes);
    expect((await checkLog(dir)).problems.join()).to.match(
      /1 commits before record \d+ are missing/
    );
    const log = await fixture.open({ dir });
    expect(log.renewed).to.equal('lost');
    expect(log.rebuilt).to.match(/1 commits before record \d+ are missing/);
    expect(offsets(log, 't1')).to.deep.equal([1, 2]);
    expect(() => log.read('t1', 2, 1, Infinity)).to.throw(LogCorruptError);
    expect(log.read('t1', 3, 9, Infinity).map(({ offset }) => offset)).to.deep.equal([4, 5]);
    expect(await append(log, 't1', entry('m6'))).to.include({ ok: true, offset: 6 });
  });
});
