import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { expect } from 'chai';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** An installed package in a folder of its own, whose command line is the one given. */
class Package {
  readonly root = mkdtempSync(join(tmpdir(), 'rollcall-package-'));

  constructor(main: string) {
    for (const file of ['rollcall.mjs', 'setup.mjs']) {
      cpSync(new URL(`../../scripts/${file}`, import.meta.url), join(this.root, 'scripts', file));
    }
    writeFileSync(join(this.root, 'package.json'), '{"type":"module"}');
    mkdirSync(join(this.root, 'dist/cli'), { recursive: true });
    writeFileSync(join(this.root, 'dist/cli/cli.js'), main);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Waits for a line of standard output. */
async function line(child: ChildProcess, text: string): Promise<void> {
  for await (const said of createInterface({ input: child.stdout ?? Readable.from([]) })) {
    if (said === text) return;
  }
  throw new Error(`it ended without saying "${text}"`);
}

describe('rollcall.mjs', function () {
  this.timeout(60_000);
  let installed: Package | undefined;
  afterEach(() => {
    installed?.remove();
    installed = undefined;
  });

  const run = (command: string): ChildProcess =>
    spawn(process.execPath, [join(installed?.root ?? '', 'scripts/rollcall.mjs'), command], {
      stdio: ['ignore', 'pipe', 'pipe']
    });

  const HANGS = `export const main = async () => { console.log('here'); await new Promise((r) => setTimeout(r, 50_000)); };`;
  for (const signal of SIGNALS) {
    it(`ends with 0 on ${signal} while the server is not there yet`, async () => {
      installed = new Package(HANGS);
      const child = run('start');
      await line(child, 'here');
      child.kill(signal);
      expect(await once(child, 'exit')).to.eql([0, null]);
    });
  }

  it('leaves the signal to the server when that has its own handler', async () => {
    installed = new Package(
      `export const main = async () => { process.on('SIGTERM', () => process.exit(7)); console.log('here'); await new Promise((r) => setTimeout(r, 50_000)); };`
    );
    const child = run('start');
    await line(child, 'here');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).to.eql([7, null]);
  });

  it('leaves the signals of other commands as they are', async () => {
    installed = new Package(HANGS);
    const child = run('check');
    await line(child, 'here');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).to.eql([null, 'SIGTERM']);
  });
});

describe('npm start', () => {
  it('is the server itself and no shell above it, so that the signal of npm reaches it', async () => {
    const { scripts } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    ) as { scripts: { start: string } };
    // The stand-in for the server prints whether the shell that npm starts is still its parent.
    const script = scripts.start.replaceAll(
      'node scripts/rollcall.mjs start',
      `${process.execPath} -e 'console.log(process.pid)'`
    );
    const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await line(child, String(child.pid));
  });
});
