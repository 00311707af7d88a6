import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import {
  DataDirError,
  DataDirInUseError
} from '../../../../../actors/log/lmdb/disk/data-dir-error.js';
import {
  claimDataDir,
  holderOf,
  LOCK_FILE,
  type ClaimOptions,
  type DataDirClaim
} from '../../../../../actors/log/lmdb/disk/data-dir.js';
import { loadKernelLock } from '../../../../../actors/log/lmdb/disk/kernel-lock.js';
import { RENEW_MS, RENEWED_MAX_MS } from '../../../../../actors/log/lmdb/disk/lock-file.js';
import { thisPlace } from '../../../../../actors/log/lmdb/disk/lock-holder.js';
import { HandClock, LogFixture } from '../log-fixture.js';

const DATA_DIR_MODULE = new URL('../../../../../actors/log/lmdb/disk/data-dir.ts', import.meta.url)
  .href;

/** Skips the test when this process may not create a pid namespace; in CI it fails. */
function requireNamespaces(test: Mocha.Context): void {
  const { status } = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']);
  if (status === 0) return;
  if (process.env['CI'] === 'true') throw new Error('CI must be able to make a pid namespace');
  test.skip();
}

/** A platform on which no file can be locked. */
const NO_LOCKS = loadKernelLock(() => {
  throw new Error('no binary for this platform');
});

describe('loadKernelLock', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  it('answers null for each file when the addon does not load or is another', () => {
    expect(NO_LOCKS(0, 'exclusive')).to.equal(null);
    expect(loadKernelLock(() => ({}))(0, 'exclusive')).to.equal(null);
  });

  it('locks files on this machine, for which a binary is shipped', () => {
    const dir = fixture.dir();
    const files = ['w', 'r+'].map((flags) => openSync(join(dir, 'f'), flags));
    const [one = 0, two = 0] = files;
    const tryLock = loadKernelLock();
    expect([tryLock(one, 'exclusive'), tryLock(two, 'exclusive')]).to.eql([true, false]);
    closeSync(one);
    expect(tryLock(two, 'exclusive')).to.equal(true);
    closeSync(two);
  });
});

describe('claimDataDir', function () {
  this.timeout(60_000);
  const fixture = new LogFixture();
  const claims: DataDirClaim[] = [];
  afterEach(async () => {
    for (const claim of claims.splice(0)) claim.release();
    await fixture.clear();
  });

  function claim(dir: string, options: ClaimOptions = {}): DataDirClaim {
    const made = claimDataDir(dir, options);
    claims.push(made);
    return made;
  }
  function write(dir: string, content: unknown): void {
    writeFileSync(join(dir, LOCK_FILE), JSON.stringify(content));
  }
  function holder(dir: string): unknown {
    return JSON.parse(readFileSync(join(dir, LOCK_FILE), 'utf8'));
  }
  /** Starts a process that claims the directory, inside or outside of a pid namespace of its own, and waits for it. */
  async function claimElsewhere(dir: string, namespace: boolean): Promise<() => Promise<void>> {
    const code = `import { claimDataDir } from ${JSON.stringify(DATA_DIR_MODULE)};
      claimDataDir(${JSON.stringify(dir)}); console.log('claimed'); setInterval(() => {}, 1000);`;
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', code];
    const [command = '', ...args] = namespace
      ? ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', ...node]
      : node;
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    // Not 'exit': the process in the namespace ends a little after `unshare`, and 'close' waits for its output too.
    const closed = once(child, 'close');
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'claimed') {
        return async () => {
          child.kill('SIGKILL');
          await closed;
        };
      }
    }
    throw new Error('it did not claim the directory');
  }

  it('makes the directory for its user alone and locks it with this process when it is absent', () => {
    const dir = join(fixture.dir(), 'a', 'b');
    claim(dir);
    expect(holder(dir)).to.include({ pid: process.pid, place: thisPlace() });
    if (process.platform !== 'win32') expect(statSync(dir).mode & 0o777).to.equal(0o700);
  });

  const ways: [string, ClaimOptions][] = [
    ['by the kernel', {}],
    ['without locks of the kernel', { tryLock: NO_LOCKS, clock: new HandClock() }]
  ];
  for (const [way, options] of ways) {
    describe(way, () => {
      it('leaves nothing behind when it is released', () => {
        const dir = fixture.dir();
        claim(dir, options).release();
        expect(readdirSync(dir)).to.deep.equal([]);
      });

      it('refuses and names the pid when a live process holds it', () => {
        const dir = fixture.dir();
        claim(dir, options);
        expect(() => claim(dir, options))
          .to.throw(DataDirInUseError, `process ${String(process.pid)}:`)
          .with.property('pid', process.pid);
        expect(holderOf(dir, options.tryLock)).to.equal(String(process.pid));
      });

      it('refuses when a live process of an older version holds it', () => {
        const dir = fixture.dir();
        write(dir, { pid: process.pid, started: null });
        expect(() => claim(dir, options)).to.throw(DataDirInUseError);
        expect(holderOf(dir, options.tryLock)).to.equal(String(process.pid));
      });

      it('takes over when the holder was killed', async () => {
        const dir = fixture.dir();
        const kill = await claimElsewhere(dir, false);
        expect(() => claim(dir, options)).to.throw(DataDirInUseError);
        await kill();
        expect(holderOf(dir, options.tryLock)).to.equal(null);
        claim(dir, options);
        expect(holder(dir)).to.include({ pid: process.pid });
      });

      it('takes a copy of a directory that is in use', () => {
        const [dir, copy] = [fixture.dir(), fixture.dir()];
        claim(dir, options);
        copyFileSync(join(dir, LOCK_FILE), join(copy, LOCK_FILE));
        expect(holderOf(copy, options.tryLock)).to.equal(null);
        claim(copy, options);
      });

      it('takes over when the pid is in use again by a younger process', function () {
        if (!existsSync('/proc/self/stat')) this.skip();
        const dir = fixture.dir();
        write(dir, { pid: process.pid, started: '1' });
        claim(dir, options).release();
        expect(readdirSync(dir)).to.deep.equal([]);
      });

      for (const content of ['', '{', '{"pid":-1,"started":null}', '[]', '7']) {
        it(`takes over when the lock reads ${JSON.stringify(content)}`, () => {
          const dir = fixture.dir();
          writeFileSync(join(dir, LOCK_FILE), content);
          claim(dir, options).release();
          expect(readdirSync(dir)).to.deep.equal([]);
        });
      }

      it('leaves the file of another alone when it is released', () => {
        const dir = fixture.dir();
        const mine = claim(dir, options);
        const others = join(dir, 'others');
        writeFileSync(others, '{"pid":1,"started":null}');
        renameSync(others, join(dir, LOCK_FILE));
        mine.release();
        expect(holder(dir)).to.deep.equal({ pid: 1, started: null });
      });
    });
  }

  it('refuses a directory that a process of another pid namespace holds, until that is killed', async function () {
    requireNamespaces(this);
    const dir = fixture.dir();
    const kill = await claimElsewhere(dir, true);
    expect(() => claim(dir)).to.throw(
      DataDirInUseError,
      /process \d+ of another container or machine/
    );
    expect(holderOf(dir)).to.match(/of another container or machine/);
    await kill();
    claim(dir);
  });

  it('lets the kernel decide when the file of a killed container names a process that runs here', () => {
    const dir = fixture.dir();
    write(dir, {
      pid: process.pid,
      started: null,
      place: 'elsewhere',
      host: 'h',
      kernel: true,
      file: 1
    });
    claim(dir);
  });

  describe('without locks of the kernel, of a holder somewhere else', () => {
    const there = { pid: 1, started: '5', place: 'elsewhere', host: 'box-7', file: null };

    it('refuses while the file is renewed, and takes over when it has not been for a minute', () => {
      const dir = fixture.dir();
      write(dir, { ...there, kernel: false });
      expect(() => claim(dir, { tryLock: NO_LOCKS })).to.throw(DataDirInUseError, 'box-7');
      const old = new Date(Date.now() - RENEWED_MAX_MS - 5_000);
      utimesSync(join(dir, LOCK_FILE), old, old);
      claim(dir, { tryLock: NO_LOCKS });
    });

    it('refuses for good when that holder has a lock of the kernel, which nobody here can see', () => {
      const dir = fixture.dir();
      write(dir, { ...there, kernel: true });
      const old = new Date(Date.now() - 100 * RENEWED_MAX_MS);
      utimesSync(join(dir, LOCK_FILE), old, old);
      expect(() => claim(dir, { tryLock: NO_LOCKS })).to.throw(DataDirInUseError, 'box-7');
    });

    it('renews its own file until it is released', () => {
      const dir = fixture.dir();
      const clock = new HandClock();
      const mine = claim(dir, { tryLock: NO_LOCKS, clock });
      clock.advance(3 * RENEW_MS);
      const renewedAt = statSync(join(dir, LOCK_FILE)).mtimeMs;
      expect(renewedAt).to.equal(clock.now());
      mine.release();
      expect(clock.pending).to.equal(0);
    });
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
