import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  claimDataDir,
  DataDirError,
  DataDirInUseError,
  LOCK_FILE
} from '../../../../../actors/log/lmdb/disk/data-dir.js';
import { LogFixture } from '../log-fixture.js';

describe('claimDataDir', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  function lock(dir: string, content: unknown): void {
    writeFileSync(join(dir, LOCK_FILE), JSON.stringify(content));
  }
  function holder(dir: string): unknown {
    return JSON.parse(readFileSync(join(dir, LOCK_FILE), 'utf8'));
  }

  it('makes the directory and locks it with this process when it is absent', () => {
    const dir = join(fixture.dir(), 'a', 'b');
    const claim = claimDataDir(dir);
    expect(holder(dir)).to.include({ pid: process.pid });
    claim.release();
  });

  it('leaves nothing behind when it is released', () => {
    const dir = fixture.dir();
    claimDataDir(dir).release();
    expect(readdirSync(dir)).to.deep.equal([]);
  });

  it('refuses and names the pid when a live process holds it', () => {
    const dir = fixture.dir();
    const claim = claimDataDir(dir);
    expect(() => claimDataDir(dir))
      .to.throw(DataDirInUseError, `process ${String(process.pid)}`)
      .with.property('pid', process.pid);
    claim.release();
  });

  it('refuses when the lock of a live process does not say when that began', () => {
    const dir = fixture.dir();
    lock(dir, { pid: process.pid, started: null });
    expect(() => claimDataDir(dir)).to.throw(DataDirInUseError);
  });

  it('takes over when the holder is dead', async () => {
    const dir = fixture.dir();
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    lock(dir, { pid: child.pid, started: null });
    const claim = claimDataDir(dir);
    expect(holder(dir)).to.include({ pid: process.pid });
    claim.release();
  });

  it('takes over when the pid is in use again by a younger process', function () {
    if (!existsSync('/proc/self/stat')) this.skip();
    const dir = fixture.dir();
    lock(dir, { pid: process.pid, started: '1' });
    claimDataDir(dir).release();
    expect(readdirSync(dir)).to.deep.equal([]);
  });

  for (const content of ['', '{', '{"pid":-1,"started":null}']) {
    it(`takes over when the lock reads ${JSON.stringify(content)}`, () => {
      const dir = fixture.dir();
      writeFileSync(join(dir, LOCK_FILE), content);
      claimDataDir(dir).release();
      expect(readdirSync(dir)).to.deep.equal([]);
    });
  }

  it('leaves the lock of another alone when it is released', () => {
    const dir = fixture.dir();
    const claim = claimDataDir(dir);
    lock(dir, { pid: 1, started: null });
    claim.release();
    expect(holder(dir)).to.deep.equal({ pid: 1, started: null });
  });

  it('refuses when it is a file', () => {
    const path = join(fixture.dir(), 'file');
    writeFileSync(path, '');
    expect(() => claimDataDir(path))
      .to.throw(DataDirError, 'is not a directory: remove the file or set DATA_DIR')
      .with.property('code', 'data_dir_no_directory');
    expect(() => claimDataDir(join(path, 'below'))).to.throw(DataDirError, 'is not a directory');
  });

  it('refuses when it is read-only', function () {
    const dir = fixture.smallDisk(1_048_576);
    if (dir === null) {
      if (process.env['CI'] === 'true') throw new Error('CI must be able to mount a tmpfs');
      this.skip();
    }
    fixture.remount(dir, 'ro');
    expect(() => claimDataDir(dir)).to.throw(
      DataDirError,
      'is on a read-only file system (EROFS): mount it for writing'
    );
  });

  it('refuses and leaves nothing behind when the disk is full', function () {
    const dir = fixture.smallDisk(16_384);
    if (dir === null) {
      if (process.env['CI'] === 'true') throw new Error('CI must be able to mount a tmpfs');
      this.skip();
    }
    expect(() => claimDataDir(dir)).to.throw(
      DataDirError,
      'has no space left (ENOSPC): free space on its disk'
    );
    expect(readdirSync(dir)).to.deep.equal([]);
  });
});
