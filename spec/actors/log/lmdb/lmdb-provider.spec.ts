import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../../../actors/clock.js';
import { DataDirInUseError } from '../../../../actors/log/lmdb/disk/data-dir-error.js';
import { LOCK_FILE } from '../../../../actors/log/lmdb/disk/data-dir.js';
import { markPath } from '../../../../actors/log/lmdb/disk/log-mark.js';
import { createLmdbProvider } from '../../../../actors/log/lmdb/lmdb-provider.js';
import { RUN_KEY } from '../../../../actors/log/lmdb/log-keys.js';
import { openStore } from '../../../../actors/log/lmdb/log-store.js';
import { LogCorruptError } from '../../../../actors/log/log-errors.js';
import { append, entry, LogFixture } from './log-fixture.js';

describe('createLmdbProvider', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  const provide = (dataDir: string) =>
    createLmdbProvider({
      dataDir,
      folder: 'log',
      durability: 'process',
      clock: systemClock,
      retention: { messages: null, days: null },
      isFeedRead: true,
      onListenerFault: () => undefined,
      newEpoch: () => 'e2',
      bootId: () => 'boot-2',
      freeBytes: () => 0
    });

  it('names its own commands as the remedy', () => {
    expect(provide('nowhere').remedy).to.match(/rollcall log check.*rollcall log export/);
  });

  it('opens the log in a folder of a directory that it claims, and releases it', async () => {
    const dir = fixture.dir();
    const provided = await provide(dir).open();
    expect(await append(provided.log, 't1', entry('m1'))).to.include({ ok: true, offset: 1 });
    expect([provided.notice, provided.isDiskLow()]).to.deep.equal([null, true]);
    expect(existsSync(join(dir, 'log', 'data.mdb'))).to.equal(true);
    const refused: unknown = await provide(dir)
      .open()
      .catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(DataDirInUseError);
    await provided.close();
    expect(existsSync(join(dir, LOCK_FILE))).to.equal(false);
  });

  it('says that the epoch was renewed', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({
      dir: join(dir, 'log'),
      durability: 'process',
      markPath: markPath(join(dir, 'log')),
      newWriter: () => 'w1'
    });
    await append(log, 't1', entry('m1'));
    await log.close();
    const store = openStore({ dir: join(dir, 'log'), use: 'disk' });
    const run = { durability: 'process', boot: 'boot-1', clean: false, writer: 'w1' };
    await store.commit([{ key: RUN_KEY, value: JSON.stringify(run) }]);
    await store.close();
    const provided = await provide(dir).open();
    expect(provided.log.ensure('t1').epoch).to.equal('e2');
    expect(provided.notice).to.match(
      /the machine went down.*every thread has a new epoch and clients are told of a gap/
    );
    await provided.close();
  });

  it('says that an older log was put back', async () => {
    const dir = fixture.dir();
    await (await provide(dir).open()).close();
    rmSync(markPath(join(dir, 'log')));
    const provided = await provide(dir).open();
    expect(provided.notice).to.match(/an older one than was here.*clients are told of a gap/);
    await provided.close();
  });

  it('releases the directory when the log cannot be opened', async () => {
    const dir = fixture.dir();
    await (await provide(dir).open()).close();
    writeFileSync(join(dir, 'log', 'data.mdb'), 'xyz');
    const refused: unknown = await provide(dir)
      .open()
      .catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(LogCorruptError);
    expect(existsSync(join(dir, LOCK_FILE))).to.equal(false);
  });
});
