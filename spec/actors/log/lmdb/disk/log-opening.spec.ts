import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { checkLog } from '../../../../../actors/log/lmdb/check/log-check.js';
import { FENCES_KEPT } from '../../../../../actors/log/lmdb/disk/log-opening.js';
import { RUN_KEY, within } from '../../../../../actors/log/lmdb/log-keys.js';
import {
  openStore,
  type LogStore,
  type StoreOptions
} from '../../../../../actors/log/lmdb/log-store.js';
import { LogCorruptError, LogOpenError } from '../../../../../actors/log/log-errors.js';
import { append, entry, HandClock, LogFixture, offsets } from '../log-fixture.js';

const WRITER = fileURLToPath(new URL('../log-writer.child.ts', import.meta.url));

/** Appends of the child in each of its threads before another process comes. */
const ACKS = 200;

describe('a log that two processes have open', function () {
  this.timeout(120_000);
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  it('takes no more messages of the first, which says why, and gives no offset twice', async () => {
    const dir = fixture.dir();
    const child = spawn(process.execPath, ['--import', 'tsx', WRITER, dir, 'disk'], {
      stdio: ['ignore', 'pipe', 'pipe']
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(child, 'exit');
    const acked: [thread: string, offset: number, mid: string][] = [];
    let isThere: () => void = () => undefined;
    const there = new Promise<void>((resolve) => (isThere = resolve));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [thread = '', offset = '', mid = ''] = line.split(' ');
      acked.push([thread, Number(offset), mid]);
      if (acked.length === ACKS) isThere();
    });
    await there;
    const log = await fixture.open({ dir });
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        append(log, `t${String(n % 5)}`, entry(`second-${String(n)}`))
      )
    );
    expect((await ended)[0]).to.not.equal(0);
    expect(stderr).to.include('another process has opened this log and writes to it');
    for (const [n, result] of results.entries()) {
      if (!result.ok) throw new Error(result.reason);
      acked.push([`t${String(n % 5)}`, result.offset, `second-${String(n)}`]);
    }
    for (const [thread, offset, mid] of acked) {
      expect(log.withMid(mid, 1, thread).map((found) => found.offset)).to.eql([offset]);
    }
    await log.close();
    expect((await checkLog(dir)).problems).to.eql([]);
  });

  it('stays closed to the first for good, and is not marked by it when it closes', async () => {
    const dir = fixture.dir();
    const clock = new HandClock();
    const first = await fixture.open({ dir, clock });
    await append(first, 't', entry('m1'));
    const second = await fixture.open({ dir });
    expect(await append(first, 't', entry('m2'))).to.include({ ok: false, code: 'unavailable' });
    expect(first.health().writable).to.equal(false);
    expect(clock.pending).to.equal(0);
    await first.close();
    expect(await append(second, 't', entry('m2'))).to.include({ ok: true, offset: 2 });
    await second.close();
    expect(offsets(await fixture.open({ dir }), 't')).to.eql([1, 2]);
  });

  for (const [what, isNew] of [
    ['a new log', true],
    ['a log', false]
  ] as const) {
    it(`lets only one of two open ${what} in the same moment`, async () => {
      const dir = fixture.dir();
      if (!isNew) await (await fixture.open({ dir })).close();
      const opened = await Promise.allSettled([fixture.open({ dir }), fixture.open({ dir })]);
      expect(opened.map(({ status }) => status).sort()).to.eql(['fulfilled', 'rejected']);
      const refused = opened.find(({ status }) => status === 'rejected');
      expect(String((refused as PromiseRejectedResult).reason)).to.include('another process');
    });
  }

  it('keeps a bounded number of fences', async () => {
    const dir = fixture.dir();
    let at = 0;
    const clock = new HandClock();
    for (let n = 0; n < FENCES_KEPT + 3; n += 1) {
      clock.advance(1);
      const newWriter = () => `w${String((at += 1))}`;
      await (await fixture.open({ dir, clock, newWriter })).close();
    }
    const store = openStore({ dir, use: 'read' });
    const fences = [...store.keys(within('x', 'fence'))].map((key) =>
      Number(String(key[2]).slice(1))
    );
    expect(fences.sort((a, b) => a - b)).to.eql(
      Array.from({ length: FENCES_KEPT }, (_, n) => n + 3)
    );
    await store.close();
  });

  it('is opened when the version that had it last knew no writers', async () => {
    const dir = fixture.dir();
    await (await fixture.open({ dir })).close();
    const store = openStore({ dir, use: 'disk' });
    const old = { durability: 'disk', boot: 'boot-1', clean: false };
    await store.commit([{ key: RUN_KEY, value: JSON.stringify(old) }]);
    await store.close();
    expect(await append(await fixture.open({ dir }), 't', entry('m1'))).to.include({ ok: true });
  });

  it('is refused as damaged when the storage engine finds what nobody has seen before', async () => {
    const dir = fixture.dir();
    await (await fixture.open({ dir })).close();
    const code = -30_797;
    const openRows = (options: StoreOptions): LogStore => {
      const cause = Object.assign(new Error('MDB_PAGE_NOTFOUND'), { code });
      return Object.assign(openStore(options), {
        commit: () => Promise.reject(new Error('MDB_PAGE_NOTFOUND (7 bytes are free)', { cause }))
      });
    };
    const error: unknown = await fixture.open({ dir, openRows }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(LogCorruptError);
    expect(String(error)).to.include('MDB_PAGE_NOTFOUND').and.include('rollcall log check');
  });

  it('is refused when the lock file of the storage engine is none, which would end the process', async () => {
    const dir = fixture.dir();
    mkdirSync(join(dir, 'lock.mdb'));
    const error: unknown = await fixture.open({ dir }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(LogOpenError);
    expect(String(error)).to.include('lock.mdb is not a file');
  });
});
