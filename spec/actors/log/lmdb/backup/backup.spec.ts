import { expect } from 'chai';
import fc from 'fast-check';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { backupLines } from '../../../../../actors/log/lmdb/backup/take-backup.js';
import {
  BackupFileError,
  BackupLines,
  BackupReader,
  failedLine
} from '../../../../../actors/log/lmdb/backup/backup-file.js';
import { foundIn, restoreBackup } from '../../../../../actors/log/lmdb/backup/restore-backup.js';
import { textLines } from '../../../../../actors/log/lmdb/backup/text-lines.js';
import { checkLog } from '../../../../../actors/log/lmdb/check/log-check.js';
import { markPath } from '../../../../../actors/log/lmdb/disk/log-mark.js';
import { append, appendMany, entry, LogFixture, offsets } from '../log-fixture.js';

const now = (): number => 7;

async function all(lines: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const line of lines) text += line;
  return text;
}

async function* bytesOf(text: string, size = 1_000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function faultOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return 'none';
}

describe('a backup of a log', function () {
  this.timeout(60_000);
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  const restored = async (text: string, dataDir = fixture.dir()): Promise<string> => {
    const dir = join(dataDir, 'log');
    await restoreBackup({ dir, lines: textLines(bytesOf(text)) });
    return dir;
  };

  it('has what was acknowledged before it began, of a log that goes on', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    await appendMany(log, 't1', 500);
    await log.setRecord('t1', 'member', 'bob', 'reader');
    await log.setReadMark('t1', 'bob', 7);
    const more = appendMany(log, 't2', 3_000);
    const text = await all(backupLines(dir, now));
    await more;
    const copy = await restored(text);
    expect((await checkLog(copy)).problems).to.eql([]);
    const again = await fixture.open({ dir: copy, markPath: markPath(copy) });
    expect(offsets(again, 't1')).to.eql(offsets(log, 't1'));
    expect(again.read('t1', 0, 500, Infinity)).to.eql(log.read('t1', 0, 500, Infinity));
    expect(again.record('t1', 'member', 'bob')).to.equal('reader');
    expect(again.readMark('t1', 'bob')).to.equal(7);
    const kept = offsets(again, 't2');
    expect(kept).to.eql(Array.from(kept, (_, index) => index + 1));
    expect(again.renewed).to.equal('behind');
    expect(again.ensure('t1').epoch).to.not.equal(log.ensure('t1').epoch);
    expect(again.head('t1')?.isRenewed).to.equal(true);
    expect(await append(again, 't1', entry('m501'))).to.include({ ok: true, offset: 501 });
  });

  it('is whole at whatever moment it is made', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    let isOver = false;
    let sent = 0;
    const busy = (async () => {
      while (!isOver) {
        const batch = Array.from({ length: 40 }, (_, index) => {
          sent += 1;
          return append(log, `t${String(index % 7)}`, entry(`m${String(sent)}`));
        });
        await Promise.all(batch);
      }
    })();
    for (let round = 0; round < 12; round += 1) {
      const before = [...Array(7).keys()].map((n) => log.head(`t${String(n)}`)?.last ?? 0);
      const copy = await restored(await all(backupLines(dir, now)));
      const again = await fixture.open({ dir: copy });
      before.forEach((last, n) => {
        expect(again.head(`t${String(n)}`)?.last ?? 0).to.be.at.least(last);
      });
    }
    isOver = true;
    await busy;
  });

  it('has no text that was erased, though the data file may', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    await append(log, 't1', entry('m1', { bodyJson: '"a-word-that-must-go"' }));
    await append(log, 't1', entry('e', { kind: 'message_erased', erases: 1 }));
    expect(await all(backupLines(dir, now))).to.not.contain('a-word-that-must-go');
  });

  it('is refused, and leaves nothing, when it is cut off, changed or foreign', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    await appendMany(log, 't1', 20);
    const text = await all(backupLines(dir, now));
    const dataDir = fixture.dir();
    const refused = async (bad: string): Promise<void> => {
      expect(await faultOf(restored(bad, dataDir))).to.not.equal('none');
      expect(readdirSync(dataDir)).to.eql([]);
    };
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: text.length - 2 }), fc.boolean(), async (at, isCut) => {
        if (isCut) return refused(text.slice(0, at));
        const changed = text[at] === '7' ? '8' : '7';
        await refused(text.slice(0, at) + changed + text.slice(at + 1));
      }),
      { numRuns: 60 }
    );
    await refused('');
    await refused('PK\u0003\u0004 an archive');
    await refused(`${text}["more"]\n`);
    await refused(text.replace('"version":1', '"version":2'));
    await refused(text.replace('"format":5', '"format":99'));
    await refused(`${failedLine('the disk')}\n`);
  });

  it('is refused when its rows do not fit together', async () => {
    const lines = new BackupLines();
    const text = [
      lines.head({ format: 5, epoch: 'e', at: 1 }),
      lines.row({ key: ['e', 't1', 2], value: '{}' }),
      lines.end()
    ].join('\n');
    const dataDir = fixture.dir();
    expect(await faultOf(restored(text, dataDir))).to.contain('is damaged');
    expect(readdirSync(dataDir)).to.eql([]);
  });

  it('leaves nothing on a disk that it does not fit on', async function () {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    const body = JSON.stringify('x'.repeat(20_000));
    for (let n = 0; n < 200; n += 1) {
      await append(log, 't1', entry(`m${String(n)}`, { bodyJson: body }));
    }
    const text = await all(backupLines(dir, now));
    const small = fixture.smallDisk(2_000_000);
    if (small === null) return this.skip();
    expect(await faultOf(restored(text, small))).to.match(/ free/);
    expect(readdirSync(small)).to.eql([]);
  });

  it('may be put where an earlier restore was killed, and not beside anything else', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    await appendMany(log, 't1', 5);
    const text = await all(backupLines(dir, now));
    const copy = await restored(text);
    expect(foundIn(dirname(copy), 'log')).to.eql(['log']);
    const other = fixture.dir();
    const killed = textLines(bytesOf(text.slice(0, 500)));
    await faultOf(restoreBackup({ dir: join(other, 'log'), lines: killed }));
    expect(foundIn(other, 'log')).to.eql([]);
    expect(foundIn(join(other, 'absent'), 'log')).to.eql([]);
    expect(existsSync(join(other, 'log'))).to.equal(false);
  });
});

describe('BackupReader', () => {
  it('skips blank lines, which HTTP puts between the others', () => {
    const lines = new BackupLines();
    const reader = new BackupReader();
    const head = lines.head({ format: 5, epoch: 'e', at: 1 });
    for (const line of [
      '',
      head,
      '',
      lines.row({ key: ['t', 'a'], value: '1' }),
      '',
      lines.end()
    ]) {
      reader.take(line);
    }
    reader.finish();
    expect(reader.rows).to.equal(1);
  });

  it('says why a server could not go on', () => {
    const reader = new BackupReader();
    reader.take(new BackupLines().head({ format: 5, epoch: 'e', at: 1 }));
    expect(() => reader.take(failedLine('the disk is away'))).to.throw(
      BackupFileError,
      'the disk is away'
    );
  });
});
