import { expect } from 'chai';
import {
  NAMED_THREADS_MAX,
  UndeliveredThreads
} from '../../../actors/monitor/undelivered-threads.js';

describe('UndeliveredThreads', () => {
  it('knows how many there are, the first of them by name, and since when the oldest is', () => {
    const threads = new UndeliveredThreads();
    expect([threads.count, threads.named(3), threads.oldestSince()]).to.deep.equal([0, [], null]);
    threads.add('a', 20);
    threads.add('b', 10);
    threads.add('c', 30);
    expect([threads.count, threads.named(2), threads.oldestSince()]).to.deep.equal([
      3,
      ['a', 'b'],
      10
    ]);
    threads.remove('b');
    expect([threads.count, threads.named(9), threads.oldestSince()]).to.deep.equal([
      2,
      ['a', 'c'],
      20
    ]);
  });

  it('counts those that it has no room to name', () => {
    const threads = new UndeliveredThreads();
    const ids = Array.from({ length: NAMED_THREADS_MAX + 5 }, (_, index) => `t${String(index)}`);
    for (const id of ids) threads.add(id, 1);
    expect([threads.count, threads.named(Infinity).length]).to.deep.equal([
      NAMED_THREADS_MAX + 5,
      NAMED_THREADS_MAX
    ]);
    for (const id of ids) threads.remove(id);
    expect([threads.count, threads.oldestSince()]).to.deep.equal([0, null]);
  });
});
