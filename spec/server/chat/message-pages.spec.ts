import { expect } from 'chai';
import type { ListPlace } from '../../../actors/log/thread-records.js';
import {
  FILTERED_MAX,
  HISTORY_CHARS_MAX,
  pageOfThreads,
  readablePage
} from '../../../server/chat/message-pages.js';
import { append, entry } from '../../actors/log/lmdb/log-fixture.js';
import { MemoryLog } from '../../actors/log/memory-log.js';

/** A log in which ada has one thread for each of the times. */
async function listed(times: readonly number[]): Promise<MemoryLog> {
  const log = new MemoryLog();
  for (const [n, at] of times.entries()) {
    await append(log, `t${String(n).padStart(3, '0')}`, entry('m1', { at }));
  }
  return log;
}

describe('a page of threads', () => {
  it('has all threads of its last one’s time for whoever pages by time only', async () => {
    const log = await listed(Array.from({ length: 100 }, (_, n) => (n < 70 ? 20 : 30)));
    const first = pageOfThreads(log, 'ada', null, 10);
    expect([first.threads.length, first.next]).to.eql([30, { at: 30, thread: 't070' }]);
    const second = pageOfThreads(log, 'ada', { at: 30, thread: '' }, 10);
    expect([second.threads.length, second.next]).to.eql([70, null]);
  });

  it('reads hardly more threads than it gives', async () => {
    const log = await listed(Array.from({ length: 400 }, (_, n) => Math.floor(n / 2)));
    const { threads, read } = pageOfThreads(log, 'ada', null, 1);
    expect(threads).to.have.length(2);
    expect(read).to.be.within(2, 5);
  });

  it('gives every thread once to whoever pages by its `next`', async () => {
    const log = await listed(Array.from({ length: 50 }, (_, n) => Math.floor(n / 20)));
    const seen: string[] = [];
    let before: ListPlace | null = null;
    do {
      const { threads, next } = pageOfThreads(log, 'ada', before, 7);
      seen.push(...threads.map(({ thread }) => thread));
      before = next;
    } while (before !== null);
    expect(seen).to.have.length(50);
    expect(new Set(seen).size).to.equal(50);
  });
});

describe('a page of threads that one may read', () => {
  /** Pages by `next` to the end; returns the threads of each page. */
  const pages = (
    log: MemoryLog,
    limit: number,
    mayRead: (thread: string) => boolean,
    isByTime = false
  ): string[][] => {
    const shown: string[][] = [];
    for (let before: ListPlace | null = null; ;) {
      const { threads, next } = readablePage(log, 'ada', before, limit, mayRead);
      shown.push(threads.map(({ thread }) => thread));
      const last = threads.at(-1);
      before = isByTime && last !== undefined ? { at: last.at, thread: '' } : next;
      if (next === null) return shown;
    }
  };
  const numbered = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, n) => `t${String(from + n).padStart(3, '0')}`);

  it('leaves out all others, and has every one of these once, by `next`', async () => {
    const log = await listed(Array.from({ length: 200 }, (_, n) => Math.floor(n / 3)));
    const mayRead = (thread: string): boolean => Number(thread.slice(1)) % 7 === 0;
    const seen = pages(log, 10, mayRead).flat();
    expect(seen.sort()).to.eql(numbered(0, 200).filter(mayRead));
  });

  it('leaves out none of the same time for whoever pages by time, behind a page that had none to show', async () => {
    // Newest first: 20 hidden threads, then three of the same time, then one.
    const log = await listed([1, 2, 2, 2, ...Array.from({ length: 20 }, (_, n) => 10 + n)]);
    const mayRead = (thread: string): boolean => thread < 't004';
    expect(pages(log, 1, mayRead, true).flat().sort()).to.eql(numbered(0, 4));
  });

  it('ends an empty page after so many rows, and says where the next one begins', async () => {
    const log = await listed(Array.from({ length: FILTERED_MAX + 101 }, (_, n) => n));
    const first = readablePage(log, 'ada', null, 50, (thread) => thread === 't000');
    expect(first.threads).to.eql([]);
    expect(first.read).to.be.within(FILTERED_MAX, FILTERED_MAX + 60);
    expect(first.isNextHidden).to.equal(true);
    const second = readablePage(log, 'ada', first.next, 50, (thread) => thread === 't000');
    expect(second.threads.map(({ thread }) => thread)).to.eql(['t000']);
    expect([second.next, second.isNextHidden]).to.eql([null, false]);
  });

  it('ends an empty page after so many characters', async () => {
    const log = new MemoryLog();
    const bodyJson = JSON.stringify('x'.repeat(HISTORY_CHARS_MAX / 4));
    for (const [n, thread] of numbered(0, 40).entries()) {
      await append(log, thread, entry('m1', { at: n, bodyJson }));
    }
    const page = readablePage(log, 'ada', null, 1, () => false);
    expect([page.threads.length, page.isNextHidden]).to.eql([0, true]);
    expect(page.read).to.be.at.most(12);
    expect(page.chars).to.be.within(HISTORY_CHARS_MAX, 2 * HISTORY_CHARS_MAX);
  });

  it('says that the next position is of a thread that one may read when it is', async () => {
    const log = await listed([1, 2, 3]);
    const page = readablePage(log, 'ada', null, 1, (thread) => thread === 't002');
    expect([page.next, page.isNextHidden]).to.eql([{ at: 3, thread: 't002' }, false]);
  });
});
