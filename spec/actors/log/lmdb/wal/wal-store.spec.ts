import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { LogKey } from '../../../../../actors/log/lmdb/log-keys.js';
import {
  compareLogKeys,
  LogFencedError,
  openStore,
  type LogRange,
  type LogStore,
  type LogWrite
} from '../../../../../actors/log/lmdb/log-store.js';
import { encodeRecord } from '../../../../../actors/log/lmdb/wal/wal-record.js';
import { segmentFiles } from '../../../../../actors/log/lmdb/wal/wal-files.js';
import { replayWal } from '../../../../../actors/log/lmdb/wal/projection.js';
import { WalStore, type WalStoreOptions } from '../../../../../actors/log/lmdb/wal/wal-store.js';
import { LogFixture } from '../log-fixture.js';

/** Never by itself: the specs say when the data file follows. */
const NEVER_MS = 2_000_000_000;

describe('WalStore', function () {
  this.timeout(120_000);
  const fixture = new LogFixture();
  const open: LogStore[] = [];
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close().catch(() => undefined);
    await fixture.clear();
  });

  async function start(
    dir: string,
    options: Partial<WalStoreOptions> = {},
    rows = openStore({ dir, use: 'process' })
  ): Promise<WalStore> {
    const { damage } = await replayWal(rows, dir);
    expect(damage).to.equal(null);
    const store = new WalStore(rows, { dir, use: 'process', projectMs: NEVER_MS, ...options });
    open.push(store);
    return store;
  }

  /** A copy of the files of a running log: what a crash would leave. */
  function crashed(dir: string): string {
    const copy = fixture.dir();
    cpSync(dir, copy, { recursive: true });
    return copy;
  }

  function all(store: LogStore): [LogKey, string][] {
    return [...store.range({ from: ['a'], to: ['w'] })].map(({ key, value }) => [key, value]);
  }

  const put = (number: number): LogWrite => ({ key: ['e', 't1', number], value: String(number) });

  const key = fc.oneof(
    fc.tuple(fc.constant('e'), fc.constantFrom('t1', 't2'), fc.nat({ max: 8 })),
    fc.tuple(fc.constantFrom('p', 'd', 'm'), fc.constantFrom('t1', 't2', 't3'))
  );
  const changes = fc.array(fc.record({ key, value: fc.option(fc.string({ maxLength: 5 })) }), {
    minLength: 1,
    maxLength: 4
  });
  const step = fc.oneof(
    { weight: 6, arbitrary: changes },
    { weight: 2, arbitrary: fc.constant('project' as const) },
    { weight: 1, arbitrary: fc.constant('reopen' as const) },
    { weight: 1, arbitrary: fc.constant('crash' as const) },
    { weight: 1, arbitrary: fc.constant('restart' as const) }
  );
  // Nothing equals the bounds of a range, as in the log.
  const range = fc.record({
    bounds: fc.constantFrom<[LogKey, LogKey]>(
      [['a'], ['w']],
      [['e'], ['e', '\uffff']],
      [
        ['e', 't1'],
        ['e', 't1', '\uffff']
      ],
      [
        ['e', 't1', 2.5],
        ['e', 't1', 6.5]
      ],
      [
        ['p', 't1', '\uffff'],
        ['p', '\uffff']
      ]
    ),
    reverse: fc.boolean(),
    limit: fc.option(fc.nat({ max: 5 }), { nil: undefined })
  });

  /** What a store without a write-ahead log would hold. */
  class Model {
    readonly rows = new Map<string, { key: LogKey; value: string }>();

    take(writes: readonly LogWrite[]): void {
      for (const { key: of, value } of writes) {
        if (value === null) this.rows.delete(JSON.stringify(of));
        else this.rows.set(JSON.stringify(of), { key: of, value });
      }
    }

    range({ from, to, reverse = false, limit = Infinity }: LogRange): unknown[] {
      const found = [...this.rows.values()]
        .filter(({ key: of }) => compareLogKeys(of, from) >= 0 && compareLogKeys(of, to) < 0)
        .sort((a, b) => compareLogKeys(a.key, b.key));
      return (reverse ? found.reverse() : found).slice(0, limit);
    }
  }

  it('answers as the data file alone would, whatever has been taken over, restarted or crashed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), range, async (steps, shape) => {
        let dir = fixture.dir();
        let store = await start(dir, { segmentBytes: 150 });
        const model = new Model();
        const where: LogRange = {
          from: shape.bounds[0],
          to: shape.bounds[1],
          reverse: shape.reverse,
          ...(shape.limit === undefined ? {} : { limit: shape.limit })
        };
        for (const next of steps) {
          if (next === 'project') await store.sync();
          else if (next === 'reopen') await store.reopen();
          else if (next === 'crash') {
            const copy = crashed(dir);
            await store.close();
            dir = copy;
            store = await start(dir, { segmentBytes: 150 });
          } else if (next === 'restart') {
            await store.close();
            expect(segmentFiles(dir)).to.deep.equal([]);
            store = await start(dir, { segmentBytes: 150 });
          } else {
            await store.commit(next);
            model.take(next);
          }
          const known = model.range(where);
          expect([...store.range(where)]).to.deep.equal(known);
          expect([...store.keys(where)]).to.have.length(known.length);
          if (shape.limit === undefined) expect(store.count(where)).to.equal(known.length);
          for (const { key: of, value } of model.rows.values()) {
            expect(store.get(of)).to.equal(value);
          }
        }
        await store.close();
      }),
      { numRuns: 60 }
    );
  });

  it('has every commit that it answered, wherever its last record was cut off, and no part of that one', async () => {
    const dir = fixture.dir();
    const store = await start(dir);
    for (let n = 1; n <= 3; n += 1)
      await store.commit([put(n), { key: ['m', `m${String(n)}`], value: 'x' }]);
    const [file] = segmentFiles(dir);
    const whole = readFileSync(file?.path ?? '');
    const before = whole.length;
    await store.commit([put(4), { key: ['m', 'm4'], value: 'x' }]);
    const after = readFileSync(file?.path ?? '').length;
    expect(after).to.be.greaterThan(before);
    for (let bytes = before; bytes < after; bytes += 1) {
      const copy = crashed(dir);
      const [cut] = segmentFiles(copy);
      truncateSync(cut?.path ?? '', bytes);
      const found = all(await start(copy));
      expect(found.map(([of]) => of)).to.deep.equal([
        ['e', 't1', 1],
        ['e', 't1', 2],
        ['e', 't1', 3],
        ['m', 'm1'],
        ['m', 'm2'],
        ['m', 'm3']
      ]);
    }
  });

  it('has every commit that it answered when the process ends after any write to the data file', async () => {
    // Two projections of 1,200 rows, in two transactions each, and one of 100.
    for (let at = 1; at <= 5; at += 1) {
      const dir = fixture.dir();
      const rows = openStore({ dir, use: 'process' });
      let writes = 0;
      let copy: string | null = null;
      const watched: LogStore = new Proxy(rows, {
        get: (target, name) => {
          if (name !== 'commit') {
            const member: unknown = Reflect.get(target, name);
            return typeof member === 'function' ? (member.bind(target) as unknown) : member;
          }
          return async (changes: readonly LogWrite[]) => {
            await target.commit(changes);
            writes += 1;
            if (writes === at) copy = crashed(dir);
          };
        }
      });
      const store = await start(dir, { segmentBytes: 400 }, watched);
      const known: string[] = [];
      for (let n = 1; n <= 2_500; n += 1) {
        if (copy === null) known.push(String(n));
        await store.commit([put(n)]);
        if (n % 1_200 === 0) await store.sync();
      }
      await store.sync();
      const found = all(await start(copy ?? expect.fail('nothing was written'))).map(
        ([, value]) => value
      );
      expect(found).to.include.members(known);
      await store.close();
    }
  });

  it('says what is missing when a record in the middle is damaged, and has the others', async () => {
    const dir = fixture.dir();
    const store = await start(dir);
    for (let n = 1; n <= 5; n += 1) await store.commit([put(n)]);
    const copy = crashed(dir);
    const [file] = segmentFiles(copy);
    const bytes = readFileSync(file?.path ?? '');
    const at = bytes.indexOf('t1', bytes.indexOf('t1') + 40);
    bytes[at] = 0x78;
    writeFileSync(file?.path ?? '', bytes);
    const rows = openStore({ dir: copy, use: 'process' });
    open.push(rows);
    const { damage, record } = await replayWal(rows, copy);
    expect(damage).to.match(/^1 commits before record \d are missing in .*\.wal$/);
    expect(record).to.equal(5);
    expect(all(rows)).to.have.length(4);
  });

  it('takes the record of the later segment when a write failed and was there all the same', async () => {
    const dir = fixture.dir();
    mkdirSync(join(dir, 'wal'));
    const record = (number: number, value: string): Buffer =>
      encodeRecord(number, [{ key: ['e', 't1', number], value }]);
    const segments = [
      [record(1, 'a'), record(2, 'b'), record(3, 'failed')],
      [],
      [record(3, 'c'), record(4, 'd')]
    ];
    for (const [index, records] of segments.entries()) {
      const name = `${String(index + 1).padStart(12, '0')}.wal`;
      writeFileSync(join(dir, 'wal', name), Buffer.concat(records));
    }
    const values = all(await start(dir)).map(([, value]) => value);
    expect(values).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('refuses commits when another process has taken the log, which then has all that were answered', async () => {
    const dir = fixture.dir();
    const first = await start(dir);
    for (let n = 1; n <= 3; n += 1) await first.commit([put(n)]);
    const second = await start(dir);
    expect(all(second)).to.have.length(3);
    const refusal = await first.commit([put(4)]).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(LogFencedError);
    expect(all(second)).to.have.length(3);
  });

  it('keeps the segments that the projection before the last one did not have', async () => {
    const dir = fixture.dir();
    const store = await start(dir, { segmentBytes: 1 });
    await store.commit([put(1)]);
    await store.commit([put(2)]);
    await store.sync();
    await store.commit([put(3)]);
    expect(segmentFiles(dir)).to.have.length(3);
    await store.sync();
    expect(segmentFiles(dir)).to.have.length(1);
    await store.close();
    expect(readdirSync(join(dir, 'wal'))).to.deep.equal([]);
  });

  it('has no segment with what was written before once it was scrubbed, and all of it after a crash', async () => {
    const dir = fixture.dir();
    const store = await start(dir);
    await store.commit([put(1)]);
    const later = store.commit([put(2)]);
    await store.scrub();
    await later;
    const text = segmentFiles(dir).map(({ path }) => readFileSync(path, 'utf8'));
    expect(text.join('')).to.equal('');
    await store.commit([put(3)]);
    const again = await start(crashed(dir));
    expect(all(again).map(([, value]) => value)).to.include.members(['1', '2', '3']);
  });

  it('makes a commit wait for the data file when too much waits in memory', async () => {
    const store = await start(fixture.dir(), { overlayBytes: 1_000 });
    for (let n = 1; n <= 20; n += 1) await store.commit([put(n)]);
    expect(Number(store.get(['x', 'wal']))).to.be.greaterThan(4);
  });
});
