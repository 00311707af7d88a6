import { expect } from 'chai';
import { LogCorruptError } from '../../../../actors/log/log-errors.js';
import { checkLog } from '../../../../actors/log/lmdb/check/log-check.js';
import { exportLog } from '../../../../actors/log/lmdb/check/log-export.js';
import { readBackPast, readPast } from '../../../../actors/log/read-past.js';
import {
  entryKey,
  memberKey,
  midKey,
  recordKey,
  RUN_KEY,
  threadKey,
  watchKey,
  type LogKey
} from '../../../../actors/log/lmdb/log-keys.js';
import type { EmbeddedLog } from '../../../../actors/log/lmdb/replica/embedded-log.js';
import { append, appendMany, entry, HandClock, LogFixture, offsets, until } from './log-fixture.js';
import { commitBare, flipBit } from './stored-rows.js';

/** Messages in each thread: more than a startup samples at both ends. */
const MESSAGES = 200;

describe('a log with a damaged row', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  async function sound(): Promise<string> {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    for (const thread of ['t1', 't2', 't3']) await appendMany(log, thread, MESSAGES);
    await log.setReadMark('t2', 'bob', 3);
    await log.setRecord('t2', 'member', 'bob', '{}');
    await log.setUnwatched('t2', { from: 4, since: 1, state: 'waiting' });
    await log.setUnwatched('t3', { from: 5, since: 1, state: 'waiting' });
    await log.close();
    return dir;
  }

  async function withFlip(key: LogKey, at = 20): Promise<{ dir: string; log: EmbeddedLog }> {
    const dir = await sound();
    await flipBit(dir, key, at);
    expect((await checkLog(dir)).problemCount).to.be.greaterThan(0);
    return { dir, log: await fixture.open({ dir }) };
  }

  function refusal(read: () => unknown): string {
    try {
      read();
    } catch (error) {
      expect(error).to.be.instanceOf(LogCorruptError);
      return String(error);
    }
    throw new Error('nothing was refused');
  }

  it('refuses a message by thread and offset, and gives those before and behind it', async () => {
    const { dir, log } = await withFlip(entryKey('t2', 100), 100);
    expect(log.read('t2', 90, 50, Infinity).map(({ offset }) => offset)).to.eql([
      91, 92, 93, 94, 95, 96, 97, 98, 99
    ]);
    expect(refusal(() => log.read('t2', 99, 50, Infinity))).to.include(
      'entry 100 of thread t2 was altered'
    );
    expect(log.read('t2', 100, 50, Infinity)).to.have.lengthOf(50);
    expect(log.readBefore('t2', 103, 50).map(({ offset }) => offset)).to.eql([101, 102]);
    expect(refusal(() => log.readBefore('t2', 101, 50))).to.include('entry 100 of thread t2');
    expect(log.readBefore('t2', 100, 50)).to.have.lengthOf(50);
    expect(refusal(() => log.withMid('m100', 10))).to.include('entry 100 of thread t2');
    expect(offsets(log, 't1')).to.have.lengthOf(MESSAGES);
    expect(await append(log, 't2', entry('new'))).to.include({ ok: true, offset: MESSAGES + 1 });
    expect(await append(log, 't2', entry('m100'))).to.include({ ok: false, code: 'unavailable' });
    await log.close();
    const lines: string[] = [];
    const { skipped } = await exportLog(dir, (line) => void lines.push(line));
    expect([lines.length, skipped]).to.eql([3 * MESSAGES, 1]);
  });

  it('is read past, forward and backward, and says what was passed over', async () => {
    const { log } = await withFlip(entryKey('t2', 100), 100);
    const place = { after: 99, last: MESSAGES };
    const { entries, damaged } = readPast(log, 't2', place, 50, Infinity);
    expect(entries.map(({ offset }) => offset))
      .to.have.lengthOf(50)
      .and.include(101);
    expect(damaged).to.deep.include({ from: 100, to: 100 });
    expect(readPast(log, 't2', { after: 0, last: MESSAGES }, 50, Infinity).damaged).to.equal(null);
    const told: string[] = [];
    const back = readBackPast(log, 't2', 101, 50, ({ message }) => told.push(message));
    expect([back.length, back.at(-1)?.offset]).to.eql([50, 99]);
    expect(told).to.have.lengthOf(1);
    expect(readBackPast(log, 't2', 1, 50, () => undefined)).to.eql([]);
  });

  it('gives a message that is missing as little', async () => {
    const dir = await sound();
    await commitBare(dir, [{ key: entryKey('t2', 100), value: null }]);
    const log = await fixture.open({ dir });
    expect(log.read('t2', 0, MESSAGES, Infinity)).to.have.lengthOf(99);
    expect(refusal(() => log.read('t2', 99, 50, Infinity))).to.include(
      'entry 100 of thread t2 is missing'
    );
  });

  it('goes on in a thread whose record, index row or read mark is damaged, where it can', async () => {
    const { log } = await withFlip(midKey('m7', 't2'), 0);
    expect(await append(log, 't2', entry('m7'))).to.include({ ok: false, code: 'unavailable' });
    expect(await append(log, 't2', entry('m8'))).to.include({ ok: true, duplicate: true });
    const { log: other } = await withFlip(threadKey('t2'));
    expect(refusal(() => other.head('t2'))).to.include('the record of thread t2 was altered');
    expect(await append(other, 't2', entry('new'))).to.include({ ok: false, code: 'unavailable' });
    expect(other.userThreads('ada', null, 10, Infinity).threads.map(({ thread }) => thread)).to.eql(
      ['t3', 't1']
    );
    await other.feed.rewind('store-1');
    expect(other.feed.next(1_000, Infinity).entries).to.have.lengthOf(2 * MESSAGES);
    const { log: third } = await withFlip(memberKey('bob', 't2'), 0);
    expect(third.readMark('t2', 'bob')).to.equal(0);
    expect(await third.setReadMark('t2', 'bob', 2)).to.equal(2);
  });

  it('starts without the mark of a thread that waits, and refuses a record by name', async () => {
    const { log } = await withFlip(watchKey('t2'), 5);
    expect([...log.allUnwatched()].map(({ thread }) => thread)).to.eql(['t3']);
    const { log: other } = await withFlip(recordKey('t2', 'member', 'bob'), 0);
    expect(refusal(() => other.record('t2', 'member', 'bob'))).to.include('member');
  });

  it('passes the damaged message over for the store, and trims it by its number', async () => {
    const dir = await sound();
    await flipBit(dir, entryKey('t2', 1), 100);
    await flipBit(dir, entryKey('t2', 100), 100);
    const log = await fixture.open({ dir, clock: new HandClock() });
    expect(log.feed.next(1_000, Infinity).entries).to.have.lengthOf(3 * MESSAGES - 2);
    await log.close();
    const short = await fixture.open({ dir, retention: { messages: 10, days: null } });
    await append(short, 't2', entry('new'));
    await until(() => short.head('t2')?.first === MESSAGES - 8);
    expect(offsets(short, 't2')).to.have.lengthOf(10);
  });

  it('is named by `log check` when the row of the run is missing', async () => {
    const dir = await sound();
    await commitBare(dir, [{ key: RUN_KEY, value: null }]);
    expect((await checkLog(dir)).problems).to.eql(['the run row is missing or does not decode']);
  });
});
