import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { checkLog } from '../../../actors/log/lmdb/check/log-check.js';
import { LOG_FOLDER } from '../../../server/config/config.js';
import { findProgram } from '../../require.js';
import { runCli } from '../terminal/run-cli.js';
import { startAndFail, startServer, type ServerProcess } from '../servers/server-process.js';
import { statusOf, until, untilStatus } from '../servers/until.js';
import { WireClient, type Frame } from '../wire/wire-client.js';

/** Enough for the log and its probe of 1 MiB, and soon full. */
const DISK_BYTES = 8 * 1_048_576;

/** The smallest ext4 file system with a journal and room for the log. */
const IMAGE_BYTES = 32 * 1_048_576;

/** Time in which the server must report no second incident: long enough for two attempts to recover. */
const WATCH_MS = 2_500;

const REFUSING = 'the thread log takes no messages';
const RESUMED = 'thread log takes messages again';

/** A disk of its own for one server. */
interface Disk {
  readonly dir: string;
  remove(): Promise<void>;
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' });
}

async function mountPoint(prepare: (dir: string) => void): Promise<Disk> {
  const dir = await mkdtemp(join(tmpdir(), 'rollcall-disk-'));
  try {
    prepare(dir);
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
  return {
    dir,
    remove: async () => {
      execFileSync('umount', [dir], { stdio: 'pipe' });
      await rm(dir, { recursive: true, force: true });
    }
  };
}

/** Mounts a small disk; skips the tests without the right to mount. */
async function smallDisk(context: Mocha.Context): Promise<Disk> {
  try {
    return await mountPoint((dir) => {
      mount('-t', 'tmpfs', '-o', `size=${String(DISK_BYTES)},mode=700`, 'rollcall-spec', dir);
    });
  } catch (error) {
    skipWithout(context, 'the right to mount', error);
    throw error;
  }
}

/** Skips tests and prints the reason, in CI too: the right to mount cannot be installed like a package. */
function skipWithout(context: Mocha.Context, what: string, error: unknown): void {
  process.stderr.write(`    skipped without ${what}: ${String(error)}\n`);
  context.skip();
}

/** Fills the disk. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let bytes = 65_536; bytes >= 1;) {
      try {
        writeSync(file, Buffer.alloc(bytes));
      } catch {
        bytes = Math.floor(bytes / 2);
      }
    }
  } finally {
    closeSync(file);
  }
}

interface Probe {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly reason: unknown;
}

async function readyz(url: string): Promise<Probe> {
  const response = await fetch(`${url}/readyz`);
  const body = (await response.json()) as { reason?: unknown };
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    reason: body.reason
  };
}

/** Returns the log lines of a level that contain the text. */
function said(server: ServerProcess, level: string, text: string): string[] {
  return server.lines
    .filter((line) => line.level === level && line.message.includes(text))
    .map(({ message }) => message);
}

/** Publishes until a message is refused. Returns the offsets that were acked before, and the refusal. */
async function publishUntilRefused(
  client: WireClient,
  thread: string,
  next: () => string
): Promise<{ acked: Frame[]; refused: { mid: string; error: Frame } }> {
  const acked: Frame[] = [];
  for (;;) {
    const mid = next();
    const reply = await client.publish(thread, mid, mid.padEnd(4_000, '.'));
    if (reply.type !== 'ack') return { acked, refused: { mid, error: reply } };
    acked.push(reply);
  }
}

describe('a full disk', function () {
  this.timeout(60_000);
  let disk: Disk;
  let server: ServerProcess;
  let url: string;
  let ada: WireClient;
  let bob: WireClient;
  let acked: Frame[];
  let refused: { mid: string; error: Frame };
  let count = 0;
  const next = (): string => `m-${String(++count)}`;

  before(async function () {
    disk = await smallDisk(this);
    server = await startServer({
      dataDir: disk.dir,
      env: { LIMIT_PUBLISH_PER_SECOND: '0', API_KEY: 'a-key-of-the-backend' }
    });
    ({ url } = server);
    ada = await WireClient.connect(url, 'ada');
    bob = await WireClient.connect(url, 'bob');
    await bob.subscribe('full');
    for (let n = 0; n < 20; n += 1) await ada.publish('full', next());
    fill(join(disk.dir, 'filler'));
    const end = await publishUntilRefused(ada, 'full', next);
    ({ refused } = end);
    const { messages } = await ada.ask({ type: 'history', thread: 'full', limit: 500 });
    acked = messages as Frame[];
    expect(acked).to.have.length(20 + end.acked.length);
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop();
    await (disk as Disk | undefined)?.remove();
  });

  it('refuses a publish as unavailable, to be tried again, and says why', () => {
    expect(refused.error).to.include({ type: 'error', code: 'unavailable', retry: true });
    expect(refused.error.message).to.match(/cannot write.*\d+ bytes are free on its disk/);
  });

  it('is not ready, with the reason and a time to ask again, but alive', async () => {
    const { status, retryAfter, reason } = await readyz(url);
    expect(status).to.equal(503);
    expect(Number(retryAfter)).to.be.greaterThan(0);
    expect(reason).to.match(/thread log.*bytes are free on its disk/);
    expect((await fetch(`${url}/livez`)).status).to.equal(200);
  });

  it('shows in the status as an issue of the monitor', async () => {
    const { log, monitor } = await statusOf(url);
    expect(log.writable).to.equal(false);
    expect(monitor.status).to.equal('failed');
    expect(monitor.findings).to.have.length(1);
    expect(monitor.findings[0]).to.include({ kind: 'log_fault', level: 'failed', endedAt: null });
    expect(monitor.issues.filter((issue) => issue.includes('thread log'))).to.have.length(1);
  });

  it('answers 503 over HTTP, to be tried again', async () => {
    const response = await fetch(`${url}/api/threads/full/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'a-key-of-the-backend' },
      body: JSON.stringify({ mid: 'http-1', from: 'backend', body: 1 })
    });
    expect(response.status).to.equal(503);
    expect(await response.json()).to.include({ code: 'unavailable', retry: true });
  });

  it('is one incident, however many publishes and attempts fail', async () => {
    const first = performance.now();
    await until(
      async () => {
        const { code } = await ada.publish('full', next());
        expect(code).to.equal('unavailable');
        return performance.now() - first;
      },
      (ms) => ms > WATCH_MS
    );
    expect(said(server, 'error', REFUSING)).to.have.length(1);
    expect(server.lines.filter(({ level }) => level === 'error')).to.have.length(1);
    expect(said(server, 'info', RESUMED)).to.deep.equal([]);
  });

  it('still answers history and gives a new subscriber all that is kept', async () => {
    const carol = await WireClient.connect(url, 'carol');
    const { replays, subscribed } = await carol.subscribe('full', 'start');
    expect(subscribed).to.include({ recovered: true, offset: acked.length });
    expect(replays.map(({ mid }) => mid)).to.deep.equal(acked.map(({ mid }) => mid));
    const page = await fetch(`${url}/api/threads/full/messages?after=10&limit=5`, {
      headers: { 'x-api-key': 'a-key-of-the-backend' }
    });
    const { messages } = (await page.json()) as { messages: Frame[] };
    expect(messages.map(({ offset }) => offset)).to.deep.equal([11, 12, 13, 14, 15]);
    await carol.close();
  });

  it('has given its subscriber what was acked, and nothing of what was refused', async () => {
    await bob.settle();
    const given = bob.all.filter(({ type }) => type === 'message');
    expect(given.map(({ mid }) => mid)).to.deep.equal(acked.map(({ mid }) => mid));
  });

  it('ends by itself once there is space again', async () => {
    unlinkSync(join(disk.dir, 'filler'));
    await until(
      () => readyz(url),
      ({ status }) => status === 200
    );
    await server.line(RESUMED);
    expect(said(server, 'info', RESUMED)).to.have.length(1);
    expect((await statusOf(url)).monitor).to.deep.include({ status: 'healthy', issues: [] });
  });

  it('goes on without a hole: what was refused is stored under the next offset', async () => {
    const ack = await ada.publish('full', refused.mid, refused.mid.padEnd(4_000, '.'));
    expect(ack).to.include({ type: 'ack', offset: acked.length + 1, duplicate: false });
    const frame = await bob.next((each) => each.mid === refused.mid);
    expect(frame).to.include({ type: 'message', offset: acked.length + 1 });
  });

  it('opens a new incident when the disk fills up again', async () => {
    fill(join(disk.dir, 'filler'));
    const again = await publishUntilRefused(ada, 'full', next);
    expect(again.refused.error.code).to.equal('unavailable');
    await untilStatus(url, ({ log }) => !log.writable);
    await until(
      async () => statusOf(url).then(() => said(server, 'error', REFUSING).length),
      (lines) => lines === 2
    );
  });

  it('keeps the next server from starting, with one line that says what to do', async () => {
    expect(await server.stop()).to.equal(0);
    const { code, lines, stderr } = await startAndFail({ dataDir: disk.dir });
    expect(code).to.equal(3);
    const errors = lines.filter(({ level }) => level === 'error');
    expect(errors).to.have.length(1);
    expect(errors[0]!.message).to.match(/CRITICAL: .*(no space|full).*: free space/i);
    expect(stderr).to.equal('');
  });

  it('has cost nothing: the log is whole', async () => {
    unlinkSync(join(disk.dir, 'filler'));
    expect((await checkLog(join(disk.dir, LOG_FOLDER))).problems).to.deep.equal([]);
    const next2 = await startServer({ dataDir: disk.dir });
    const eve = await WireClient.connect(next2.url, 'eve');
    const { replays } = await eve.subscribe('full', 'start');
    expect(replays.map(({ offset }) => offset)).to.deep.equal(replays.map((_, n) => n + 1));
    expect(replays.slice(0, acked.length).map(({ mid }) => mid)).to.deep.equal(
      acked.map(({ mid }) => mid)
    );
    await next2.stop();
  });
});

describe('a data file that may not grow', function () {
  this.timeout(60_000);
  let server: ServerProcess;
  let ada: WireClient;
  let count = 0;
  const next = (): string => `g-${String(++count)}`;

  /** Sets the soft limit for the size of the server's files; the hard limit stays. */
  const limit = (bytes: string): void => {
    execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:`], { stdio: 'pipe' });
  };

  before(async function () {
    if (findProgram('prlimit') === null) {
      skipWithout(this, 'prlimit', 'it is not installed');
    }
    server = await startServer({ env: { LIMIT_PUBLISH_PER_SECOND: '0' } });
    ada = await WireClient.connect(server.url, 'ada');
    for (let n = 0; n < 20; n += 1) await ada.publish('kept', next());
    limit(String(statSync(join(server.dataDir, LOG_FOLDER, 'data.mdb')).size));
    await publishUntilRefused(ada, 'kept', next);
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop();
  });

  it('is one incident for as long as it may not, though other files may be written', async () => {
    const first = performance.now();
    await until(
      async () => {
        const { code } = await ada.publish('kept', next());
        expect(code).to.equal('unavailable');
        return performance.now() - first;
      },
      (ms) => ms > WATCH_MS
    );
    expect(said(server, 'error', REFUSING)).to.have.length(1);
    expect(said(server, 'info', RESUMED)).to.deep.equal([]);
  });

  it('ends by itself once it may grow', async () => {
    limit('unlimited');
    await server.line(RESUMED);
    expect(await ada.publish('kept', next())).to.include({ type: 'ack' });
    expect(said(server, 'info', RESUMED)).to.have.length(1);
  });
});

describe('a data directory that is read-only', function () {
  this.timeout(60_000);
  let disk: Disk;

  before(async function () {
    disk = await smallDisk(this);
    const server = await startServer({ dataDir: disk.dir });
    const ada = await WireClient.connect(server.url, 'ada');
    await ada.publish('kept', 'before');
    await ada.close();
    await server.stop();
    mount('-o', 'remount,ro', disk.dir);
  });
  after(async () => {
    await (disk as Disk | undefined)?.remove();
  });

  it('keeps the server from starting, with one line that says what to do', async () => {
    const { code, lines, stderr } = await startAndFail({ dataDir: disk.dir });
    expect(code).to.equal(3);
    const errors = lines.filter(({ level }) => level === 'error');
    expect(errors).to.have.length(1);
    expect(errors[0]!.message).to.include('CRITICAL').and.include(disk.dir);
    expect(errors[0]!.message)
      .to.match(/EROFS|read-only/i)
      .and.match(/DATA_DIR/);
    expect(stderr).to.equal('');
  });

  it('can still be checked and exported', async () => {
    const checked = await runCli(['log', 'check', '--data-dir', disk.dir]);
    expect(checked.stderr).to.equal('');
    expect(checked.code).to.equal(0);
    const exported = await runCli(['log', 'export', '--data-dir', disk.dir]);
    expect(exported.code).to.equal(0);
    expect(exported.stdout).to.include('"mid":"before"');
  });
});

describe('a disk that turns read-only under a running server', function () {
  this.timeout(60_000);
  let image: string;
  let disk: Disk;
  let server: ServerProcess;
  let ada: WireClient;

  /** Makes an ext4 file system in a file and mounts it. It turns read-only at the first error, as on most systems. */
  const mountImage = (dir: string): void => {
    mount('-o', 'loop,errors=remount-ro', image, dir);
  };

  /** The kernel's switch that causes an error, of our own loop device only: on another one it does real damage. */
  const triggerOf = (dir: string): string => {
    const [device = ''] =
      readFileSync('/proc/mounts', 'utf8')
        .split('\n')
        .map((line) => line.split(' '))
        .find(([, at]) => at === dir) ?? [];
    if (!/^\/dev\/loop\d+$/.test(device)) throw new Error(`${dir} is on ${device}, no loop device`);
    return `/sys/fs/ext4/${basename(device)}/trigger_fs_error`;
  };

  before(async function () {
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-image-'));
    image = join(folder, 'disk.ext4');
    const makeFileSystem = findProgram('mkfs.ext4') ?? '/usr/sbin/mkfs.ext4';
    try {
      writeFileSync(image, Buffer.alloc(IMAGE_BYTES));
      execFileSync(makeFileSystem, ['-q', '-F', image], { stdio: 'pipe' });
      disk = await mountPoint(mountImage);
      // Older kernels and containers do not have this switch.
      accessSync(triggerOf(disk.dir), constants.W_OK);
    } catch (error) {
      skipWithout(this, 'ext4 on a loop device', error);
    }
    server = await startServer({ dataDir: disk.dir, env: { LIMIT_PUBLISH_PER_SECOND: '0' } });
    ada = await WireClient.connect(server.url, 'ada');
    for (let n = 1; n <= 10; n += 1) await ada.publish('kept', `k${String(n)}`);
    writeFileSync(triggerOf(disk.dir), '1');
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop();
    await (disk as Disk | undefined)?.remove();
    await rm(join(image, '..'), { recursive: true, force: true });
  });

  it('is answered as unavailable, and still gives what is kept', async () => {
    const reply = await ada.publish('kept', 'k11');
    expect(reply).to.include({ type: 'error', code: 'unavailable', retry: true });
    const { messages } = await ada.ask({ type: 'history', thread: 'kept' });
    expect((messages as Frame[]).map(({ offset }) => offset).slice(0, 10)).to.deep.equal(
      Array.from({ length: 10 }, (_, n) => n + 1)
    );
  });

  it('makes the server not ready, with the reason', async () => {
    const { status, reason } = await readyz(server.url);
    expect(status).to.equal(503);
    expect(reason).to.match(/thread log/);
    expect(said(server, 'error', REFUSING)).to.have.length(1);
  });

  it('does not keep the server from ending in good order', async () => {
    await ada.close();
    expect(await server.stop()).to.equal(0);
  });

  it('has lost nothing that was acked when the disk is repaired', async () => {
    await disk.remove();
    const repair = findProgram('e2fsck') ?? '/usr/sbin/e2fsck';
    // 1 = errors were corrected.
    try {
      execFileSync(repair, ['-f', '-y', image], { stdio: 'pipe' });
    } catch (error) {
      expect(error).to.have.property('status', 1);
    }
    disk = await mountPoint(mountImage);
    server = await startServer({ dataDir: disk.dir });
    const bob = await WireClient.connect(server.url, 'bob');
    const { replays } = await bob.subscribe('kept', 'start');
    expect(replays.slice(0, 10).map(({ mid }) => mid)).to.deep.equal(
      Array.from({ length: 10 }, (_, n) => `k${String(n + 1)}`)
    );
    const ack = await bob.publish('kept', 'k11');
    expect(ack).to.include({ type: 'ack', offset: 11 });
    await bob.close();
  });
});
