import { mkdirSync, mkdtempSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import {
  CommandError,
  isNodeFit,
  needsBuild,
  needsInstall,
  npmArgs,
  run
} from '../../scripts/setup.mjs';

/** A checkout on disk whose files carry the times that the spec gives them, in seconds. */
class Checkout {
  readonly root = mkdtempSync(join(tmpdir(), 'rollcall-setup-'));

  file(path: string, seconds: number): void {
    const full = join(this.root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, '');
    utimesSync(full, seconds, seconds);
    this.touch(dirname(path), 1);
  }

  touch(path: string, seconds: number): void {
    utimesSync(join(this.root, path), seconds, seconds);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

describe('isNodeFit', () => {
  const cases: [string, boolean][] = [
    ['20.19.0', true],
    ['20.19.5', true],
    ['20.20.0', true],
    ['22.1.0', true],
    ['100.0.0', true],
    ['20.18.9', false],
    ['18.99.99', false],
    ['9.0.0', false]
  ];
  for (const [version, isFit] of cases) {
    it(`answers ${String(isFit)} when Node is ${version} and 20.19.0 is needed`, () => {
      expect(isNodeFit(version, '20.19.0')).to.equal(isFit);
    });
  }
});

describe('needsInstall', () => {
  let checkout: Checkout;
  beforeEach(() => {
    checkout = new Checkout();
    checkout.file('package-lock.json', 100);
  });
  afterEach(() => {
    checkout.remove();
  });

  it('answers true when there is no node_modules', () => {
    expect(needsInstall(checkout.root)).to.equal(true);
  });

  it('answers true when an install was cut off before its end', () => {
    checkout.file('node_modules/ws/package.json', 200);
    expect(needsInstall(checkout.root)).to.equal(true);
  });

  it('answers true when the lock file is newer than what is installed', () => {
    checkout.file('node_modules/.package-lock.json', 99);
    expect(needsInstall(checkout.root)).to.equal(true);
  });

  it('answers false when what is installed is newer than the lock file', () => {
    checkout.file('node_modules/.package-lock.json', 101);
    expect(needsInstall(checkout.root)).to.equal(false);
  });
});

describe('npmArgs', () => {
  let checkout: Checkout;
  beforeEach(() => {
    checkout = new Checkout();
  });
  afterEach(() => {
    checkout.remove();
  });

  it('begins with an empty folder when nothing whole is installed', () => {
    checkout.file('node_modules/ws/package.json', 200);
    expect(npmArgs(checkout.root)[0]).to.equal('ci');
  });

  it('replaces only what has changed, and writes no lock file, when all is installed', () => {
    checkout.file('node_modules/.package-lock.json', 99);
    expect(npmArgs(checkout.root).slice(0, 2)).to.eql(['install', '--no-save']);
  });

  it('includes the tools for building each time', () => {
    expect(npmArgs(checkout.root)).to.include('--include=dev');
  });
});

describe('needsBuild', () => {
  let checkout: Checkout;
  beforeEach(() => {
    checkout = new Checkout();
    for (const path of [
      'index.ts',
      'cli/run-server.ts',
      'client/pages/chat/chat.css',
      'tsconfig.json'
    ]) {
      checkout.file(path, 100);
    }
    for (const folder of ['client', 'client/pages']) checkout.touch(folder, 1);
    checkout.file('dist/.built', 200);
  });
  afterEach(() => {
    checkout.remove();
  });

  it('answers false when dist is newer than every source', () => {
    expect(needsBuild(checkout.root)).to.equal(false);
  });

  it('answers true when dist is not whole', () => {
    unlinkSync(join(checkout.root, 'dist/.built'));
    expect(needsBuild(checkout.root)).to.equal(true);
  });

  it('answers true when the package of the SDK is there and has not been filled', () => {
    checkout.file('packages/rollcall-client/package.json', 100);
    expect(needsBuild(checkout.root)).to.equal(true);
    checkout.file('packages/rollcall-client/dist/client/sdk/client.js', 150);
    expect(needsBuild(checkout.root)).to.equal(false);
  });

  for (const path of [
    'index.ts',
    'cli/run-server.ts',
    'client/pages/chat/chat.css',
    'tsconfig.json'
  ]) {
    it(`answers true when ${path} has changed since`, () => {
      checkout.touch(path, 201);
      expect(needsBuild(checkout.root)).to.equal(true);
    });
  }

  it('answers true when a source was removed since', () => {
    unlinkSync(join(checkout.root, 'client/pages/chat/chat.css'));
    expect(needsBuild(checkout.root)).to.equal(true);
  });
});

describe('run', () => {
  it('resolves when the program ends with 0', async () => {
    await run(process.execPath, ['-e', '']);
  });

  it('throws with the code when the program ends with another', async () => {
    const error: unknown = await run(process.execPath, ['-e', 'process.exit(7)']).catch(
      (reason: unknown) => reason
    );
    expect(error).to.be.instanceOf(CommandError).and.to.have.property('code', 7);
  });

  it('throws when the program does not exist', async () => {
    const error: unknown = await run('/nowhere/program', []).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'ENOENT');
  });
});
