import { expect } from 'chai';
import { WATCHED_THREADS_MAX } from '../../../../../protocol/inspection.js';
import { WatchList } from '../../../../../client/pages/inspect/link/watch-list.js';
import { settle } from '../../../../virtual-clock.js';

describe('WatchList', () => {
  let asked: (readonly string[])[];
  let caught: string[];
  let fails: boolean;
  let list: WatchList;

  beforeEach(() => {
    asked = [];
    caught = [];
    fails = false;
    list = new WatchList(
      (threads) => {
        asked.push(threads);
        return fails ? Promise.reject(new Error('away')) : Promise.resolve();
      },
      (thread) => caught.push(thread)
    );
  });

  it('asks when what is to be watched changes, and only then', () => {
    list.watch('a', ['a', 'b']);
    list.watch('a', ['b']);
    list.watch('b', ['a']);
    list.watch(null, ['c']);
    list.watch(null, []);
    expect(asked).to.eql([['a', 'b'], ['c'], []]);
  });

  it('tells of the thread that is looked at once it is watched', async () => {
    list.watch('a', []);
    await settle();
    list.watch('a', ['b']);
    await settle();
    expect(caught).to.eql(['a']);
    fails = true;
    list.watch('z', []);
    await settle();
    expect(caught).to.eql(['a']);
  });

  it('asks anew when the server has forgotten', () => {
    list.watch('a', []);
    list.forget();
    list.watch('a', []);
    expect(asked).to.eql([['a'], ['a']]);
  });

  it('asks for no more than the server takes', () => {
    list.watch(
      'mine',
      Array.from({ length: 200 }, (_, n) => `t${String(n)}`)
    );
    expect(asked[0]).to.have.length(WATCHED_THREADS_MAX);
    expect(asked[0]).to.include('mine');
  });
});
