import { expect } from 'chai';
import {
  COMMIT_BYTES,
  COMMIT_ROWS,
  CommitQueue,
  JOB_COPIES,
  PROBE_MS,
  type Job
} from '../../../../actors/log/lmdb/commit-queue.js';
import { ByteBudget } from '../../../../actors/memory/byte-budget.js';
import type { Turn } from '../../../../actors/turn.js';
import type { LogWrite } from '../../../../actors/log/lmdb/log-store.js';
import { HandClock, until } from './log-fixture.js';

/** A store whose commits end when the spec says so. */
class HeldStore {
  readonly commits: { keys: unknown[]; resolve: () => void; reject: (error: Error) => void }[] = [];

  commit(writes: readonly LogWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.commits.push({ keys: writes.map(({ key }) => key[0]), resolve, reject });
    });
  }

  /** Waits for the n-th commit, from 0. */
  async nth(index: number): Promise<HeldStore['commits'][number]> {
    await until(() => this.commits.length > index);
    const commit = this.commits[index];
    if (commit === undefined) throw new Error('no commit');
    return commit;
  }
}

/** Turns of the event loop that begin when the spec says so. */
class HandTurn implements Turn {
  left = Infinity;
  #waiting: (() => void)[] = [];

  get isSpent(): boolean {
    return this.left <= 0;
  }

  spend(points: number): void {
    this.left -= points;
  }

  next(work: () => void): void {
    this.#waiting.push(work);
  }

  /** Begins the next turn, which may spend this many points. */
  begin(points: number): void {
    this.left = points;
    for (const work of this.#waiting.splice(0)) work();
  }
}

describe('CommitQueue', () => {
  let store: HeldStore;
  let clock: HandClock;
  let events: string[];
  let background: Job[];
  let recovers: boolean;
  let tried: number[];
  let queue: CommitQueue;
  let memory: ByteBudget;
  let turn: HandTurn;

  beforeEach(() => {
    store = new HeldStore();
    clock = new HandClock();
    events = [];
    background = [];
    recovers = true;
    tried = [];
    memory = new ByteBudget(10 * JOB_COPIES);
    turn = new HandTurn();
    queue = new CommitQueue({
      store,
      clock,
      memory,
      recover: (bytes) => {
        tried.push(bytes);
        return recovers ? Promise.resolve() : Promise.reject(new Error('still full'));
      },
      onFailure: () => events.push('void'),
      background: () => background.shift() ?? null,
      turn
    });
    queue.onHealth(({ writable }) => events.push(writable ? 'up' : 'down'));
  });

  function job(name: string, bytes = 1): Job {
    return {
      bytes,
      write: (into) => into.push({ key: [name], value: '' }),
      settle: (failure) => events.push(failure === null ? name : `${name}: ${failure}`)
    };
  }

  it('refuses when its jobs hold as much as they may, until they are settled', async () => {
    queue.push(job('a', 10));
    expect(queue.refusal()).to.equal('the thread log is behind: 40 bytes wait to be written');
    const first = await store.nth(0);
    expect([queue.refusal() === null, memory.refused]).to.deep.equal([false, 2]);
    first.resolve();
    await until(() => events.length === 1);
    expect([queue.refusal(), memory.heldBytes]).to.deep.equal([null, 0]);
  });

  it('gives back what failed jobs hold', async () => {
    queue.push(job('a', 4));
    queue.push(job('b', 4));
    (await store.nth(0)).reject(new Error('full'));
    await until(() => events.includes('down'));
    expect(memory.heldBytes).to.equal(0);
  });

  it('begins a commit without the jobs that would make it too large', async () => {
    for (const name of ['a', 'b', 'c']) queue.push(job(name, COMMIT_BYTES / 2));
    const first = await store.nth(0);
    expect(first.keys).to.deep.equal(['a', 'b']);
    first.resolve();
    const second = await store.nth(1);
    expect(second.keys).to.deep.equal(['c']);
    second.resolve();
  });

  it('begins a commit without the jobs that would make it too many rows', async () => {
    const wide = (name: string): Job => ({
      ...job(name),
      write: (into) => {
        for (let row = 0; row < COMMIT_ROWS / 2; row++) into.push({ key: [name], value: '' });
      }
    });
    for (const name of ['a', 'b', 'c']) queue.push(wide(name));
    const first = await store.nth(0);
    expect(new Set(first.keys)).to.deep.equal(new Set(['a', 'b']));
    first.resolve();
    (await store.nth(1)).resolve();
  });

  it('settles a large commit in several turns, in order, and begins the next but one only after that', async () => {
    for (const name of ['a', 'b', 'c', 'd']) queue.push(job(name));
    const first = await store.nth(0);
    queue.push(job('e'));
    turn.left = 0.6;
    first.resolve();
    const second = await store.nth(1);
    expect(events).to.deep.equal(['a', 'b']);
    queue.push(job('f'));
    second.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect([events, store.commits.length]).to.deep.equal([['a', 'b'], 2]);
    turn.begin(0.1);
    expect(events).to.deep.equal(['a', 'b', 'c']);
    turn.begin(100);
    expect(events).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
    (await store.nth(2)).resolve();
    await until(() => events.includes('f'));
  });

  it('settles what is durable before it fails what is not', async () => {
    queue.push(job('a'));
    const first = await store.nth(0);
    queue.push(job('b'));
    turn.left = 0;
    first.resolve();
    (await store.nth(1)).reject(new Error('full'));
    await until(() => events.includes('void'));
    expect(events.slice(0, 3)).to.deep.equal(['a', 'down', 'void']);
    turn.begin(100);
    expect(events.filter((name) => name === 'a')).to.have.length(1);
  });

  it('closes only when all that is durable is settled', async () => {
    queue.push(job('a'));
    const first = await store.nth(0);
    turn.left = 0;
    first.resolve();
    const closed = queue.close().then(() => events.push('closed'));
    await new Promise((resolve) => setImmediate(resolve));
    turn.begin(100);
    await closed;
    expect(events).to.deep.equal(['a', 'closed']);
  });

  it('puts what gathers during a commit into the next one when that is done', async () => {
    queue.push(job('a'));
    queue.push(job('b'));
    const first = await store.nth(0);
    queue.push(job('c'));
    queue.push(job('d'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.commits).to.have.lengthOf(1);
    first.resolve();
    const second = await store.nth(1);
    expect([first.keys, second.keys]).to.deep.equal([
      ['a', 'b'],
      ['c', 'd']
    ]);
    await until(() => events.length === 2);
    second.resolve();
    await until(() => events.length === 4);
    expect(events).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('fails what was under way and all behind it, after saying so, when a commit fails', async () => {
    queue.push(job('a'));
    const first = await store.nth(0);
    queue.push(job('b'));
    first.reject(new Error('EIO'));
    await until(() => events.length === 4);
    const why = 'the thread log cannot write: EIO';
    expect(events).to.deep.equal(['down', 'void', `a: ${why}`, `b: ${why}`]);
    expect(queue.refusal()).to.equal(why);
    expect(store.commits).to.have.lengthOf(1);
  });

  it('says that it is back once when the disk has recovered', async () => {
    recovers = false;
    queue.push(job('a'));
    (await store.nth(0)).reject(new Error('EIO'));
    await until(() => clock.pending === 1);
    clock.advance(PROBE_MS - 1);
    expect(clock.pending).to.equal(1);
    clock.advance(1);
    await until(() => clock.pending === 1);
    recovers = true;
    clock.advance(PROBE_MS);
    await until(() => queue.health().writable);
    expect(events.filter((event) => event === 'up' || event === 'down')).to.deep.equal([
      'down',
      'up'
    ]);
    queue.push(job('b'));
    (await store.nth(1)).resolve();
    await until(() => events.at(-1) === 'b');
  });

  it('tries the disk with as many bytes as have failed, those behind the commit included', async () => {
    queue.push(job('a', 70));
    const first = await store.nth(0);
    queue.push(job('b', 5));
    first.reject(new Error('EFBIG'));
    await until(() => clock.pending === 1);
    clock.advance(PROBE_MS);
    await until(() => queue.health().writable);
    expect(tried).to.deep.equal([75]);
  });

  it('gives the background its turn when jobs never stop coming', async () => {
    background.push(job('trim'));
    queue.push(job('0'));
    for (let round = 0; !store.commits.some(({ keys }) => keys[0] === 'trim'); round += 1) {
      const commit = await store.nth(round);
      queue.push(job(String(round + 1)));
      commit.resolve();
      expect(round).to.be.lessThan(20);
    }
  });

  it('does background work when nothing else waits', async () => {
    background.push(job('trim'));
    queue.nudge();
    expect((await store.nth(0)).keys).to.deep.equal(['trim']);
  });

  it('finishes what it has and refuses more when it closes', async () => {
    queue.push(job('a'));
    const closed = queue.close();
    expect(queue.refusal()).to.equal('the thread log is closed');
    (await store.nth(0)).resolve();
    await closed;
    expect(events).to.deep.equal(['a']);
  });

  it('closes and asks the disk no more when it cannot write', async () => {
    queue.push(job('a'));
    (await store.nth(0)).reject(new Error('EIO'));
    await until(() => clock.pending === 1);
    await queue.close();
    expect(clock.pending).to.equal(0);
  });
});
