import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { MARK_MS, markPath, markRestored } from '../../../../../actors/log/lmdb/disk/log-mark.js';
import { META_KEY } from '../../../../../actors/log/lmdb/log-keys.js';
import type { EmbeddedLog } from '../../../../../actors/log/lmdb/replica/embedded-log.js';
import { openStore } from '../../../../../actors/log/lmdb/log-store.js';
import { append, appendMany, entry, HandClock, LogFixture } from '../log-fixture.js';

describe('the mark beside a log', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  /** A directory with a closed log of five messages in its folder, and its epoch e1. */
  async function sound(): Promise<string> {
    const dir = join(fixture.dir(), 'log');
    const log = await open(dir);
    await appendMany(log, 't1', 5);
    await log.close();
    return dir;
  }

  function open(dir: string, clock = new HandClock()): Promise<EmbeddedLog> {
    return fixture.open({ dir, clock, markPath: markPath(dir) });
  }

  function restore(dir: string, from: string): void {
    rmSync(dir, { recursive: true });
    cpSync(from, dir, { recursive: true });
  }

  async function expectEpoch(dir: string, epoch: string, renewed: string | null): Promise<void> {
    const log = await open(dir);
    expect([log.ensure('t1').epoch, log.renewed]).to.eql([epoch, renewed]);
    await log.close();
  }

  it('changes nothing when the log is the one that was closed, moved with its mark or not', async () => {
    const dir = await sound();
    await expectEpoch(dir, 'e1', null);
    const moved = join(fixture.dir(), 'log');
    cpSync(dir, moved, { recursive: true });
    cpSync(markPath(dir), markPath(moved));
    await expectEpoch(moved, 'e1', null);
  });

  it('gives a new epoch when a backup is put back, and only once', async () => {
    const dir = await sound();
    cpSync(dir, `${dir}.backup`, { recursive: true });
    const log = await open(dir);
    await append(log, 't1', entry('later'));
    await log.close();
    restore(dir, `${dir}.backup`);
    await expectEpoch(dir, 'e2', 'behind');
    await expectEpoch(dir, 'e2', null);
  });

  it('gives a new epoch when nothing was written after the backup but the start itself', async () => {
    const dir = await sound();
    cpSync(dir, `${dir}.backup`, { recursive: true });
    // Not closed: as a killed process leaves it.
    const log = await open(dir);
    cpSync(markPath(dir), `${dir}.mark`);
    await log.close();
    cpSync(`${dir}.mark`, markPath(dir));
    restore(dir, `${dir}.backup`);
    await expectEpoch(dir, 'e2', 'behind');
  });

  it('notices a copy of the running log when the log has gone on by a mark', async () => {
    const dir = await sound();
    const clock = new HandClock();
    const log = await open(dir, clock);
    cpSync(dir, `${dir}.backup`, { recursive: true });
    await appendMany(log, 't2', 3);
    clock.advance(MARK_MS);
    cpSync(markPath(dir), `${dir}.mark`);
    await log.close();
    cpSync(`${dir}.mark`, markPath(dir));
    restore(dir, `${dir}.backup`);
    await expectEpoch(dir, 'e2', 'behind');
  });

  it('changes nothing when a process was killed before it wrote its mark', async () => {
    const dir = await sound();
    cpSync(markPath(dir), `${dir}.mark`);
    await (await open(dir)).close();
    cpSync(`${dir}.mark`, markPath(dir));
    await expectEpoch(dir, 'e1', null);
  });

  it('gives a new epoch when a log is brought without its mark, but not to one of an older format', async () => {
    const dir = await sound();
    rmSync(markPath(dir));
    await expectEpoch(dir, 'e2', 'behind');
    rmSync(markPath(dir));
    const store = openStore({ dir, use: 'disk' });
    await store.commit([{ key: META_KEY, value: '{"format":2,"epoch":"old"}' }]);
    await store.close();
    await expectEpoch(dir, 'old', null);
  });

  it('changes nothing when a crash has torn the mark', async () => {
    const dir = await sound();
    writeFileSync(markPath(dir), '');
    await expectEpoch(dir, 'e1', null);
  });

  it('gives a new epoch when an operator says that the log was restored, and only once', async () => {
    const dir = await sound();
    markRestored(markPath(dir));
    await expectEpoch(dir, 'e2', 'behind');
    await expectEpoch(dir, 'e2', null);
  });

  it('is not written while nothing happens', async () => {
    const dir = await sound();
    const clock = new HandClock();
    const log = await open(dir, clock);
    rmSync(markPath(dir));
    clock.advance(10 * MARK_MS);
    expect(existsSync(markPath(dir))).to.equal(false);
    await append(log, 't1', entry('later'));
    clock.advance(MARK_MS);
    expect(existsSync(markPath(dir))).to.equal(true);
  });
});
