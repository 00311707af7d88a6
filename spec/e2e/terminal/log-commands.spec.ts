import { expect } from 'chai';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LOG_FORMAT, META_KEY } from '../../../actors/log/lmdb/log-keys.js';
import { openStore } from '../../../actors/log/lmdb/log-store.js';
import { LOG_FOLDER } from '../../../server/config/config.js';
import { runCli } from './run-cli.js';
import {
  startAndFail,
  startServer,
  temporaryDir,
  type ServerProcess
} from '../servers/server-process.js';
import { WireClient } from '../wire/wire-client.js';

/** Messages of the log: several hundred pages, so that one damaged page leaves most of it. */
const MESSAGES = 2_000;
const BODY = 'x'.repeat(300);

const midOf = (n: number): string => `k-${String(n).padStart(5, '0')}`;

/** A page of the thread `kept`: the offsets of its messages, and what is missing. */
interface Page {
  readonly status: number;
  readonly messages: readonly number[];
  readonly gap: { readonly from: number; readonly to: number; readonly reason: string } | null;
}

async function pageOf(server: ServerProcess, after: string, limit: number): Promise<Page> {
  const query = `after=${after}&limit=${String(limit)}`;
  const response = await fetch(`${server.url}/api/threads/kept/messages?${query}`);
  const { messages = [], gap = null } = (await response.json()) as {
    messages?: { offset: number }[];
    gap?: Page['gap'];
  };
  return { status: response.status, messages: messages.map(({ offset }) => offset), gap };
}

describe('rollcall log', function () {
  this.timeout(60_000);
  let home: string;
  let good: string;
  let copies = 0;
  const running: ServerProcess[] = [];

  /** Starts a server that ends with the test, also when the test fails. */
  const start = async (...args: Parameters<typeof startServer>): Promise<ServerProcess> => {
    const server = await startServer(...args);
    running.push(server);
    return server;
  };

  /** Makes a copy of the good data directory, for a test to damage. */
  const copy = async (): Promise<string> => {
    const dir = join(home, `copy-${String(++copies)}`);
    await cp(good, dir, { recursive: true });
    return dir;
  };
  const dataFile = (dir: string): string => join(dir, LOG_FOLDER, 'data.mdb');

  /** Overwrites the file at each place where a message is stored. */
  const spoil = (dir: string, mid: string, bytes: number): void => {
    const file = readFileSync(dataFile(dir));
    const needle = Buffer.from(`"mid":"${mid}"`);
    for (let at = file.indexOf(needle); at >= 0; at = file.indexOf(needle, at + 1)) {
      file.fill(0xff, at, at + bytes);
    }
    writeFileSync(dataFile(dir), file);
  };
  /** Destroys the header of each page that stores the message. */
  const spoilPage = (dir: string, mid: string): void => {
    const file = readFileSync(dataFile(dir));
    const needle = Buffer.from(`"mid":"${mid}"`);
    for (let at = file.indexOf(needle); at >= 0; at = file.indexOf(needle, at + 1)) {
      const page = at - (at % 4_096);
      file.fill(0xff, page, page + 24);
    }
    writeFileSync(dataFile(dir), file);
  };

  const check = (dir: string) => runCli(['log', 'check', '--data-dir', dir]);
  const save = (dir: string) => runCli(['log', 'export', '--data-dir', dir]);
  const savedMids = (stdout: string): string[] =>
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { thread: string; mid: string })
      .filter(({ thread }) => thread === 'kept')
      .map(({ mid }) => mid);

  /** Returns the only line in which a server says why it does not start. */
  const refusal = async (dir: string): Promise<string> => {
    const { code, lines, stderr } = await startAndFail({ dataDir: dir });
    expect(code).to.equal(3);
    expect(stderr).to.equal('');
    const errors = lines.filter(({ level }) => level === 'error');
    expect(errors).to.have.length(1);
    expect(errors[0]!.message).to.include('CRITICAL');
    return errors[0]!.message;
  };
  const expectCommands = (text: string): void => {
    expect(text).to.include('rollcall log check').and.include('rollcall log export');
  };

  const all = Array.from({ length: MESSAGES }, (_, n) => midOf(n + 1));

  before(async () => {
    home = await temporaryDir();
    good = join(home, 'good');
    await mkdir(good);
    const server = await start({ dataDir: good, env: { LIMIT_PUBLISH_PER_SECOND: '0' } });
    const ada = await WireClient.connect(server.url, 'ada');
    await ada.subscribe('kept');
    for (let from = 0; from < MESSAGES; from += 100) {
      const part = all.slice(from, from + 100);
      ada.send(
        ...part.map((mid) => ({ type: 'publish', thread: 'kept', mid, body: { text: BODY } }))
      );
      for (const mid of part) await ada.next((frame) => frame.type === 'ack' && frame.mid === mid);
    }
    await ada.close();
    await server.stop();
  });
  after(async () => {
    await rm(home, { recursive: true, force: true });
  });

  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop('SIGKILL');
  });

  describe('on a good log', () => {
    it('finds no problem and says how much there is', async () => {
      const { code, stdout, stderr } = await check(good);
      expect(stdout).to.match(/^\d+ threads, \d+ messages, 0 problems\n$/);
      expect(stderr).to.equal('');
      expect(code).to.equal(0);
    });

    it('exports every message, in order, as the frame that was sent', async () => {
      const { code, stdout, stderr } = await save(good);
      expect(savedMids(stdout)).to.deep.equal(all);
      const line = stdout.split('\n').find((each) => each.includes(midOf(7)))!;
      expect(JSON.parse(line)).to.deep.include({
        type: 'message',
        thread: 'kept',
        offset: 7,
        from: { user: 'ada' },
        body: { text: BODY }
      });
      expect(stderr).to.match(/^\d+ messages written, 0 skipped/);
      expect(code).to.equal(0);
    });

    it('leaves it as it was', async () => {
      const before = readFileSync(dataFile(good));
      await check(good);
      await save(good);
      expect(readFileSync(dataFile(good)).equals(before)).to.equal(true);
    });

    it('refuses to judge it while a server has it', async () => {
      const dir = await copy();
      const server = await start({ dataDir: dir });
      for (const result of [await check(dir), await save(dir)]) {
        expect(result.code).to.equal(1);
        expect(result.stdout).to.equal('');
        expect(result.stderr).to.include(`process ${String(server.pid)}`);
      }
      await server.stop();
    });
  });

  describe('on a log with a message that is overwritten', () => {
    let dir: string;
    before(async () => {
      dir = await copy();
      spoil(dir, midOf(1_000), 40);
    });

    it('names the message, and the command that saves the rest', async () => {
      const { code, stdout, stderr } = await check(dir);
      expect(code).to.equal(1);
      expect(stdout).to.match(/problem: .*entry 1000 of thread kept/);
      expect(stderr).to.include('rollcall log export');
    });

    it('exports all but that message and says so', async () => {
      const { code, stdout, stderr } = await save(dir);
      expect(savedMids(stdout)).to.deep.equal(all.filter((mid) => mid !== midOf(1_000)));
      expect(stderr).to.match(/\d+ messages written, 1 skipped/);
      expect(code).to.equal(1);
    });
  });

  describe('on a log with a page that is destroyed', () => {
    let dir: string;
    before(async () => {
      dir = await copy();
      spoilPage(dir, midOf(1_000));
    });

    it('says which page', async () => {
      const { code, stdout } = await check(dir);
      expect(code).to.equal(1);
      expect(stdout).to.match(/problem: .*page \d+/);
    });

    it('exports what lies on other pages, which is nearly all', async () => {
      const { code, stdout, stderr } = await save(dir);
      const saved = savedMids(stdout);
      const lost = all.filter((mid) => !saved.includes(mid));
      expect(lost).to.include(midOf(1_000));
      expect(lost.length).to.be.lessThan(20);
      expect(saved).to.deep.equal(all.filter((mid) => !lost.includes(mid)));
      expect(stderr).to.match(/could not be read: .*page \d+/);
      expect(code).to.equal(1);
    });

    it('tells what lies there as a gap, and gives everything else as ever', async () => {
      const server = await start({ dataDir: dir });
      // The start has copied the log to a new file, under another epoch.
      const { epoch } = (await (
        await fetch(`${server.url}/api/threads/kept/messages?after=0&limit=1`)
      ).json()) as { epoch: string };
      const offsets: number[] = [];
      const missing: number[] = [];
      for (let after = 980; after < 1_100; after = Math.max(...offsets, ...missing)) {
        const { status, messages, gap } = await pageOf(server, `${epoch}:${String(after)}`, 20);
        expect(status).to.equal(200);
        offsets.push(...messages);
        if (gap === null) continue;
        expect(gap.reason).to.equal('damaged');
        for (let offset = gap.from; offset <= gap.to; offset++) missing.push(offset);
      }
      expect(missing).to.include(1_000);
      expect(missing.length).to.be.lessThan(20);
      const told = [...offsets, ...missing].sort((one, other) => one - other);
      expect(told).to.deep.equal(told.map((_, index) => 981 + index));
      expect((await fetch(`${server.url}/livez`)).status).to.equal(200);
      expect(await server.stop()).to.equal(0);
    });
  });

  describe('on a log whose newest messages are destroyed', () => {
    let dir: string;
    before(async () => {
      dir = await copy();
      spoil(dir, midOf(MESSAGES), 40);
    });

    it('tells those as a gap, and serves the others', async () => {
      const server = await start({ dataDir: dir });
      expect(await pageOf(server, String(MESSAGES - 1), 1)).to.deep.equal({
        status: 200,
        messages: [],
        gap: { from: MESSAGES, to: MESSAGES, reason: 'damaged' }
      });
      expect(await pageOf(server, String(MESSAGES - 2), 1)).to.deep.equal({
        status: 200,
        messages: [MESSAGES - 1],
        gap: null
      });
      expect(await server.stop()).to.equal(0);
      const { stdout } = await check(dir);
      expect(stdout).to.include(`problem: entry ${String(MESSAGES)} of thread kept was altered`);
    });

    it('still exports the others', async () => {
      const { code, stdout } = await save(dir);
      expect(savedMids(stdout)).to.deep.equal(all.slice(0, -1));
      expect(code).to.equal(1);
    });
  });

  describe('on a log that is cut off', () => {
    let dir: string;
    before(async () => {
      dir = await copy();
      truncateSync(dataFile(dir), 4_096 * Math.floor(readFileSync(dataFile(dir)).length / 8_192));
    });

    it('keeps the server from starting, which says how much is missing and what to do', async () => {
      const line = await refusal(dir);
      expect(line).to.match(/\d+ bytes short/);
      expectCommands(line);
    });

    it('says what is missing, and exports what can still be reached', async () => {
      const checked = await check(dir);
      expect(checked.stdout).to.match(/problem: page \d+ is beyond the end of the file/);
      expect(checked.code).to.equal(1);
      const { code, stdout, stderr } = await save(dir);
      const saved = savedMids(stdout);
      expect(saved).to.deep.equal(all.filter((mid) => saved.includes(mid)));
      expect(stderr).to.match(/could not be read: page \d+ is beyond the end of the file/);
      expect(code).to.equal(1);
    });
  });

  describe('on what is no log at all', () => {
    let dir: string;
    before(async () => {
      dir = await copy();
      writeFileSync(dataFile(dir), 'this is a shopping list\n'.repeat(1_000));
    });

    it('keeps the server from starting and overwrites nothing', async () => {
      expect(await refusal(dir)).to.match(/does not begin like a log/);
      expect(readFileSync(dataFile(dir), 'utf8')).to.match(/^this is a shopping list/);
    });

    it('is refused in one line by both commands', async () => {
      for (const { code, stdout, stderr } of [await check(dir), await save(dir)]) {
        expect(code).to.equal(1);
        expect(stdout).to.equal('');
        expect(stderr).to.match(/^rollcall: .*does not begin like a log.*\n$/);
      }
    });
  });

  it('says in one line that there is no log where there is none', async () => {
    const dir = join(home, 'nothing');
    for (const { code, stderr } of [await check(dir), await save(dir)]) {
      expect(code).to.equal(1);
      expect(stderr).to.match(/^rollcall: .*there is no log.*\n$/);
    }
  });

  describe('on a log of a newer format', () => {
    let dir: string;
    before(async () => {
      dir = await copy();
      const store = openStore({ dir: join(dir, LOG_FOLDER), use: 'disk' });
      const meta = JSON.stringify({ format: LOG_FORMAT + 1, epoch: 'x1' });
      await store.commit([{ key: META_KEY, value: meta }]);
      await store.close();
    });

    it('keeps the server from starting, which names both formats and what to do', async () => {
      const line = await refusal(dir);
      expect(line).to.include(`format ${String(LOG_FORMAT + 1)}`);
      expect(line).to.include(`up to ${String(LOG_FORMAT)}`);
      expect(line).to.include('newer version');
      expectCommands(line);
    });

    it('is told by the check and still exported', async () => {
      const checked = await check(dir);
      expect(checked.code).to.equal(1);
      expect(checked.stdout).to.match(/problem: format \d+ is newer/);
      expect(savedMids((await save(dir)).stdout)).to.deep.equal(all);
    });
  });
});
