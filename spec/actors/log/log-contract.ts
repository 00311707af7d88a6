import { expect } from 'chai';
import { factsOf } from '../../../actors/facts/fact-row.js';
import fc from 'fast-check';
import type { Commit } from '../../../actors/log/commits.js';
import type { ThreadLog } from '../../../actors/log/thread-log.js';
import {
  RECORD_CHARS_MAX,
  RECORD_ID_MAX,
  type ListPlace
} from '../../../actors/log/thread-records.js';
import { ERASED_BODY, ERASED_KIND } from '../../../protocol/erased.js';
import { frameBody, frameHeader, messageFrame } from '../../../protocol/message-frame.js';
import { append, appendMany, entry, offsets, until } from './lmdb/log-fixture.js';
import { delivered } from './memory-feed.js';

/** Opens logs for the contract. */
export interface ContractLogs {
  /** Opens an empty log. */
  open(): Promise<ThreadLog>;
  /** Waits for the longest time that facts take to become durable. */
  pass(): void;
  /** Texts of the errors that listeners of commits threw. */
  readonly listenerFaults: readonly string[];
  /** Closes all logs. */
  clear(): Promise<void>;
}

const ALL = 1e9;

/** Runs the contract of every thread log, in memory or on disk. */
export function describeLogContract(name: string, logs: ContractLogs): void {
  describe(`the contract of a thread log: ${name}`, () => {
    afterEach(() => logs.clear());

    describe('append', () => {
      it('answers the offset, the epoch and the frame when the entry is new', async () => {
        const log = await logs.open();
        const item = entry('m1', { at: 7 });
        expect(await append(log, 't1', item)).to.deep.equal({
          ok: true,
          offset: 1,
          epoch: log.ensure('t1').epoch,
          at: 7,
          duplicate: false,
          frame: messageFrame('t1', 1, item)
        });
      });

      describe('an entry that erases another', () => {
        const erasing = (target: number) =>
          entry('e', {
            kind: ERASED_KIND,
            bodyJson: `{"target":${String(target)}}`,
            erases: target
          });

        it('leaves its offset, mid, author and time, and nothing of its body', async () => {
          const log = await logs.open();
          await append(log, 't1', entry('m1', { bodyJson: '{"text":"secret"}' }));
          await append(log, 't1', entry('m2'));
          await append(log, 't1', erasing(1));
          const left = messageFrame('t1', 1, entry('m1', { bodyJson: ERASED_BODY }));
          expect(log.read('t1', 0, 10, ALL).map(({ frame }) => frame)).to.deep.equal([
            left,
            messageFrame('t1', 2, entry('m2')),
            messageFrame('t1', 3, erasing(1))
          ]);
          expect(log.withMid('m1', 1)).to.deep.equal([{ thread: 't1', offset: 1, frame: left }]);
        });

        it('does not let the erased message in again', async () => {
          const log = await logs.open();
          const secret = entry('m1', { bodyJson: '{"text":"secret"}' });
          await append(log, 't1', secret);
          await append(log, 't1', erasing(1));
          const again = await append(log, 't1', secret);
          expect(again).to.include({ ok: true, offset: 1, duplicate: true });
          expect(again.ok && again.frame).to.not.contain('secret');
          const other = entry('m1', { user: 'eve', bodyJson: '{"text":"secret"}' });
          expect(await append(log, 't1', other)).to.include({ ok: false, code: 'conflict' });
        });

        it('of a run keeps which run it ended', async () => {
          const log = await logs.open();
          const end = { kind: 'agent_completed', bodyJson: '{"run":"r1","text":"secret","ms":5}' };
          await append(log, 't1', entry('m1', end));
          await append(log, 't1', erasing(1));
          const [first] = log.read('t1', 0, 1, ALL);
          expect(frameBody(first?.frame ?? '')).to.equal('{"erased":true,"run":"r1"}');
        });
      });

      it('answers in offset order when many are under way', async () => {
        const log = await logs.open();
        const answered: number[] = [];
        await new Promise<void>((resolve) => {
          for (let index = 1; index <= 200; index += 1) {
            log.append('t1', entry(`m${String(index)}`), (result) => {
              if (result.ok) answered.push(result.offset);
              if (answered.length === 200) resolve();
            });
          }
        });
        expect(answered).to.deep.equal(Array.from({ length: 200 }, (_, index) => index + 1));
      });

      it('shows nothing to readers when the commit is still under way', async () => {
        const log = await logs.open();
        const done = append(log, 't1', entry('m1'));
        expect(log.head('t1')).to.equal(null);
        expect(log.read('t1', 0, 10, 1e6)).to.deep.equal([]);
        expect(log.withMid('m1', 9)).to.deep.equal([]);
        await done;
        const { epoch } = log.ensure('t1');
        expect(log.head('t1')).to.deep.equal({ epoch, first: 1, last: 1, at: 1, owner: 'ada' });
      });

      it('has moved the head when it answers', async () => {
        const log = await logs.open();
        const seen = await new Promise((resolve) => {
          log.append('t1', entry('m1'), () => {
            resolve([log.head('t1')?.last, offsets(log, 't1')]);
          });
        });
        expect(seen).to.deep.equal([1, [1]]);
      });

      it('answers the old offset when a stored mid comes again', async () => {
        const log = await logs.open();
        await append(log, 't1', entry('m1', { at: 5 }));
        const again = await append(log, 't1', entry('m1', { at: 9 }));
        expect(again).to.include({ ok: true, offset: 1, at: 5, duplicate: true });
        expect(offsets(log, 't1')).to.deep.equal([1]);
      });

      it('answers the first one’s offset when its mid comes again under way', async () => {
        const log = await logs.open();
        const [first, again] = await Promise.all([
          append(log, 't1', entry('m1', { at: 5 })),
          append(log, 't1', entry('m1', { at: 9 }))
        ]);
        expect(first).to.include({ ok: true, offset: 1, duplicate: false });
        expect(again).to.include({ ok: true, offset: 1, at: 5, duplicate: true });
        expect(offsets(log, 't1')).to.deep.equal([1]);
      });

      it('stores twice when the mid is another thread’s', async () => {
        const log = await logs.open();
        await append(log, 't1', entry('m1'));
        expect(await append(log, 't2', entry('m1'))).to.include({ offset: 1, duplicate: false });
      });

      for (const other of [{ user: 'bob' }, { kind: 'note' }, { bodyJson: '{}' }]) {
        const what = Object.keys(other).join();
        it(`answers conflict when a stored mid comes with another ${what}`, async () => {
          const log = await logs.open();
          await append(log, 't1', entry('m1'));
          expect(await append(log, 't1', entry('m1', other))).to.include({ code: 'conflict' });
        });
        it(`answers conflict when a mid under way comes with another ${what}`, async () => {
          const log = await logs.open();
          const first = append(log, 't1', entry('m1'));
          expect(await append(log, 't1', entry('m1', other))).to.include({ code: 'conflict' });
          expect(await first).to.include({ ok: true });
        });
      }

      it('keeps the text exactly when mid, user and body are anything', async () => {
        const log = await logs.open();
        let count = 0;
        await fc.assert(
          fc.asyncProperty(
            fc.string({ unit: 'binary', minLength: 1, maxLength: 32 }),
            fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }),
            fc.json(),
            async (mid, user, bodyJson) => {
              const thread = `t${String((count += 1))}`;
              const item = entry(mid, { user, bodyJson });
              await append(log, thread, item);
              const again = await append(log, thread, item);
              expect(again).to.include({ duplicate: true, frame: messageFrame(thread, 1, item) });
              const own = log.userThreads(user, null, 1e6, Infinity).threads;
              expect(own.map((row) => row.thread)).to.include(thread);
            }
          ),
          { numRuns: 60 }
        );
      });

      it('answers what is under way, then unavailable, when the log is closed', async () => {
        const log = await logs.open();
        const last = append(log, 't1', entry('m1'));
        await log.close();
        expect(await last).to.include({ ok: true });
        expect(await append(log, 't1', entry('m2'))).to.include({ code: 'unavailable' });
        let reason: unknown = null;
        await log.setOwner('t1', 'eve').catch((error: unknown) => (reason = error));
        expect(reason).to.include({ code: 'unavailable' });
      });
    });

    describe('read', () => {
      it('stops at the limit and at the bytes when there is more', async () => {
        const log = await logs.open();
        const [first] = await appendMany(log, 't1', 9);
        const bytes = first?.ok === true ? first.frame.length : 0;
        const seen = (...args: [number, number, number]): number[] =>
          log.read('t1', ...args).map(({ offset }) => offset);
        expect(seen(3, 4, 1e6)).to.deep.equal([4, 5, 6, 7]);
        expect(seen(3, 99, 2 * bytes)).to.deep.equal([4, 5]);
        expect(seen(3, 99, 1)).to.deep.equal([4]);
        expect(seen(9, 99, 1e6)).to.deep.equal([]);
        expect(log.read('nowhere', 0, 9, 1e6)).to.deep.equal([]);
      });

      it('keeps threads apart when one’s id begins with the other’s', async () => {
        const log = await logs.open();
        await appendMany(log, 't1', 2);
        await appendMany(log, 't11', 3);
        await appendMany(log, 't1.', 4);
        expect(offsets(log, 't1')).to.deep.equal([1, 2]);
        expect(log.head('t1')).to.include({ last: 2 });
      });
    });

    describe('readBefore', () => {
      it('gives the page that ends just before when asked', async () => {
        const log = await logs.open();
        await appendMany(log, 't1', 9);
        const seen = (before: number, limit: number): number[] =>
          log.readBefore('t1', before, limit).map(({ offset }) => offset);
        expect(seen(6, 3)).to.deep.equal([3, 4, 5]);
        expect(seen(3, 5)).to.deep.equal([1, 2]);
        expect(seen(1, 5)).to.deep.equal([]);
        expect(seen(999, 2)).to.deep.equal([8, 9]);
      });
    });

    describe('withMid', () => {
      it('finds a mid in every thread that has it, or in one, and never one that only looks like it', async () => {
        const log = await logs.open();
        const mid = 'm "\\\u0000ü';
        for (const thread of ['c', 'a', 'b']) {
          await append(log, thread, entry('other'));
          await append(log, thread, entry(mid));
        }
        await append(log, 'a', entry(`${mid}2`));
        const places = (limit: number, only?: string) =>
          log.withMid(mid, limit, only).map(({ thread, offset }) => [thread, offset]);
        expect(places(9)).to.deep.equal([
          ['a', 2],
          ['b', 2],
          ['c', 2]
        ]);
        expect(places(2)).to.have.length(2);
        expect(places(9, 'b')).to.deep.equal([['b', 2]]);
        expect(places(9, 'd')).to.deep.equal([]);
        expect(log.withMid('x'.repeat(65), 9)).to.deep.equal([]);
        expect(log.withMid(mid, 1)[0]?.frame).to.include('"offset":2');
      });
    });

    describe('ensure', () => {
      it('gives the epoch of the first message when the thread is new', async () => {
        const log = await logs.open();
        const { epoch } = log.ensure('t1');
        expect(log.ensure('t1')).to.deep.equal({ epoch, first: 1, last: 0, at: 0, owner: null });
        expect(log.head('t1')).to.equal(null);
        expect(await append(log, 't1', entry('m1'))).to.include({ epoch });
      });
    });

    describe('commits', () => {
      async function listened() {
        const log = await logs.open();
        const told: Commit[] = [];
        const end = log.commits.listen((commit) => told.push(commit));
        return { log, told, end };
      }

      it('tell every entry once, in the order of each thread, when it can be read', async () => {
        const { log, told } = await listened();
        // Several entries may become readable together, so the head may be ahead of the entry that is announced.
        const readable: boolean[] = [];
        log.commits.listen(({ thread, offset, frame }) => {
          const [found] = log.read(thread, offset - 1, 1, 1e6);
          readable.push((log.head(thread)?.last ?? 0) >= offset && found?.frame === frame);
        });
        await Promise.all([appendMany(log, 't1', 20), appendMany(log, 't2', 10)]);
        await until(() => told.length >= 30);
        const of = (id: string) => told.filter(({ thread }) => thread === id);
        for (const [id, count] of [
          ['t1', 20],
          ['t2', 10]
        ] as const) {
          const ordered = Array.from({ length: count }, (_, index) => index + 1);
          expect(of(id).map(({ offset }) => offset)).to.deep.equal(ordered);
        }
        expect(readable).to.deep.equal(Array.from({ length: 30 }, () => true));
        const [first] = told;
        expect(first?.entry).to.deep.equal(entry('m1'));
        expect(first?.epoch).to.equal(log.head('t1')?.epoch);
        expect(first?.frame).to.equal(messageFrame('t1', 1, entry('m1')));
      });

      it('come after the answer to an append that was made here, in the same turn', async () => {
        const { log } = await listened();
        const order: string[] = [];
        log.commits.listen(({ offset }) => order.push(`commit ${String(offset)}`));
        for (const mid of ['m1', 'm2']) {
          log.append('t1', entry(mid), (result) => {
            order.push(`answer ${result.ok ? String(result.offset) : ''}`);
          });
        }
        await until(() => order.length === 4);
        expect(order).to.deep.equal(['answer 1', 'commit 1', 'answer 2', 'commit 2']);
      });

      it('tell no duplicate, no conflict and nothing that was refused', async () => {
        const { log, told } = await listened();
        const once = append(log, 't1', entry('m1'));
        await Promise.all([once, append(log, 't1', entry('m1'))]);
        await append(log, 't1', entry('m1'));
        await append(log, 't1', entry('m1', { user: 'bob' }));
        await log.close();
        await append(log, 't1', entry('m2'));
        expect(told.map(({ offset }) => offset)).to.deep.equal([1]);
      });

      it('go on, for the others too, when a listener throws', async () => {
        const log = await logs.open();
        const told: number[] = [];
        log.commits.listen(({ offset }) => {
          throw new Error(`a fault over ${String(offset)}`);
        });
        log.commits.listen(({ offset }) => told.push(offset));
        const results = await appendMany(log, 't1', 3);
        expect(results.map(({ ok }) => ok)).to.deep.equal([true, true, true]);
        expect(told).to.deep.equal([1, 2, 3]);
        expect(logs.listenerFaults).to.deep.equal(
          [1, 2, 3].map((n) => `a fault over ${String(n)}`)
        );
      });

      it('are not told any more to who has ended it', async () => {
        const { log, told, end } = await listened();
        await append(log, 't1', entry('m1'));
        end();
        await append(log, 't1', entry('m2'));
        expect(told).to.have.length(1);
      });
    });

    describe('owner', () => {
      it('is the first publisher when nobody was named', async () => {
        const log = await logs.open();
        await append(log, 't1', entry('m1', { user: 'ada' }));
        await append(log, 't1', entry('m2', { user: 'bob' }));
        expect(log.head('t1')?.owner).to.equal('ada');
      });

      it('is nobody when the first message names nobody, and whoever is named later', async () => {
        const log = await logs.open();
        await append(log, 't1', entry('m1', { user: 'ada', owner: null }));
        await append(log, 't1', entry('m2', { user: 'bob' }));
        expect(log.head('t1')).to.include({ owner: null, last: 2 });
        await append(log, 't1', entry('m3', { user: 'bob', owner: 'olga' }));
        await append(log, 't1', entry('m4', { user: 'bob', owner: null }));
        expect(log.head('t1')?.owner).to.equal('olga');
      });

      for (const isFirst of [true, false]) {
        it(`is who was named ${isFirst ? 'before' : 'after'} the first message`, async () => {
          const log = await logs.open();
          const name = () => log.setOwner('t1', 'eve');
          const say = () => append(log, 't1', entry('m1'));
          await Promise.all(isFirst ? [name(), say()] : [say(), name()]);
          expect(log.head('t1')).to.include({ owner: 'eve', last: 1 });
        });
      }

      it('stands alone when there is no message yet', async () => {
        const log = await logs.open();
        await log.setOwner('t1', 'eve');
        expect(log.head('t1')).to.include({ owner: 'eve', first: 1, last: 0 });
        expect(await append(log, 't1', entry('m1'))).to.include({ offset: 1 });
      });
    });

    describe('setReadMark', () => {
      it('moves forward only and never past the last entry', async () => {
        const log = await logs.open();
        await appendMany(log, 't1', 5);
        expect(await log.setReadMark('t1', 'bob', 3)).to.equal(3);
        expect(await log.setReadMark('t1', 'bob', 2)).to.equal(3);
        expect(await log.setReadMark('t1', 'bob', 99)).to.equal(5);
        expect(log.readMark('t1', 'bob')).to.equal(5);
        expect(log.readMark('t1', 'eve')).to.equal(0);
      });

      it('keeps the greater one when two are under way', async () => {
        const log = await logs.open();
        await appendMany(log, 't1', 5);
        const marks = await Promise.all([4, 2].map((read) => log.setReadMark('t1', 'bob', read)));
        expect(marks).to.deep.equal([4, 4]);
        expect(log.readMark('t1', 'bob')).to.equal(4);
      });

      it('survives when the user publishes at the same time', async () => {
        const log = await logs.open();
        await appendMany(log, 't1', 5);
        await Promise.all([
          log.setReadMark('t1', 'bob', 4),
          append(log, 't1', entry('b1', { user: 'bob' }))
        ]);
        expect(log.readMark('t1', 'bob')).to.equal(4);
        await append(log, 't1', entry('b2', { user: 'bob' }));
        expect(log.readMark('t1', 'bob')).to.equal(4);
      });
    });

    describe('readMarks', () => {
      it('has the marks of those who have read, by name, of so many users at most', async () => {
        const log = await logs.open();
        await appendMany(log, 't1', 5);
        await appendMany(log, 't2', 5);
        for (const [user, read] of [
          ['cy', 2],
          ['b"b', 4],
          ['dan', 5]
        ] as const) {
          await log.setReadMark('t1', user, read);
        }
        await log.setReadMark('t2', 'eve', 1);
        const all = [
          { user: 'b"b', read: 4 },
          { user: 'cy', read: 2 },
          { user: 'dan', read: 5 }
        ];
        expect(log.readMarks('t1', 50)).to.deep.equal(all);
        expect(log.readMarks('t3', 50)).to.deep.equal([]);
        expect(log.readMarks('t1', 2).length).to.be.at.most(2);
      });
    });

    describe('userThreads', () => {
      it('lists what the user published to or marked, newest first, with mark and last message', async () => {
        const log = await logs.open();
        await append(log, 't1', entry('m1', { at: 10 }));
        await append(log, 't2', entry('m1', { at: 30, user: 'bob' }));
        await append(log, 't3', entry('m1', { at: 20 }));
        await append(log, 't4', entry('m1', { at: 40, user: 'bob' }));
        await log.setReadMark('t2', 'ada', 1);
        const { threads, more } = log.userThreads('ada', null, 10, Infinity);
        expect(threads.map(({ thread, read }) => [thread, read])).to.deep.equal([
          ['t2', 1],
          ['t3', 0],
          ['t1', 0]
        ]);
        expect(frameHeader(threads[0]?.last?.frame ?? '')).to.include({ user: 'bob', at: 30 });
        expect(more).to.equal(false);
        const page = log.userThreads('ada', { at: 30, thread: '' }, 1, Infinity);
        expect(page.threads.map(({ thread }) => thread)).to.deep.equal(['t3']);
        expect(page.more).to.equal(true);
      });

      it('lists for whom it was listed, before its first message or after it, at the newest message', async () => {
        const log = await logs.open();
        await log.list('t1', 'eve');
        expect(log.userThreads('eve', null, 10, Infinity).threads).to.eql([]);
        await append(log, 't1', entry('m1', { at: 10 }));
        await append(log, 't2', entry('m1', { at: 20 }));
        await log.list('t2', 'eve');
        await log.list('t2', 'eve');
        const listed = () =>
          log.userThreads('eve', null, 10, Infinity).threads.map(({ thread, at }) => [thread, at]);
        expect(listed()).to.eql([
          ['t2', 20],
          ['t1', 10]
        ]);
        await append(log, 't1', entry('m2', { at: 30 }));
        expect(listed()).to.eql([
          ['t1', 30],
          ['t2', 20]
        ]);
      });

      it('gives every thread once, page by page, also when many are of one time', async () => {
        const log = await logs.open();
        const all = Array.from({ length: 20 }, (_, n) => `t${String(n).padStart(2, '0')}`);
        for (const [n, thread] of all.entries()) {
          await append(log, thread, entry('m1', { at: n < 15 ? 20 : 30 }));
        }
        const seen: string[] = [];
        for (let before: ListPlace | null = null; ;) {
          const { threads, more } = log.userThreads('ada', before, 4, Infinity);
          seen.push(...threads.map(({ thread }) => thread));
          const last = threads.at(-1);
          if (!more || last === undefined) break;
          before = { at: last.at, thread: last.thread };
        }
        expect(seen).to.eql([...all].reverse());
      });

      it('moves a thread up for everybody in it with every message', async () => {
        const log = await logs.open();
        const listed = (user: string): unknown[] =>
          log.userThreads(user, null, 10, Infinity).threads.map(({ thread, at }) => [thread, at]);
        await append(log, 't1', entry('m1', { at: 10 }));
        await append(log, 't1', entry('m2', { at: 11, user: 'bob' }));
        await append(log, 't2', entry('m1', { at: 20 }));
        await append(log, 't2', entry('m2', { at: 21, user: 'bob' }));
        await append(log, 't1', entry('m3', { at: 30, user: 'eve' }));
        for (const user of ['ada', 'bob']) {
          expect(listed(user)).to.eql([
            ['t1', 30],
            ['t2', 21]
          ]);
        }
        expect(listed('eve')).to.eql([['t1', 30]]);
      });

      it('ends a page at so many characters of last messages, but gives one thread', async () => {
        const log = await logs.open();
        for (const thread of ['t1', 't2', 't3']) await append(log, thread, entry('m1', { at: 1 }));
        const page = (chars: number) => log.userThreads('ada', null, 10, chars);
        const { length } = page(Infinity).threads[0]?.last?.frame ?? '';
        expect([page(0).threads.length, page(0).more]).to.eql([1, true]);
        expect([page(2 * length).threads.length, page(2 * length).more]).to.eql([2, true]);
        expect([page(3 * length).threads.length, page(3 * length).more]).to.eql([3, false]);
      });
    });

    describe('setUnwatched', () => {
      it('is remembered until it is taken back', async () => {
        const log = await logs.open();
        await log.setUnwatched('t1', { from: 3, since: 7, state: 'waiting' });
        await log.setUnwatched('t2', { from: 1, since: 8, state: 'undelivered' });
        expect([...log.allUnwatched()]).to.deep.equal([
          { thread: 't1', from: 3, since: 7, state: 'waiting' },
          { thread: 't2', from: 1, since: 8, state: 'undelivered' }
        ]);
        await log.setUnwatched('t1', null);
        expect(log.unwatched('t1')).to.equal(null);
        expect(log.unwatched('t2')).to.include({ state: 'undelivered' });
      });
    });

    describe('setRecord', () => {
      it('keeps a text by thread, kind and id, until it is taken back', async () => {
        const log = await logs.open();
        const odd = '\u0000"\\ü '.repeat(20).slice(0, RECORD_ID_MAX);
        expect(log.record('t1', 'member', 'bob')).to.equal(null);
        for (const id of ['bob', 'ada', odd]) await log.setRecord('t1', 'member', id, `of ${id}`);
        await log.setRecord('t1', 'members', 'bob', 'another kind');
        await log.setRecord('t11', 'member', 'bob', 'another thread');
        expect(log.record('t1', 'member', odd)).to.equal(`of ${odd}`);
        const ids = () => [...log.records('t1', 'member')].map(({ id }) => id);
        expect(ids()).to.deep.equal(['ada', 'bob', odd].sort());
        await Promise.all([
          log.setRecord('t1', 'member', 'ada', 'first'),
          log.setRecord('t1', 'member', 'ada', 'last')
        ]);
        expect(log.record('t1', 'member', 'ada')).to.equal('last');
        await log.setRecord('t1', 'member', 'bob', null);
        expect(ids()).to.deep.equal(['ada', odd].sort());
        expect(log.head('t1'), 'a record is no message').to.equal(null);
      });

      it('changes the records of an entry with it, and only when it is stored', async () => {
        const log = await logs.open();
        const record = (id: string, text: string | null) => ({
          thread: 'r',
          kind: 'run',
          id,
          text
        });
        await append(log, 't1', {
          ...entry('m1'),
          records: [record('a', 'one'), record('b', 'two')]
        });
        await append(log, 't1', { ...entry('m2'), records: [record('a', null), record('b', '2')] });
        expect([...log.records('r', 'run')]).to.deep.equal([{ id: 'b', text: '2' }]);
        await append(log, 't1', { ...entry('m2'), records: [record('b', 'of a duplicate')] });
        const other = {
          ...entry('m2', { bodyJson: '"other"' }),
          records: [record('b', 'of a conflict')]
        };
        await append(log, 't1', other);
        expect(log.record('r', 'run', 'b')).to.equal('2');
      });

      it('refuses what is larger than a record may be', async () => {
        const log = await logs.open();
        const fault = async (kind: string, id: string, text: string): Promise<string> =>
          log.setRecord('t1', kind, id, text).then(
            () => 'stored',
            (error: unknown) => (error instanceof RangeError ? error.message : 'another error')
          );
        expect(await fault('run', 'x', 'a'.repeat(RECORD_CHARS_MAX))).to.equal('stored');
        expect(await fault('run', 'x', 'a'.repeat(RECORD_CHARS_MAX + 1))).to.include('longer');
        expect(await fault('run', 'x'.repeat(RECORD_ID_MAX + 1), '')).to.include('longer');
        expect(await fault('Run', 'x', '')).to.include('no kind');
        // Characters are counted as in the schemas of the protocol: an emoji is one.
        expect(await fault('run', '😀'.repeat(RECORD_ID_MAX), '')).to.equal('stored');
        expect(await fault('run', '😀'.repeat(RECORD_ID_MAX + 1), '')).to.include('longer');
      });
    });

    describe('feed', () => {
      const places = (log: ThreadLog, limit = 100) =>
        log.feed
          .next(limit, ALL)
          .entries.map(({ thread, offset }) => `${thread} ${String(offset)}`)
          .sort();

      it('gives messages until they have been taken, and then no more', async () => {
        const log = await logs.open();
        await append(log, 't1', entry('m1'));
        await append(log, 't2', entry('m1'));
        expect(places(log)).to.deep.equal(['t1 1', 't2 1']);
        expect(places(log), 'asked again').to.deep.equal(['t1 1', 't2 1']);
        expect(log.feed.backlog()).to.include({ threads: 2 });
        const batch = log.feed.next(100, ALL);
        const { epoch } = log.ensure('t1');
        expect(batch.entries.map((given) => given.epoch)).to.deep.equal([epoch, epoch]);
        await append(log, 't2', entry('m2'));
        await log.feed.take(batch);
        expect(places(log)).to.deep.equal(['t2 2']);
        await log.feed.take(log.feed.next(100, ALL));
        expect(places(log)).to.deep.equal([]);
        expect(log.feed.backlog()).to.include({ threads: 0 });
      });

      it('gives as many as were asked for, but at least one, and says that there are more', async () => {
        const log = await logs.open();
        await appendMany(log, 't1', 5);
        const { entries, more } = log.feed.next(2, ALL);
        expect([entries.length, more]).to.deep.equal([2, true]);
        expect(log.feed.next(100, 1).entries).to.have.length(1);
        expect(log.feed.next(100, ALL).more).to.equal(false);
      });

      it('gives and finds facts until they have been taken', async () => {
        const log = await logs.open();
        log.feed.record(delivered('t1', 1));
        log.feed.record(delivered('t2', 1));
        const found = async () =>
          (await log.feed.find({ thread: 't1', since: 0, isWanted: () => true })).facts;
        expect(await found()).to.deep.equal([delivered('t1', 1)]);
        logs.pass();
        await until(() => factsOf(log.feed.next(100, ALL).facts).length === 2);
        const batch = log.feed.next(100, ALL);
        expect(factsOf(batch.facts).map(({ fact }) => fact)).to.deep.equal([
          delivered('t1', 1),
          delivered('t2', 1)
        ]);
        expect(new Set(factsOf(batch.facts).map(({ id }) => id)).size).to.equal(2);
        await log.feed.take(batch);
        expect(await found()).to.deep.equal([]);
        expect(log.feed.backlog()).to.include({ facts: 0, factsDropped: 0 });
      });

      it('begins anew for another store', async () => {
        const log = await logs.open();
        expect(log.feed.storeId()).to.equal(null);
        await log.feed.rewind('s1');
        await appendMany(log, 't1', 2);
        await log.feed.take(log.feed.next(100, ALL));
        await log.feed.rewind('s2');
        expect(log.feed.storeId()).to.equal('s2');
        expect(places(log)).to.deep.equal(['t1 1', 't1 2']);
      });

      it('tells when there is something to take and there was nothing before', async () => {
        const log = await logs.open();
        let told = 0;
        log.feed.onWork(() => (told += 1));
        await appendMany(log, 't1', 3);
        await until(() => told > 0);
        expect(told).to.equal(1);
        await log.feed.take(log.feed.next(100, ALL));
        expect(places(log)).to.deep.equal([]);
        await append(log, 't1', entry('m4'));
        await until(() => told > 1);
      });
    });
  });
}
