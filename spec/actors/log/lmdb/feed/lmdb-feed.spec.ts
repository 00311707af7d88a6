import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import {
  DISK_LOOK_GOOD_MS,
  DISK_LOW_BYTES
} from '../../../../../actors/log/lmdb/disk/disk-room.js';
import fc from 'fast-check';
import { PROBE_MS } from '../../../../../actors/log/lmdb/commit-queue.js';
import { factsOf } from '../../../../../actors/facts/fact-row.js';
import type { Fact } from '../../../../../actors/facts/fact.js';
import { FACTS_FLUSH_MS } from '../../../../../actors/log/lmdb/feed/fact-keeper.js';
import { REWIND_THREADS } from '../../../../../actors/log/lmdb/feed/lmdb-feed.js';
import type { LmdbLogOptions } from '../../../../../actors/log/lmdb/lmdb-log.js';
import type { EmbeddedLog } from '../../../../../actors/log/lmdb/replica/embedded-log.js';
import { checkLog } from '../../../../../actors/log/lmdb/check/log-check.js';
import type { FeedBatch, FeedEntry } from '../../../../../actors/log/analytics-feed.js';
import { FEED_KEY, pendingKey, within } from '../../../../../actors/log/lmdb/log-keys.js';
import { openStore } from '../../../../../actors/log/lmdb/log-store.js';
import { faultyStore, type FaultyStore } from '../faulty-store.js';
import {
  append,
  appendMany,
  entry,
  HandClock,
  LogFixture,
  offsets,
  until
} from '../log-fixture.js';

const ALL = 1_000_000;

function places(entries: readonly FeedEntry[]): string[] {
  return entries.map(({ thread, offset }) => `${thread} ${String(offset)}`);
}

/** Takes all facts, `limit` at a time, and returns them in order. */
async function drain({ feed }: EmbeddedLog, limit = ALL): Promise<FeedEntry[]> {
  const entries: FeedEntry[] = [];
  for (let batch = feed.next(limit, ALL); batch.entries.length > 0; batch = feed.next(limit, ALL)) {
    entries.push(...batch.entries);
    await feed.take(batch);
  }
  return entries;
}

async function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => 'resolved', String);
}

function transition(at: number): Fact {
  const words = { chart: 'c', actor: 'c:1', from: 'a', to: 'b', event: 'e' };
  return { kind: 'transition', ...words, at, spentMs: 1 };
}

describe('LmdbFeed', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  /** A log whose commits a spec can make fail. */
  async function faulty(
    options: Partial<LmdbLogOptions>
  ): Promise<{ log: EmbeddedLog; store: FaultyStore }> {
    let store: FaultyStore | null = null;
    const log = await fixture.open({
      ...options,
      wrapRows: (rows) => (store = faultyStore(rows))
    });
    if (store === null) throw new Error('the log opened no rows');
    return { log, store };
  }

  describe('next', () => {
    it('gives what has not been taken with its epoch and frame, the same again until it is taken', async () => {
      const log = await fixture.open();
      const [stored] = await appendMany(log, 't1', 1);
      const frame = stored?.ok === true ? stored.frame : '';
      const expected = { thread: 't1', epoch: 'e1', offset: 1, frame };
      const batch = log.feed.next(10, ALL);
      expect(batch).to.deep.equal({ entries: [expected], facts: [], more: false });
      expect(log.feed.next(10, ALL)).to.deep.equal(batch);
      await log.feed.take(batch);
      expect(log.feed.next(10, ALL).entries).to.deep.equal([]);
    });

    it('gives in pieces what follows, every thread once, and takes all pieces with the last', async () => {
      const log = await fixture.open();
      for (const thread of ['t1', 't2', 't3']) await appendMany(log, thread, 5);
      await log.feed.take(log.feed.next(7, ALL));
      // The round begins after t2, of which three are left.
      const pieces = [log.feed.next(2, ALL)];
      for (let last = pieces.at(-1); last?.more === true; last = pieces.at(-1)) {
        pieces.push(log.feed.next(2, ALL, last));
      }
      expect(pieces.map(({ entries }) => places(entries).join())).to.deep.equal([
        't3 1,t3 2',
        't3 3,t3 4',
        't3 5,t2 3',
        't2 4,t2 5'
      ]);
      await log.feed.take(pieces.at(-1) ?? expect.fail('there is none'));
      expect(log.feed.backlog()).to.include({ threads: 0 });
      expect((await drain(log)).length).to.equal(0);
    });

    it('stops at the limit and at the characters, but gives one at least, and says that there is more', async () => {
      const log = await fixture.open();
      const [stored] = await appendMany(log, 't1', 5);
      const chars = stored?.ok === true ? stored.frame.length : 0;
      const seen = (...args: [number, number]): [number, boolean] => {
        const { entries, more } = log.feed.next(...args);
        return [entries.length, more];
      };
      expect(seen(3, ALL)).to.deep.equal([3, true]);
      expect(seen(5, ALL)).to.deep.equal([5, false]);
      expect(seen(9, 2 * chars)).to.deep.equal([2, true]);
      expect(seen(9, 1)).to.deep.equal([1, true]);
      await appendMany(log, 't2', 1);
      expect(seen(5, ALL)).to.deep.equal([5, true]);
    });

    it('gives threads in turn when one of them never ends', async () => {
      const log = await fixture.open();
      for (const thread of ['a', 'b', 'c']) await appendMany(log, thread, 6);
      const seen: string[] = [];
      for (let turn = 0; turn < 5; turn += 1) {
        const batch = log.feed.next(3, ALL);
        seen.push(batch.entries.map(({ thread, offset }) => `${thread}${String(offset)}`).join());
        await log.feed.take(batch);
      }
      expect(seen).to.deep.equal(['a1,a2,a3', 'b1,b2,b3', 'c1,c2,c3', 'a4,a5,a6', 'b4,b5,b6']);
    });

    it('gives every thread once when there are more than are looked up at once', async () => {
      const log = await fixture.open();
      const threads = Array.from({ length: 200 }, (_, index) => `t${String(index)}`);
      await Promise.all(threads.map((thread) => append(log, thread, entry('m1'))));
      const entries = await drain(log, 7);
      expect(entries.map(({ thread }) => thread).sort()).to.deep.equal(threads.sort());
    });

    it('gives nothing that is not durable yet', async () => {
      const log = await fixture.open();
      const under = append(log, 't1', entry('m1'));
      expect(log.feed.next(10, ALL).entries).to.deep.equal([]);
      await under;
      expect(places(log.feed.next(10, ALL).entries)).to.deep.equal(['t1 1']);
    });

    it('gives what lies behind a batch while that is being taken', async () => {
      const log = await fixture.open();
      await appendMany(log, 't1', 5);
      const taking = log.feed.take(log.feed.next(3, ALL));
      await until(() => log.feed.next(9, ALL).entries.length === 2);
      await taking;
      expect(places(log.feed.next(9, ALL).entries)).to.deep.equal(['t1 4', 't1 5']);
    });

    it('reads nothing from disk when nothing is pending', async () => {
      const { log, store } = await faulty({});
      await appendMany(log, 't1', 3);
      await drain(log);
      store.keys = store.range = () => {
        throw new Error('read');
      };
      expect(log.feed.next(10, ALL).entries).to.deep.equal([]);
    });
  });

  describe('take', () => {
    it('loses no append that shares its commit', async () => {
      const { log, store } = await faulty({});
      await appendMany(log, 't1', 3);
      const before = store.commits;
      const batch = log.feed.next(10, ALL);
      await Promise.all([
        append(log, 't1', entry('before')),
        log.feed.take(batch),
        append(log, 't1', entry('behind'))
      ]);
      expect(store.commits - before).to.equal(1);
      expect(places(await drain(log))).to.deep.equal(['t1 4', 't1 5']);
    });

    it('writes the mark anew when an append comes behind a take of everything in its commit', async () => {
      const { log, store } = await faulty({});
      await appendMany(log, 't1', 3);
      const before = store.commits;
      await Promise.all([
        log.feed.take(log.feed.next(10, ALL)),
        append(log, 't1', entry('behind'))
      ]);
      expect(store.commits - before).to.equal(1);
      expect(places(await drain(log))).to.deep.equal(['t1 4']);
    });

    it('leaves no row behind when everything has been taken', async () => {
      const dir = fixture.dir();
      const log = await fixture.open({ dir });
      await appendMany(log, 't1', 3);
      await drain(log);
      expect(log.feed.backlog()).to.deep.equal({
        threads: 0,
        facts: 0,
        factsDropped: 0
      });
      await log.close();
      const store = openStore({ dir, use: 'read' });
      expect(store.count(within('p'))).to.equal(0);
      await store.close();
    });

    it('rejects and gives everything again when the disk refuses', async () => {
      const clock = new HandClock();
      const { log, store } = await faulty({ clock });
      await appendMany(log, 't1', 3);
      const batch = log.feed.next(10, ALL);
      store.fault = 'lost';
      expect(await rejection(log.feed.take(batch))).to.match(/nothing was stored/);
      expect(await rejection(log.feed.take(batch))).to.match(/nothing was stored/);
      clock.advance(PROBE_MS);
      await until(() => log.health().writable);
      expect(places(log.feed.next(10, ALL).entries)).to.deep.equal(['t1 1', 't1 2', 't1 3']);
      expect(log.feed.backlog().threads).to.equal(1);
    });

    it('takes a batch again when the first time failed', async () => {
      const clock = new HandClock();
      const { log, store } = await faulty({ clock });
      await appendMany(log, 't1', 3);
      const batch = log.feed.next(10, ALL);
      store.fault = 'lost';
      await rejection(log.feed.take(batch));
      clock.advance(PROBE_MS);
      await until(() => log.health().writable);
      await log.feed.take(batch);
      expect(log.feed.next(10, ALL).entries).to.deep.equal([]);
    });
  });

  describe('onWork', () => {
    it('is told once until there was nothing left', async () => {
      const log = await fixture.open();
      let told = 0;
      log.feed.onWork(() => (told += 1));
      await appendMany(log, 't1', 50);
      await appendMany(log, 't2', 50);
      expect(told).to.equal(1);
      await drain(log);
      expect(told).to.equal(1);
      await append(log, 't1', entry('more'));
      expect(told).to.equal(2);
    });

    it('is told of what has come behind the last batch when its reader does not look again', async () => {
      const log = await fixture.open();
      await append(log, 't1', entry('m1'));
      let told = 0;
      const batch = log.feed.next(10, ALL);
      log.feed.onWork(() => (told += 1));
      await append(log, 't1', entry('m2'));
      expect(told).to.equal(1);
      await log.feed.take(batch);
      await until(() => told === 2);
    });
  });

  describe('rewind', () => {
    it('gives everything that is kept again when another store takes', async () => {
      const dir = fixture.dir();
      const log = await fixture.open({ dir });
      const threads = Array.from({ length: REWIND_THREADS + 9 }, (_, index) => `t${String(index)}`);
      await Promise.all(threads.map((thread) => appendMany(log, thread, 2)));
      await log.setOwner('empty', 'eve');
      await log.feed.rewind('s1');
      await drain(log);
      expect(log.feed.storeId()).to.equal('s1');
      const rewound = log.feed.rewind('s2');
      expect(log.feed.next(10, ALL).entries).to.deep.equal([]);
      expect(log.feed.storeId()).to.equal('s1');
      // Meanwhile messages are appended, also in new threads.
      await Promise.all([append(log, 't0', entry('new')), append(log, 'a', entry('new')), rewound]);
      expect(log.feed.storeId()).to.equal('s2');
      const expected = [
        ...threads.flatMap((thread) => [`${thread} 1`, `${thread} 2`]),
        'a 1',
        't0 3'
      ];
      expect(places(await drain(log)).sort()).to.deep.equal(expected.sort());
      await log.close();
      expect((await checkLog(dir)).problems).to.deep.equal([]);
      expect((await fixture.open({ dir })).feed.storeId()).to.equal('s2');
    });

    it('tells that there is work when it is done', async () => {
      const log = await fixture.open();
      await appendMany(log, 't1', 2);
      await drain(log);
      let told = 0;
      log.feed.onWork(() => (told += 1));
      await log.feed.rewind('s1');
      await until(() => told === 1);
    });

    it('refuses a batch that another store was given', async () => {
      const log = await fixture.open();
      await appendMany(log, 't1', 2);
      const batch = log.feed.next(10, ALL);
      await log.feed.rewind('s2');
      expect(await rejection(log.feed.take(batch))).to.include('another store');
      expect(await drain(log)).to.have.lengthOf(2);
    });

    for (const fault of ['lost', 'kept'] as const) {
      it(`starts over when it was cut off in the middle, the commit ${fault}`, async () => {
        const dir = fixture.dir();
        const clock = new HandClock();
        const { log, store } = await faulty({ dir, clock });
        const threads = Array.from(
          { length: 2 * REWIND_THREADS },
          (_, index) => `t${String(index)}`
        );
        await Promise.all(threads.map((thread) => append(log, thread, entry('m1'))));
        await log.feed.rewind('s1');
        await drain(log);
        const cut = rejection(log.feed.rewind('s2'));
        const before = store.commits;
        await until(() => store.commits > before);
        store.fault = fault;
        expect(await cut).to.match(/nothing was stored/);
        await log.close();
        const again = await fixture.open({ dir });
        expect(again.feed.storeId()).to.equal('s1');
        await again.feed.rewind('s2');
        expect((await drain(again)).map(({ thread }) => thread).sort()).to.deep.equal(
          threads.sort()
        );
      });
    }
  });

  describe('retention', () => {
    const retention = { messages: 10, days: null };

    it('removes nothing that a store lacks, and goes on when that has been taken', async () => {
      const log = await fixture.open({ retention });
      await log.feed.rewind('s1');
      await appendMany(log, 't1', 50);
      expect(log.head('t1')?.first).to.equal(1);
      await log.feed.take(log.feed.next(20, ALL));
      await until(() => log.head('t1')?.first === 21);
      expect(places(log.feed.next(1, ALL).entries)).to.deep.equal(['t1 21']);
      expect(await drain(log)).to.have.lengthOf(30);
      await until(() => log.head('t1')?.first === 41);
      expect(offsets(log, 't1')).to.have.lengthOf(10);
    });

    for (const [when, isFeedRead, storeId] of [
      ['no store has ever taken', true, null],
      ['the feed is not read', false, 's1']
    ] as const) {
      it(`removes what was not taken when ${when}`, async () => {
        const dir = fixture.dir();
        const first = await fixture.open({ dir });
        if (storeId !== null) await first.feed.rewind(storeId);
        await first.close();
        const log = await fixture.open({ dir, retention, isFeedRead });
        await appendMany(log, 't1', 50);
        await until(() => log.head('t1')?.first === 41);
        expect(places(await drain(log))).to.deep.equal(
          Array.from({ length: 10 }, (_, index) => `t1 ${String(41 + index)}`)
        );
      });
    }

    it('lets what a store lacks go when the disk is nearly full, and says so', async () => {
      const dir = fixture.dir();
      const first = await fixture.open({ dir });
      await first.feed.rewind('s1');
      await first.close();
      let free = DISK_LOW_BYTES;
      const clock = new HandClock();
      const log = await fixture.open({ dir, clock, retention, freeBytes: () => free });
      await appendMany(log, 't1', 50);
      expect(log.isDiskLow()).to.equal(false);
      expect(log.head('t1')?.first).to.equal(1);
      free -= 1;
      clock.advance(DISK_LOOK_GOOD_MS);
      await append(log, 't1', entry('one-more'));
      await until(() => log.head('t1')?.first === 42);
      expect(log.isDiskLow()).to.equal(true);
      expect(places(await drain(log))).to.have.lengthOf(10);
    });

    it('takes the mark away with the last message when nobody took it', async () => {
      const dir = fixture.dir();
      const clock = new HandClock();
      const days = { messages: null, days: 1 };
      const log = await fixture.open({ dir, clock, retention: days, isFeedRead: false });
      await append(log, 't1', entry('m1', { at: clock.now() }));
      clock.advance(3 * 86_400_000);
      await until(() => log.head('t1')?.first === 2);
      await log.close();
      expect((await checkLog(dir)).problems).to.deep.equal([]);
      expect((await fixture.open({ dir })).feed.backlog().threads).to.equal(0);
    });
  });

  it('gives a thread whose mark is damaged from its first kept entry on', async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    await appendMany(log, 't1', 2);
    await log.close();
    const store = openStore({ dir, use: 'disk' });
    await store.commit([{ key: pendingKey('t1'), value: 'x' }]);
    await store.close();
    const again = await fixture.open({ dir });
    expect(await append(again, 't1', entry('m3'))).to.include({ offset: 3 });
    expect(places(await drain(again))).to.deep.equal(['t1 1', 't1 2', 't1 3']);
  });

  it('refuses to open when the feed row is damaged', async () => {
    const dir = fixture.dir();
    await (await fixture.open({ dir })).close();
    const store = openStore({ dir, use: 'disk' });
    await store.commit([{ key: FEED_KEY, value: '{' }]);
    await store.close();
    expect(await rejection(fixture.open({ dir }))).to.match(/the feed row does not decode/);
  });

  it('has given every acknowledged entry that was not taken when its process was killed', async function () {
    this.timeout(120_000);
    const child = fileURLToPath(new URL('../log-writer.child.ts', import.meta.url));
    const dir = fixture.dir();
    const acked = new Set<string>();
    const offered = new Set<string>();
    const taken = new Set<string>();
    for (let round = 0; round < 4; round += 1) {
      const writer = spawn(
        process.execPath,
        ['--import', 'tsx', child, dir, 'disk', String(round), 'feed'],
        { stdio: ['ignore', 'pipe', 'inherit'] }
      );
      let text = '';
      for await (const chunk of writer.stdout) {
        text += String(chunk);
        if (text.split('\n').length > 200 + round * 797) writer.kill('SIGKILL');
      }
      for (const line of text.split('\n').slice(0, -1)) {
        const [thread = '', offset = '', what = ''] = line.split(' ');
        const place = `${thread} ${offset}`;
        // What was taken before must not be offered again, in this process or the next.
        if (what === 'offered') expect(taken.has(place), line).to.equal(false);
        (what === 'offered' ? offered : what === 'taken' ? taken : acked).add(place);
      }
    }
    expect((await checkLog(dir)).problems).to.deep.equal([]);
    const given = new Set(places(await drain(await fixture.open({ dir }))));
    for (const place of acked) {
      if (!offered.has(place)) expect(given.has(place), place).to.equal(true);
    }
    for (const place of taken) expect(given.has(place), place).to.equal(false);
    expect(taken.size).to.be.greaterThan(100);
    expect(given.size).to.be.greaterThan(0);
  });

  it('behaves like a set of what was stored and not taken through faults, restarts and evictions', async function () {
    this.timeout(120_000);
    const command = fc.oneof(
      { weight: 12, arbitrary: fc.record({ append: fc.nat(3) }) },
      { weight: 4, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 6 }) }) },
      { weight: 2, arbitrary: fc.constantFrom('fact' as const, 'settle' as const) },
      { weight: 1, arbitrary: fc.constantFrom('lost' as const, 'kept' as const) },
      { weight: 1, arbitrary: fc.constant('restart' as const) }
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 120, size: 'max' }),
        fc.boolean(),
        async (commands, isReopened) => {
          const run = new FeedRun(fixture.dir(), faulty);
          await run.open();
          for (const step of commands) await run.step(step);
          await run.end(isReopened);
        }
      ),
      { numRuns: 40 }
    );
  });
});

type OpenFaulty = (
  options: Partial<LmdbLogOptions>
) => Promise<{ log: EmbeddedLog; store: FaultyStore }>;

type Step = { append: number } | { take: number } | 'fact' | 'settle' | 'lost' | 'kept' | 'restart';

const THREADS = ['t0', 't1', 't2', 't3'];

/** One run of the model: which facts were certainly taken, which perhaps, and under which id each was given. */
class FeedRun {
  readonly #dir: string;
  readonly #openFaulty: OpenFaulty;
  readonly #clock = new HandClock();
  #log: EmbeddedLog | null = null;
  #store: FaultyStore | null = null;
  #under: Promise<unknown>[] = [];
  #mids = 0;
  #facts = 0;
  #hasKept = false;
  readonly #taken = new Set<string>();
  readonly #perhaps = new Set<string>();
  readonly #factIds = new Map<number, number>();
  readonly #takenFacts = new Set<number>();
  readonly #perhapsFacts = new Set<number>();

  constructor(dir: string, openFaulty: OpenFaulty) {
    this.#dir = dir;
    this.#openFaulty = openFaulty;
  }

  async open(): Promise<void> {
    const options = { dir: this.#dir, clock: this.#clock, headsMax: 2 };
    ({ log: this.#log, store: this.#store } = await this.#openFaulty(options));
  }

  get #open(): EmbeddedLog {
    if (this.#log === null) throw new Error('not open');
    return this.#log;
  }

  async step(step: Step): Promise<void> {
    if (typeof step === 'object') {
      if ('append' in step) {
        this.#mids += 1;
        const thread = THREADS[step.append] ?? '';
        this.#under.push(append(this.#open, thread, entry(`m${String(this.#mids)}`)));
      } else {
        const { feed } = this.#open;
        const first = feed.next(step.take, ALL);
        // Taken with the piece that follows it, as the sink does.
        this.#take(first.more ? [first, feed.next(step.take, ALL, first)] : [first]);
      }
    } else if (step === 'fact') {
      this.#open.feed.record(transition((this.#facts += 1)));
    } else if (step === 'lost' || step === 'kept') {
      if (this.#store !== null) this.#store.fault = step;
      if (step === 'kept') this.#hasKept = true;
    } else {
      await this.#settle();
      if (step !== 'restart') return;
      await this.#open.close();
      await this.open();
    }
  }

  /** Takes the last of these pieces, and so all. */
  #take(pieces: readonly FeedBatch[]): void {
    const last = pieces.at(-1) ?? expect.fail('there is no piece');
    const batch = {
      entries: pieces.flatMap(({ entries }) => entries),
      facts: pieces.flatMap((piece) => piece.facts)
    };
    const given = places(batch.entries);
    expect(new Set(given).size).to.equal(given.length);
    for (const place of given) expect(this.#taken.has(place), place).to.equal(false);
    for (const { id, fact } of factsOf(batch.facts)) {
      expect(this.#takenFacts.has(fact.at)).to.equal(false);
      expect(this.#factIds.get(id) ?? fact.at).to.equal(fact.at);
      this.#factIds.set(id, fact.at);
    }
    const facts = factsOf(batch.facts).map(({ fact }) => fact.at);
    this.#under.push(
      this.#open.feed.take(last).then(
        () => {
          for (const place of given) this.#taken.add(place);
          for (const at of facts) this.#takenFacts.add(at);
        },
        () => {
          for (const place of given) this.#perhaps.add(place);
          for (const at of facts) this.#perhapsFacts.add(at);
        }
      )
    );
  }

  /** Waits until all jobs have ended, the disk accepts writes, and the recorded facts are stored. */
  async #settle(): Promise<void> {
    await Promise.all(this.#under);
    this.#under = [];
    if (this.#store !== null) this.#store.fault = null;
    this.#clock.advance(PROBE_MS + FACTS_FLUSH_MS);
    await until(() => this.#open.health().writable);
  }

  /** Asserts that the same process or the next one gives everything that was not taken. */
  async end(isReopened: boolean): Promise<void> {
    await this.step(isReopened ? 'restart' : 'settle');
    // Facts may wait for the row before theirs.
    await until(() => {
      this.#clock.advance(FACTS_FLUSH_MS);
      return (
        factsOf(this.#open.feed.next(ALL, ALL).facts).length === this.#open.feed.backlog().facts
      );
    });
    const log = this.#open;
    const given = new Set<string>();
    const facts: number[] = [];
    for (let batch = log.feed.next(5, ALL); ; batch = log.feed.next(5, ALL)) {
      if (batch.entries.length + batch.facts.length === 0) break;
      for (const place of places(batch.entries)) given.add(place);
      for (const { fact } of factsOf(batch.facts)) facts.push(fact.at);
      this.#take([batch]);
      await Promise.all(this.#under);
      for (const place of places(batch.entries))
        expect(this.#taken.has(place), place).to.equal(true);
    }
    for (const thread of THREADS) {
      for (const offset of offsets(log, thread)) {
        const place = `${thread} ${String(offset)}`;
        // A failed take is not stored, unless the disk has kept the commit in spite of the error.
        const isUnsure = this.#hasKept && this.#perhaps.has(place);
        if (!isUnsure) expect(this.#taken.has(place), place).to.equal(true);
      }
    }
    expect(new Set(facts).size).to.equal(facts.length);
    for (let at = 1; at <= this.#facts; at += 1) {
      const isUnsure = this.#hasKept && this.#perhapsFacts.has(at);
      if (!isUnsure) expect(this.#takenFacts.has(at), `fact ${String(at)}`).to.equal(true);
    }
    expect(log.feed.backlog()).to.deep.equal({
      threads: 0,
      facts: 0,
      factsDropped: 0
    });
    await log.close();
    expect((await checkLog(this.#dir)).problems).to.deep.equal([]);
  }
}
