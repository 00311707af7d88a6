import { expect } from 'chai';
import type { ListPlace } from '../../../actors/log/thread-records.js';
import { pageOfThreads } from '../../../server/chat/message-pages.js';
import { append, entry } from '../../actors/log/lmdb/log-fixture.js';
import { MemoryLog } from '../../actors/log/memory-log.js';

/** A log in which ada has threads of the given times, one each. */
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
