import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { checkLog } from '../../../../../actors/log/lmdb/check/log-check.js';
import { exportLog } from '../../../../../actors/log/lmdb/check/log-export.js';
import {
  LogCorruptError,
  LogFormatError,
  LogOpenError
} from '../../../../../actors/log/log-errors.js';
import {
  entryKey,
  META_KEY,
  memberKey,
  midKey,
  pendingKey,
  recordKey,
  threadKey,
  watchKey
} from '../../../../../actors/log/lmdb/log-keys.js';
import { openStore, type LogWrite } from '../../../../../actors/log/lmdb/log-store.js';
import { stepped } from '../../memory-feed.js';
import { append, appendMany, entry, LogFixture } from '../log-fixture.js';

describe('checkLog', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  /** A closed log of two threads, five messages each, with marks. */
  async function sound(): Promise<string> {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    await appendMany(log, 't1', 5);
    await appendMany(log, 't2', 5);
    await log.setReadMark('t1', 'bob', 3);
    log.feed.record(stepped('t1', 'read', 1, 3));
    await log.setRecord('t1', 'member', 'bob \u0000', '{}');
    await log.setUnwatched('t2', { from: 4, since: 1, state: 'waiting' });
    await log.close();
    return dir;
  }

  async function spoilt(...writes: LogWrite[]): Promise<string> {
    const dir = await sound();
    const store = openStore({ dir, use: 'disk' });
    await store.commit(writes);
    await store.close();
    return dir;
  }

  it('counts and finds nothing when the log is sound', async () => {
    expect(await checkLog(await sound())).to.deep.equal({
      format: 4,
      threads: 2,
      messages: 10,
      members: 3,
      unwatched: 1,
      problemCount: 0,
      problems: []
    });
  });

  it('finds nothing when the log is of format 1', async () => {
    const dir = await spoilt(
      { key: META_KEY, value: '{"format":1,"epoch":"x"}' },
      { key: pendingKey('t1'), value: null },
      { key: pendingKey('t2'), value: null }
    );
    expect(await checkLog(dir)).to.include({ format: 1, messages: 10, problemCount: 0 });
  });

  it('finds nothing when the log has been trimmed', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir, retention: { messages: 10, days: null } });
    await appendMany(log, 't1', 40);
    await log.close();
    expect((await checkLog(dir)).problems).to.deep.equal([]);
  });

  it('changes no byte when it reads', async () => {
    const dir = await sound();
    const before = readFileSync(join(dir, 'data.mdb'));
    await checkLog(dir);
    expect(readFileSync(join(dir, 'data.mdb')).equals(before)).to.equal(true);
  });

  const cases: [when: string, write: LogWrite, words: RegExp][] = [
    [
      'a frame does not decode',
      { key: entryKey('t1', 3), value: '{"type":' },
      /entry 3 of thread t1 does not decode/
    ],
    [
      'an entry is missing',
      { key: entryKey('t1', 3), value: null },
      /thread t1 has no entries 3 to 3/
    ],
    [
      'the newest entry is missing and the record knows of it',
      { key: threadKey('t1'), value: '{"owner":"ada","first":1,"last":6,"at":1}' },
      /thread t1 has no entries 6 to 6/
    ],
    [
      'the oldest entry is missing',
      { key: entryKey('t1', 1), value: null },
      /thread t1 has no entries 1 to 1/
    ],
    [
      'an entry is not in the mid index',
      { key: midKey('m2', 't2'), value: null },
      /entry 2 of thread t2 is not in the mid index/
    ],
    [
      'the mid index names another entry',
      { key: midKey('m2', 't2'), value: '4' },
      /entry 2 of thread t2 is in the mid index as 4/
    ],
    [
      'the mid index names an entry that is not there',
      { key: midKey('mx', 't2'), value: '9' },
      /the index names entry 9 of thread t2 for mid "mx"/
    ],
    [
      'a record is missing',
      { key: threadKey('t2'), value: null },
      /the record of thread t2 is missing/
    ],
    [
      'a record hides all entries',
      { key: threadKey('t2'), value: '{"owner":"ada","first":8,"last":0,"at":1}' },
      /the record of thread t2 does not fit/
    ],
    [
      'a read mark is beyond the last entry',
      { key: memberKey('bob', 't1'), value: '6' },
      /the read mark 6 of bob in thread t1 is out of range/
    ],
    [
      'an unwatched mark is beyond the last entry',
      { key: watchKey('t2'), value: '{"from":6,"since":1,"state":"waiting"}' },
      /the unwatched mark of thread t2/
    ],
    [
      'a record is of no kind',
      { key: recordKey('t1', 'No Kind', 'x'), value: '1' },
      /the record \["r","t1","No Kind","x"\] does not decode/
    ],
    ['the meta row is gone', { key: META_KEY, value: null }, /the meta row is missing/],
    [
      'the format is newer',
      { key: META_KEY, value: '{"format":6,"epoch":"x"}' },
      /format 6 is newer than 5/
    ],
    [
      'a pending mark is beyond the last entry',
      { key: pendingKey('t1'), value: '6' },
      /the pending mark 6 of thread t1/
    ],
    [
      'a pending mark is of no thread',
      { key: pendingKey('nowhere'), value: '1' },
      /the pending mark 1 of thread nowhere/
    ],
    [
      'a pending mark does not decode',
      { key: pendingKey('t1'), value: 'x' },
      /the pending mark x of thread t1/
    ]
  ];
  for (const [when, write, words] of cases) {
    it(`names the problem when ${when}`, async () => {
      const { problems, problemCount } = await checkLog(await spoilt(write));
      expect(problems.join('\n')).to.match(words);
      expect(problemCount).to.equal(problems.length);
    });
  }

  it('throws LogOpenError when there is no log', async () => {
    let thrown: unknown = null;
    await checkLog(fixture.dir()).catch((error: unknown) => (thrown = error));
    expect(thrown).to.be.instanceOf(LogOpenError);
  });

  it('reports the hole and what it could read when half of the file is gone', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    for (let thread = 0; thread < 20; thread += 1) await appendMany(log, `t${String(thread)}`, 50);
    await log.close();
    const path = join(dir, 'data.mdb');
    truncateSync(path, statSync(path).size >> 1);
    const { problemCount } = await checkLog(dir);
    expect(problemCount).to.be.greaterThan(0);
    let refused: unknown = null;
    await fixture.open({ dir }).catch((error: unknown) => (refused = error));
    expect(refused).to.be.instanceOf(LogCorruptError);
  });
});

describe('exportLog', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  async function exported(
    dir: string
  ): Promise<{ lines: string[]; skipped: number; holes: number }> {
    const lines: string[] = [];
    const { written, skipped, holeCount } = await exportLog(dir, (line) => {
      lines.push(line);
    });
    expect(written).to.equal(lines.length);
    return { lines, skipped, holes: holeCount };
  }

  it('writes every message in thread and offset order when the log is sound', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    const frames: string[] = [];
    for (const thread of ['t1', 't2']) {
      for (let index = 1; index <= 12; index += 1) {
        const result = await append(log, thread, entry(`m${String(index)}`));
        if (result.ok) frames.push(result.frame);
      }
    }
    await log.close();
    expect(await exported(dir)).to.deep.equal({ lines: frames, skipped: 0, holes: 0 });
  });

  it('skips and counts when frames do not decode and the server refuses the log', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    await appendMany(log, 't1', 5);
    await log.close();
    const store = openStore({ dir, use: 'disk' });
    await store.commit([
      { key: entryKey('t1', 2), value: 'x' },
      { key: META_KEY, value: '{"format":7,"epoch":"x"}' }
    ]);
    await store.close();
    let refused: unknown = null;
    await fixture.open({ dir }).catch((error: unknown) => (refused = error));
    expect(refused).to.be.instanceOf(LogFormatError);
    const { lines, skipped } = await exported(dir);
    expect({ lines: lines.length, skipped }).to.deep.equal({ lines: 4, skipped: 1 });
  });

  it('goes on behind a hole when pages are lost', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    for (let thread = 0; thread < 20; thread += 1) await appendMany(log, `t${String(thread)}`, 50);
    await log.close();
    const path = join(dir, 'data.mdb');
    const bytes = readFileSync(path);
    const at = lastLeafWith(bytes, '"thread":"t15","offset":25');
    writeFileSync(path, bytes.fill(0, at, at + 4_096));
    const { lines, holes } = await exported(dir);
    expect(holes).to.equal(1);
    expect(lines.length).to.be.within(940, 999);
    expect(lines.at(-1)).to.include('"thread":"t9","offset":50');
  });

  it('ends and says so when anything in the file is overwritten', async function () {
    this.timeout(60_000);
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    for (let thread = 0; thread < 10; thread += 1) await appendMany(log, `t${String(thread)}`, 30);
    await append(log, 't0', entry('big', { bodyJson: JSON.stringify('x'.repeat(20_000)) }));
    await log.close();
    const path = join(dir, 'data.mdb');
    const sound = readFileSync(path);
    const spoil = fc.record({
      at: fc.integer({ min: 0, max: sound.length - 1 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 64 })
    });
    await fc.assert(
      fc.asyncProperty(fc.array(spoil, { minLength: 1, maxLength: 40 }), async (spoils) => {
        const bytes = Buffer.from(sound);
        for (const { at, bytes: noise } of spoils) bytes.set(noise.slice(0, bytes.length - at), at);
        writeFileSync(path, bytes);
        const result = await exported(dir).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).to.be.instanceOf(LogCorruptError);
      }),
      { numRuns: 100 }
    );
  });
});

/** Start of the page of the newest copy of a text. */
function lastLeafWith(bytes: Buffer, text: string): number {
  const hits: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    hits.push(at - (at % 4_096));
  }
  const newest = hits.sort((a, b) => transaction(bytes, b) - transaction(bytes, a))[0];
  if (newest === undefined) throw new Error(`${text} is on no page`);
  return newest;
}

function transaction(bytes: Buffer, page: number): number {
  return Number(bytes.readBigUInt64LE(page + 8));
}
