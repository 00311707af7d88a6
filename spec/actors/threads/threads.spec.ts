import { expect } from 'chai';
import { STRETCH_MS } from '../../../actors/awake-timers.js';
import type { ActiveThread } from '../../../actors/threads/active-thread.js';
import { QUIET_ACTORS_MAX } from '../../../actors/threads/delivery-actors.js';
import { DeliveryCounts } from '../../../actors/monitor/delivery-counts.js';
import { PRESENCE_NAMES_MAX } from '../../../actors/threads/presence.js';
import { ACTIVE_MAX, PASSIVATE_AFTER_MS } from '../../../actors/threads/active-threads.js';
import { PRESENCE_GATHER_MS } from '../../../actors/threads/presence-news.js';
import {
  CROWD_ABOVE,
  CROWD_INTERVAL_MS,
  SIGNAL_INTERVAL_MS,
  type Signal
} from '../../../actors/threads/signals.js';
import { Threads } from '../../../actors/threads/threads.js';
import type { Commit } from '../../../actors/log/commits.js';
import type { ServerFrame } from '../../../protocol/frames.js';
import type { AppendResult } from '../../../actors/log/log-writer.js';
import type { DeliveryEvent } from '../../../machines/delivery/delivery.machine.js';
import { TEST_THREAD_PREFIXES } from '../../../machines/delivery/test-thread.js';
import { settle, VirtualClock } from '../../virtual-clock.js';
import { MemoryLog } from '../log/memory-log.js';
import { Incidents } from '../../../actors/monitor/incidents.js';
import { Transitions } from '../../../actors/facts/transitions.js';
import { RecordedLogger } from '../recorded-logger.js';

const GRACE_MS = 10_000;
const CANNOT = 'Cannot deliver message';
const SKIPPING = 'Skipping message delivery for test thread: ';

/** An event that makes a delivery actor crash in every state: reading its type throws. */
const POISON: DeliveryEvent = {
  get type(): 'flush.done' {
    throw new Error('a fault in the chart');
  }
};

/** A registry over a log in memory, on virtual time, with an audience that records what it gets. */
class Rig {
  readonly log: MemoryLog;
  readonly clock: VirtualClock;
  readonly logger = new RecordedLogger();
  readonly counts = new DeliveryCounts();
  readonly fannedOut: { thread: string; offset: number }[] = [];
  readonly fellBack: { user: string; offset: number }[] = [];
  readonly presence: ServerFrame<'presence'>[] = [];
  readonly signals: Signal[] = [];
  readonly reachable = new Set<string>();
  /** How many connections of a reachable user take a fallback. */
  takers = 1;
  /** Threads with subscribers, as reported to the monitor. */
  watched = 0;
  /** Whether every fallback is answered at once, as without other nodes. */
  isAlone = true;
  /** Unanswered fallbacks; the spec answers each with the number of connections that took it. */
  readonly questions: ((taken: number) => void)[] = [];
  readonly threads: Threads;
  #mid = 0;

  constructor(log = new MemoryLog(), clock = new VirtualClock(), mid = 0) {
    this.log = log;
    this.clock = clock;
    this.#mid = mid;
    this.threads = new Threads({
      log,
      feed: log.feed,
      clock,
      logger: this.logger,
      incidents: new Incidents({ clock: this.clock, logger: this.logger }),
      transitions: new Transitions({
        clock: this.clock,
        record: () => (fact) => this.log.feed.record(fact)
      }),
      monitor: {
        undelivered: () => undefined,
        delivered: () => undefined,
        watched: (threads) => (this.watched = threads)
      },
      stopwatch: () => this.clock.now(),
      counts: this.counts,
      testThreadPrefixes: TEST_THREAD_PREFIXES,
      graceMs: GRACE_MS,
      audience: {
        fanOut: ({ id: thread }, { offset }) => this.fannedOut.push({ thread, offset })
      },
      bus: {
        tell: (frame) => {
          if (frame.type === 'typing' || frame.type === 'mark') this.signals.push(frame);
        },
        tellHere: (frame) => {
          if (frame.type === 'presence') this.presence.push(frame);
        },
        isReachable: (user) => this.reachable.has(user),
        cut: () => undefined,
        kick: () => 0,
        fallback: (user, _thread, { offset }, done) => {
          if (this.takers > 0) this.fellBack.push({ user, offset });
          if (this.isAlone) done(this.takers);
          else this.questions.push(done);
        }
      }
    });
  }

  /** Starts the next process on the same log, after the end of this one. */
  restart(): Rig {
    this.threads.close();
    const next = new Rig(this.log, this.clock, this.#mid);
    next.threads.open();
    return next;
  }

  publish(
    id: string,
    { user = 'ada', stored = false, mid = `m${String((this.#mid += 1))}` } = {}
  ): AppendResult[] {
    const answers: AppendResult[] = [];
    this.threads.publish(
      this.threads.get(id),
      { mid, user, kind: 'user_message', bodyJson: '1', at: this.clock.now() },
      stored,
      (result) => answers.push(result)
    );
    return answers;
  }

  /** A subscription that gets everything at once, as most do. */
  join(id: string, user = 'bob'): ActiveThread {
    const thread = this.threads.get(id);
    this.threads.enter(thread, user);
    this.threads.caughtUp(thread, user);
    return thread;
  }

  crash(id: string): void {
    this.threads.get(id).actor?.send(POISON);
  }

  /** Returns the counts of outcomes that are not zero. */
  outcomes(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.counts.all()).filter(([, n]) => n > 0));
  }

  levels(): string[] {
    return this.logger.lines.map(({ level }) => level);
  }
}

function opened(): Rig {
  const rig = new Rig();
  rig.threads.open();
  return rig;
}

describe('Threads', () => {
  describe('outcomes', () => {
    it('answers the first message that is held only once a restart would know of it', async () => {
      const rig = opened();
      let resolveMark: () => void = () => undefined;
      const setUnwatched = rig.log.setUnwatched.bind(rig.log);
      rig.log.setUnwatched = async (thread, state) => {
        await new Promise<void>((resolve) => {
          resolveMark = resolve;
        });
        await setUnwatched(thread, state);
      };
      const steps = () =>
        rig.log.feed.facts.flatMap(({ fact }) =>
          fact.kind === 'step' ? [[fact.step, fact.user, fact.from, fact.upTo]] : []
        );
      const answers = rig.publish('t');
      await settle();
      expect([answers.length, rig.log.unwatched('t')]).to.deep.equal([0, null]);
      expect(steps()).to.deep.equal([]);
      resolveMark();
      await settle();
      expect(answers).to.have.length(1);
      expect(steps(), 'the time of a late ack').to.deep.equal([['acked', 'ada', 1, 1]]);
      expect(rig.publish('t'), 'the next one need not wait').to.have.length(1);
      expect(steps()).to.have.length(1);
      expect(rig.log.unwatched('t')).to.deep.include({ from: 1, state: 'waiting' });
    });

    it('answers before anybody is given the message', () => {
      const rig = opened();
      const thread = rig.join('t');
      const order: string[] = [];
      rig.threads.publish(
        thread,
        { mid: 'm', user: 'ada', kind: 'user_message', bodyJson: '1', at: 1 },
        false,
        (result) => order.push(`${String(result.ok)} ${String(rig.fannedOut.length)}`)
      );
      expect(order).to.deep.equal(['true 0']);
      expect(rig.fannedOut).to.have.length(1);
    });

    it('is delivered when somebody has subscribed', () => {
      const rig = opened();
      rig.join('t');
      rig.publish('t');
      expect(rig.fannedOut).to.deep.equal([{ thread: 't', offset: 1 }]);
      expect(rig.outcomes()).to.deep.equal({ delivered: 1 });
    });

    it('is stored when nobody is there and that is enough', async () => {
      const rig = opened();
      rig.publish('t', { stored: true });
      await rig.clock.advance(2 * GRACE_MS);
      expect(rig.outcomes()).to.deep.equal({ stored: 1 });
      expect(rig.logger.lines).to.deep.equal([]);
    });

    it('is delivered to the owner when the owner is connected elsewhere', async () => {
      const rig = opened();
      rig.publish('t', { user: 'ada', stored: true });
      rig.reachable.add('ada');
      rig.publish('t', { user: 'bob' });
      await rig.clock.advance(2 * GRACE_MS);
      expect(rig.fellBack).to.deep.equal([{ user: 'ada', offset: 2 }]);
      expect(rig.outcomes()).to.deep.equal({ stored: 1, delivered_to_user: 1 });
      expect(rig.logger.lines).to.deep.equal([]);
    });

    it('is held when the owner is the author', () => {
      const rig = opened();
      rig.reachable.add('ada');
      rig.publish('t', { user: 'ada' });
      expect(rig.outcomes()).to.deep.equal({ held: 1 });
      expect(rig.fellBack).to.deep.equal([]);
    });

    it('is held when no connection of the owner takes it after all', () => {
      const rig = opened();
      rig.publish('t', { user: 'ada', stored: true });
      rig.reachable.add('ada');
      rig.takers = 0;
      rig.publish('t', { user: 'bob' });
      expect(rig.outcomes()).to.deep.equal({ stored: 1, held: 1 });
      expect(rig.threads.status().waiting).to.equal(1);
    });

    it('is held when the owner cannot be read from the log', () => {
      const rig = opened();
      rig.publish('t', { user: 'ada', stored: true });
      rig.reachable.add('ada');
      rig.log.isUnreadable = true;
      rig.publish('t', { user: 'bob' });
      expect(rig.outcomes()).to.deep.equal({ stored: 1, held: 1 });
    });

    describe('while another node is asked whether the owner took it', () => {
      const asking = (): Rig => {
        const rig = opened();
        rig.publish('t', { user: 'ada', stored: true });
        rig.reachable.add('ada');
        rig.isAlone = false;
        return rig;
      };

      it('has no outcome, no ack and no grace', async () => {
        const rig = asking();
        expect(rig.publish('t', { user: 'bob' })).to.deep.equal([]);
        await rig.clock.advance(2 * GRACE_MS);
        expect(rig.outcomes()).to.deep.equal({ stored: 1 });
        expect(rig.logger.lines).to.deep.equal([]);
      });

      it('is waited for before everything is settled, and kept in memory', async () => {
        const rig = asking();
        rig.publish('t', { user: 'bob' });
        let isSettled = false;
        const settled = rig.threads.settled().then(() => (isSettled = true));
        await rig.clock.advance(2 * PASSIVATE_AFTER_MS);
        rig.threads.sweep();
        expect(rig.threads.peek('t')).not.to.equal(null);
        expect(isSettled).to.equal(false);
        rig.questions[0]?.(1);
        await settled;
      });

      it('is delivered to the owner when it was taken there', () => {
        const rig = asking();
        const answers = rig.publish('t', { user: 'bob' });
        rig.questions[0]?.(1);
        expect(rig.outcomes()).to.deep.equal({ stored: 1, delivered_to_user: 1 });
        expect(answers).to.have.length(1);
        expect(rig.threads.get('t').firstUntaken('eve')).to.equal(null);
      });

      it('is held when it was not taken, and acked once that is marked', async () => {
        const rig = asking();
        const answers = rig.publish('t', { user: 'bob' });
        rig.questions[0]?.(0);
        expect(answers).to.deep.equal([]);
        await settle();
        expect(answers).to.have.length(1);
        expect(rig.log.unwatched('t')).to.include({ from: 2, state: 'waiting' });
      });

      it('is held before a later one that is held already', async () => {
        const rig = asking();
        rig.publish('t', { user: 'bob' });
        rig.publish('t', { user: 'ada' });
        expect(rig.threads.get('t').held).to.include({ from: 3, messages: 1 });
        rig.questions[0]?.(0);
        await settle();
        expect(rig.threads.get('t').held).to.include({ from: 2, messages: 2 });
        expect(rig.log.unwatched('t')).to.include({ from: 2 });
      });

      it('is for whoever subscribes, who counts as having been given it', () => {
        const rig = asking();
        rig.publish('t', { user: 'bob' });
        expect(rig.threads.get('t').firstUntaken('eve')).to.equal(2);
        rig.join('t', 'eve');
        rig.questions[0]?.(0);
        expect(rig.outcomes()).to.deep.equal({ stored: 1, delivered: 1 });
        expect(rig.threads.status().waiting).to.equal(0);
      });
    });

    it('goes to the owner whom the server named, not to the first publisher', async () => {
      const rig = opened();
      await rig.log.setOwner('t', 'eve');
      rig.reachable.add('ada').add('eve');
      rig.publish('t', { user: 'ada' });
      expect(rig.fellBack).to.deep.equal([{ user: 'eve', offset: 1 }]);
    });

    for (const prefix of TEST_THREAD_PREFIXES) {
      it(`is skipped, with one debug line, in a thread ${prefix}… without subscribers`, async () => {
        const rig = opened();
        rig.reachable.add('ada');
        rig.publish(`${prefix}1`, { user: 'bob' });
        await rig.clock.advance(2 * GRACE_MS);
        expect(rig.outcomes()).to.deep.equal({ skipped_test_thread: 1 });
        expect(rig.logger.lines).to.deep.equal([
          {
            level: 'debug',
            message: `${SKIPPING}${prefix}1`,
            fields: { actor: 'delivery', thread: `${prefix}1` }
          }
        ]);
        expect(rig.threads.status()).to.deep.include({ test: 1, waiting: 0, undelivered: 0 });
        expect(rig.log.unwatched(`${prefix}1`)).to.equal(null);
      });
    }

    it('builds no debug line when debug is off', () => {
      const rig = opened();
      rig.logger.isDebug = false;
      rig.publish('test_1');
      expect(rig.logger.lines).to.deep.equal([]);
      expect(rig.outcomes()).to.deep.equal({ skipped_test_thread: 1 });
    });

    it('delivers a test thread like any other when somebody has subscribed', () => {
      const rig = opened();
      rig.join('test_1');
      rig.publish('test_1');
      expect(rig.outcomes()).to.deep.equal({ delivered: 1 });
    });

    it('is refused, and reaches nobody, when the log does not take it', () => {
      const rig = opened();
      rig.join('t');
      rig.log.fail('no space left');
      const [answer] = rig.publish('t');
      expect(answer).to.deep.equal({ ok: false, code: 'unavailable', reason: 'no space left' });
      expect(rig.outcomes()).to.deep.equal({ refused: 1 });
      expect(rig.fannedOut).to.deep.equal([]);
    });

    it('is answered and given to nobody again when it is a duplicate', () => {
      const rig = opened();
      rig.join('t');
      rig.publish('t', { mid: 'same' });
      const [answer] = rig.publish('t', { mid: 'same' });
      expect(answer).to.deep.include({ ok: true, duplicate: true, offset: 1 });
      expect(rig.fannedOut).to.have.length(1);
      expect(rig.outcomes()).to.deep.equal({ delivered: 1 });
    });

    it('goes by who is there when it is durable, not when it was sent', () => {
      const rig = opened();
      rig.log.isPrompt = false;
      rig.publish('t');
      rig.join('t');
      rig.log.commit();
      expect(rig.outcomes()).to.deep.equal({ delivered: 1 });
    });
  });

  describe('commits', () => {
    const entry = (mid: string) => ({
      mid,
      user: 'eve',
      kind: 'user_message',
      bodyJson: '1',
      at: 1
    });
    const offsets = (rig: Rig) => rig.fannedOut.map(({ offset }) => offset);

    it('are given to the subscribers whoever appended them, and judged by who did', () => {
      const rig = opened();
      rig.join('t');
      rig.log.append('t', entry('x1'), () => undefined);
      rig.publish('t');
      rig.log.append('elsewhere', entry('x2'), () => undefined);
      expect(rig.fannedOut).to.deep.equal([
        { thread: 't', offset: 1 },
        { thread: 't', offset: 2 }
      ]);
      expect(rig.outcomes()).to.deep.equal({ delivered: 1 });
      expect(rig.threads.status()).to.deep.include({ active: 1, waiting: 0 });
    });

    it('are given once, and after what was missed before them', () => {
      const rig = opened();
      rig.join('t');
      const told: Commit[] = [];
      rig.log.commits.listen((commit) => told.push(commit));
      rig.publish('t');
      const [commit] = told;
      if (commit !== undefined) rig.log.commits.tell(commit);
      rig.log.appendUntold('t', entry('x1'));
      rig.log.appendUntold('t', entry('x2'));
      rig.publish('t');
      expect(offsets(rig)).to.deep.equal([1, 2, 3, 4]);
      expect(rig.outcomes()).to.deep.equal({ delivered: 2 });
    });

    it('that were never told are given when the log takes messages again', () => {
      const rig = opened();
      rig.join('t');
      rig.log.appendUntold('t', entry('x1'));
      rig.threads.resync();
      rig.threads.resync();
      expect(offsets(rig)).to.deep.equal([1]);
    });

    it('are given although answering their author failed', () => {
      const rig = opened();
      const thread = rig.join('t');
      const fail = () => {
        throw new Error('a fault in the answer');
      };
      expect(() => {
        rig.threads.publish(thread, entry('m'), false, fail);
      }).to.throw('a fault in the answer');
      expect(offsets(rig)).to.deep.equal([1]);
      expect(rig.outcomes()).to.deep.equal({ delivered: 1 });
    });

    it('are not heard of any more once it is closed', () => {
      const rig = opened();
      rig.join('t');
      rig.threads.close();
      rig.log.append('t', entry('x1'), () => undefined);
      expect(rig.fannedOut).to.deep.equal([]);
      expect(rig.log.commits.isEmpty).to.equal(true);
    });
  });

  describe('onMessage', () => {
    it('tells every listener of each message with its outcome, after it was given out', () => {
      const rig = opened();
      const seen: unknown[] = [];
      const end = rig.threads.onMessage(({ thread, offset, outcome }) => {
        seen.push([thread.id, offset, outcome, rig.fannedOut.length]);
      });
      rig.publish('t');
      rig.join('t');
      rig.publish('t');
      end();
      rig.publish('t');
      expect(seen).to.deep.equal([
        ['t', 1, 'held', 0],
        ['t', 2, 'delivered', 1]
      ]);
    });

    it('is one incident when a listener throws, and the others and the message go on', () => {
      const rig = opened();
      rig.join('t');
      const seen: number[] = [];
      rig.threads.onMessage(() => {
        throw new Error('a fault in a listener');
      });
      rig.threads.onMessage(({ offset }) => seen.push(offset));
      expect([...rig.publish('t'), ...rig.publish('t')].map(({ ok }) => ok)).to.deep.equal([
        true,
        true
      ]);
      expect(seen).to.deep.equal([1, 2]);
      expect(rig.logger.lines.map(({ message }) => message)).to.deep.equal([
        'a listener of messages failed'
      ]);
      expect(rig.logger.lines[0]?.fields['reason']).to.equal('a fault in a listener');
    });
  });

  describe('grace and incident', () => {
    it('says nothing inside the grace and one error when it is over', async () => {
      const rig = opened();
      rig.publish('t');
      await rig.clock.advance(GRACE_MS - 1);
      expect(rig.logger.lines).to.deep.equal([]);
      expect(rig.threads.status()).to.deep.include({ waiting: 1, undelivered: 0 });
      await rig.clock.advance(1);
      expect(rig.threads.status()).to.deep.include({ waiting: 0, undelivered: 1 });
      expect(rig.logger.lines).to.have.length(1);
      expect(rig.logger.lines[0]?.level).to.equal('error');
      expect(rig.logger.lines[0]?.message.startsWith(CANNOT)).to.equal(true);
      expect(rig.logger.lines[0]?.fields).to.deep.equal({
        actor: 'delivery',
        thread: 't',
        messages: 1,
        fromOffset: 1,
        waitedMs: GRACE_MS
      });
    });

    it('knows the newest message that is held, until somebody has it', async () => {
      const rig = opened();
      rig.publish('t', { mid: 'one' });
      expect(rig.threads.newestHeld('t')).to.equal('one');
      rig.publish('t', { mid: 'two' });
      rig.publish('t', { mid: 'kept', stored: true });
      await rig.clock.advance(GRACE_MS);
      expect(rig.threads.newestHeld('t')).to.equal('two');
      expect(rig.threads.newestHeld('u'), 'no such thread').to.equal(null);
      const next = rig.restart();
      expect(next.threads.newestHeld('t'), 'of a passive thread only the mark is known').to.equal(
        'one'
      );
      next.log.isUnreadable = true;
      expect(next.threads.newestHeld('t'), 'a report does not fail because of it').to.equal(null);
      next.log.isUnreadable = false;
      next.join('t');
      await next.clock.advance(1);
      expect(next.threads.newestHeld('t')).to.equal(null);
    });

    for (const jumpMs of [172_800_000, -172_800_000]) {
      it(`lasts as long as ever when the wall clock jumps by ${String(jumpMs)} ms`, async () => {
        const rig = opened();
        rig.publish('t');
        await rig.clock.advance(1);
        rig.clock.jump(jumpMs);
        rig.join('t');
        rig.publish('u');
        await rig.clock.advance(GRACE_MS - 1);
        expect(rig.logger.with(CANNOT)).to.have.length(0);
        await rig.clock.advance(1);
        expect(rig.logger.with(CANNOT)).to.have.length(1);
        expect(rig.logger.with(CANNOT)[0]?.fields['waitedMs']).to.equal(GRACE_MS);
      });

      it(`is told with no negative wait when the wall clock jumped by ${String(jumpMs)} ms before a restart`, async () => {
        const before = opened();
        before.publish('t');
        before.clock.jump(jumpMs);
        const rig = before.restart();
        await rig.clock.advance(GRACE_MS);
        const waitedMs = rig.logger.with(CANNOT)[0]?.fields['waitedMs'];
        expect(waitedMs).to.equal(GRACE_MS + Math.max(0, jumpMs));
      });
    }

    it('says it once however many messages follow, and counts each', async () => {
      const rig = opened();
      rig.publish('t');
      rig.publish('t');
      await rig.clock.advance(GRACE_MS);
      for (let n = 0; n < 5; n += 1) rig.publish('t');
      await rig.clock.advance(10 * GRACE_MS);
      expect(rig.logger.with(CANNOT)).to.have.length(1);
      expect(rig.outcomes()).to.deep.equal({ held: 2, undelivered: 7 });
      expect(rig.threads.undeliveredThreads).to.equal(1);
    });

    it('tells the monitor how many real threads have subscribers', () => {
      const rig = opened();
      rig.join('t');
      rig.join('t', 'eve');
      rig.join('u');
      rig.join('test_t');
      expect(rig.watched).to.equal(2);
      rig.threads.leave(rig.threads.get('t'), 'eve');
      rig.threads.leave(rig.threads.get('u'), 'bob');
      expect(rig.watched).to.equal(1);
    });

    it('is one line for all when more than some ten threads wait at once', async () => {
      const rig = opened();
      for (let n = 0; n < 40; n += 1) rig.publish(`t${String(n)}`);
      await rig.clock.advance(GRACE_MS);
      expect(rig.logger.with(CANNOT).map(({ fields }) => fields['threads'])).to.deep.equal([
        ...Array.from({ length: 10 }, () => undefined),
        11,
        22
      ]);
      for (let n = 10; n < 40; n += 1) rig.join(`t${String(n)}`);
      expect(rig.levels().slice(12)).to.deep.equal([]);
      for (let n = 0; n < 10; n += 1) rig.join(`t${String(n)}`);
      expect(rig.levels().slice(12)).to.deep.equal(Array.from({ length: 11 }, () => 'info'));
    });

    it('does not shorten or prolong the grace when more messages come', async () => {
      const rig = opened();
      rig.publish('t');
      await rig.clock.advance(GRACE_MS - 1);
      rig.publish('t');
      expect(rig.logger.with(CANNOT)).to.have.length(0);
      await rig.clock.advance(1);
      expect(rig.logger.with(CANNOT)).to.have.length(1);
    });

    it('counts in its error line only what nobody has, not what was stored or reached the owner', async () => {
      const rig = opened();
      rig.publish('t', { user: 'ada' });
      rig.publish('t', { user: 'ada', stored: true });
      rig.reachable.add('ada');
      rig.publish('t', { user: 'bob' });
      await rig.clock.advance(GRACE_MS);
      expect(rig.logger.lines[0]?.fields['messages']).to.equal(1);
      rig.join('t', 'eve');
      expect(rig.outcomes()).to.deep.equal({
        held: 1,
        stored: 1,
        delivered_to_user: 1,
        undelivered: 1,
        delivered: 1
      });
    });

    it('gives what was held to the next subscriber and says nothing when that comes in time', async () => {
      const rig = opened();
      rig.publish('t');
      await rig.clock.advance(GRACE_MS - 1);
      rig.join('t');
      await rig.clock.advance(10 * GRACE_MS);
      expect(rig.logger.lines).to.deep.equal([]);
      expect(rig.outcomes()).to.deep.equal({ held: 1, delivered: 1 });
      expect(rig.threads.status()).to.deep.include({ waiting: 0, undelivered: 0 });
    });

    it('closes the incident with one info line when a subscriber has been given everything', async () => {
      const rig = opened();
      rig.publish('t');
      rig.publish('t');
      await rig.clock.advance(GRACE_MS);
      const thread = rig.threads.get('t');
      rig.threads.enter(thread, 'bob');
      expect(rig.levels()).to.deep.equal(['error']);
      expect(thread.held?.from).to.equal(1);
      rig.threads.caughtUp(thread, 'bob');
      rig.threads.caughtUp(thread, 'bob');
      expect(rig.levels()).to.deep.equal(['error', 'info']);
      expect(rig.logger.lines[1]?.fields).to.deep.include({ thread: 't', messages: 2 });
      expect(rig.threads.undeliveredThreads).to.equal(0);
      expect(thread.held).to.equal(null);
      await settle();
      expect(rig.log.unwatched('t')).to.equal(null);
    });

    it('counts a message once when it is fanned out while a subscriber is being given what was held', async () => {
      const rig = opened();
      rig.publish('t');
      const thread = rig.threads.get('t');
      rig.threads.enter(thread, 'bob');
      rig.publish('t');
      rig.threads.caughtUp(thread, 'bob');
      expect(rig.outcomes()).to.deep.equal({ held: 1, delivered: 2 });
    });

    it('keeps holding when the subscriber leaves before it has been given everything', async () => {
      const rig = opened();
      rig.publish('t');
      const thread = rig.threads.get('t');
      rig.threads.enter(thread, 'bob');
      rig.threads.leave(thread, 'bob');
      expect(thread.held?.from).to.equal(1);
      await rig.clock.advance(GRACE_MS);
      expect(rig.logger.with(CANNOT)).to.have.length(1);
    });

    it('opens another incident when a recovered thread is left again', async () => {
      const rig = opened();
      rig.publish('t');
      await rig.clock.advance(GRACE_MS);
      rig.threads.leave(rig.join('t'), 'bob');
      rig.publish('t');
      await rig.clock.advance(GRACE_MS);
      expect(rig.logger.with(CANNOT)).to.have.length(2);
      expect(rig.logger.lines.at(-1)?.fields).to.deep.include({ messages: 1, fromOffset: 2 });
    });

    it('is another matter in each thread', async () => {
      const rig = opened();
      rig.publish('t1');
      await rig.clock.advance(GRACE_MS / 2);
      rig.publish('t2');
      await rig.clock.advance(GRACE_MS / 2);
      expect(rig.threads.status()).to.deep.include({ waiting: 1, undelivered: 1 });
      rig.join('t1');
      expect(rig.threads.status()).to.deep.include({ waiting: 1, undelivered: 0 });
    });
  });

  describe('restart', () => {
    it('lets what waited wait for the startup grace, and no longer', async () => {
      const before = opened();
      before.publish('t');
      await before.clock.advance(GRACE_MS - 1);
      const rig = before.restart();
      expect(rig.threads.status()).to.deep.include({ active: 1, waiting: 1, undelivered: 0 });
      await rig.clock.advance(GRACE_MS - 1);
      expect(rig.logger.lines).to.deep.equal([]);
      await rig.clock.advance(1);
      expect(rig.logger.with(CANNOT)).to.have.length(1);
      expect(rig.logger.lines[0]?.fields['waitedMs']).to.equal(2 * GRACE_MS - 1);
    });

    it('gives what waited to the first who comes back', async () => {
      const before = opened();
      before.publish('t');
      await before.clock.advance(1);
      const rig = before.restart();
      expect(rig.threads.get('t').held?.from).to.equal(1);
      rig.join('t');
      await rig.clock.advance(10 * GRACE_MS);
      expect(rig.logger.lines).to.deep.equal([]);
      expect(rig.outcomes()).to.deep.equal({ delivered: 1 });
    });

    it('goes on counting an open incident, without making the thread active or saying it again', async () => {
      const before = opened();
      before.publish('t');
      await before.clock.advance(GRACE_MS);
      const rig = before.restart();
      expect(rig.threads.status()).to.deep.include({ active: 0, waiting: 0, undelivered: 1 });
      rig.publish('t');
      await rig.clock.advance(10 * GRACE_MS);
      expect(rig.logger.lines).to.deep.equal([]);
      expect(rig.outcomes()).to.deep.equal({ undelivered: 1 });
      rig.join('t');
      expect(rig.levels()).to.deep.equal(['info']);
      expect(rig.threads.undeliveredThreads).to.equal(0);
    });

    it('keeps the later of both graces for a message that comes just after the start', async () => {
      const rig = opened();
      await rig.clock.advance(1);
      rig.publish('t');
      await rig.clock.advance(GRACE_MS - 1);
      expect(rig.logger.lines).to.deep.equal([]);
      await rig.clock.advance(1);
      expect(rig.logger.with(CANNOT)).to.have.length(1);
    });

    for (const state of ['waiting', 'undelivered'] as const) {
      it(`holds nothing of a thread that was ${state} and has a test prefix now`, async () => {
        const rig = new Rig();
        await rig.log.setUnwatched('test_1', { from: 1, since: rig.clock.now(), state });
        rig.threads.open();
        expect(rig.threads.get('test_1').held).to.equal(null);
        await rig.clock.advance(10 * GRACE_MS);
        expect(rig.threads.status()).to.deep.include({ waiting: 0, undelivered: 0 });
        expect(rig.logger.lines).to.deep.equal([]);
      });
    }
  });

  describe('passivation', () => {
    it('lets go of a thread when nobody has used it for a while', async () => {
      const rig = opened();
      rig.threads.leave(rig.join('t'), 'bob');
      await rig.clock.advance(PASSIVATE_AFTER_MS - 1);
      rig.threads.sweep();
      expect(rig.threads.status().active).to.equal(1);
      await rig.clock.advance(1);
      rig.threads.sweep();
      expect(rig.threads.status().active).to.equal(0);
      expect(rig.clock.waiting).to.equal(0);
    });

    it('keeps a thread until the news of who left is told', async () => {
      const rig = opened();
      rig.log.isPrompt = false;
      rig.publish('test_1');
      const thread = rig.join('test_1');
      await rig.clock.advance(PASSIVATE_AFTER_MS);
      rig.threads.leave(thread, 'bob');
      // The message came long ago and is stored only now, which does not mean that the thread was unused.
      rig.log.commit();
      rig.threads.sweep();
      expect(rig.threads.peek('test_1')).to.equal(thread);
      await rig.clock.advance(PRESENCE_GATHER_MS);
      expect(rig.presence.at(-1)).to.deep.include({ leave: ['bob'] });
      expect(rig.clock.waiting).to.equal(0);
    });

    it('keeps a thread with a subscriber, a message under way or one that waits', async () => {
      const rig = opened();
      rig.join('watched');
      rig.log.isPrompt = false;
      rig.publish('pending');
      rig.log.isPrompt = true;
      await rig.clock.advance(10 * PASSIVATE_AFTER_MS);
      rig.threads.sweep();
      expect(rig.threads.status().active).to.equal(2);
      rig.log.commit();
      await settle();
      rig.threads.sweep();
      expect(rig.threads.status()).to.deep.include({ active: 2, waiting: 1 });
    });

    it('has an actor from the first subscriber on, none while all is quiet, and one again when something changes', async () => {
      const rig = opened();
      const thread = rig.join('t');
      expect(thread.actor?.getSnapshot().matches('delivering')).to.equal(true);
      await rig.clock.advance(PASSIVATE_AFTER_MS);
      rig.threads.sweep();
      expect(thread.actor).to.equal(null);
      rig.threads.leave(thread, 'bob');
      expect(thread.actor?.getSnapshot().matches('idle')).to.equal(true);
    });

    it('keeps few actors of threads that hold nothing, and one for each that holds something', async () => {
      const rig = opened();
      const watched = Array.from({ length: QUIET_ACTORS_MAX + 10 }, (_, n) =>
        rig.join(`w${String(n)}`)
      );
      expect(watched.filter(({ actor }) => actor !== null)).to.have.length(QUIET_ACTORS_MAX);
      rig.publish('held');
      expect(rig.threads.get('held').actor?.getSnapshot().matches('waiting')).to.equal(true);
      rig.publish(watched.at(-1)?.id ?? '');
      expect(rig.outcomes()).to.deep.equal({ held: 1, delivered: 1 });
      await rig.clock.advance(GRACE_MS);
      expect(rig.logger.with(CANNOT)).to.have.length(1);
    });

    it('lets go of threads that nobody uses for each that comes when there are very many', () => {
      const rig = opened();
      // A lookup counts as use. A message in each thread would need an actor in each, which takes seconds.
      for (let n = 0; n < ACTIVE_MAX + 100; n++) rig.threads.get(`t${String(n)}`);
      expect(rig.threads.status().active).to.equal(ACTIVE_MAX);
    });

    it('revives a thread where it was, its incident too', async () => {
      const rig = opened();
      rig.publish('t');
      await rig.clock.advance(GRACE_MS + PASSIVATE_AFTER_MS);
      rig.threads.sweep();
      expect(rig.threads.status()).to.deep.include({ active: 0, undelivered: 1 });
      rig.publish('t');
      expect(rig.outcomes()).to.deep.equal({ held: 1, undelivered: 2 });
      expect(rig.threads.get('t').held).to.deep.include({ from: 1, messages: 2 });
      rig.join('t');
      expect(rig.levels()).to.deep.equal(['error', 'info']);
      expect(rig.threads.undeliveredThreads).to.equal(0);
    });

    it('keeps a thread whose mark the log refused, writes it again, and says so once', async () => {
      const rig = opened();
      rig.publish('t');
      await settle();
      rig.log.markFault = 'no space left';
      await rig.clock.advance(GRACE_MS + PASSIVATE_AFTER_MS);
      for (let n = 0; n < 3; n += 1) {
        rig.threads.sweep();
        await settle();
      }
      expect(rig.threads.status().active).to.equal(1);
      expect(rig.levels()).to.deep.equal(['error', 'warn']);
      rig.log.markFault = null;
      rig.threads.sweep();
      await settle();
      expect(rig.log.unwatched('t')?.state).to.equal('undelivered');
      rig.threads.sweep();
      expect(rig.threads.status()).to.deep.include({ active: 0, undelivered: 1 });
    });

    it('opens no incident for a thread whose subscribers are sent away in a drain, until that is over', async () => {
      const rig = opened();
      const thread = rig.join('t', 'bob');
      rig.threads.drain(3 * GRACE_MS);
      rig.threads.leave(thread, 'bob');
      rig.publish('t');
      await rig.clock.advance(3 * GRACE_MS - 1);
      expect(rig.logger.with(CANNOT)).to.deep.equal([]);
      await rig.clock.advance(1);
      expect(rig.logger.with(CANNOT)).to.have.length(1);
    });

    it('has no timers and starts none when it is closed', async () => {
      const rig = opened();
      rig.publish('t1');
      const thread = rig.join('t2');
      rig.log.isPrompt = false;
      rig.publish('t3');
      rig.threads.close();
      expect(rig.clock.waiting).to.equal(0);
      rig.threads.leave(thread, 'bob');
      rig.log.commit();
      await settle();
      rig.threads.get('t3');
      rig.threads.sweep();
      expect(rig.clock.waiting).to.equal(0);
      expect(rig.log.unwatched('t3')).to.deep.include({ from: 1, state: 'waiting' });
    });
  });

  it('tells the analytics store what became of every message, and where the delivery chart went', async () => {
    const rig = opened();
    rig.publish('t');
    await rig.clock.advance(GRACE_MS);
    rig.publish('t');
    rig.join('t');
    rig.publish('t');
    const facts = rig.log.feed.facts.map(({ fact }) => fact);
    expect(
      facts.flatMap((fact) =>
        fact.kind === 'delivery' ? [[fact.outcome, fact.offset, fact.messages]] : []
      )
    ).to.deep.equal([
      ['held', 1, 1],
      ['undelivered', 1, 1],
      ['undelivered', 2, 1],
      ['delivered', 1, 2],
      ['delivered', 3, 1]
    ]);
    const measured = facts.map((fact) => fact.kind === 'delivery' && 'appendedMs' in fact);
    expect(measured.filter(Boolean), 'each message once').to.have.length(3);
    expect(
      facts.flatMap((fact) =>
        fact.kind === 'transition' ? [`${fact.from} ${fact.event} ${fact.to}`] : []
      )
    ).to.deep.equal([
      'waiting grace undelivered',
      'undelivered subscriber.first flushing',
      'flushing flush.done delivering'
    ]);
  });

  describe('crash of a delivery actor', () => {
    it('is contained, said and counted, and other threads notice nothing', async () => {
      const rig = opened();
      rig.join('other');
      rig.publish('t');
      rig.crash('t');
      rig.publish('other');
      rig.join('t');
      rig.publish('t');
      expect(rig.fannedOut).to.have.length(2);
      expect(rig.outcomes()).to.deep.equal({ held: 1, delivered: 3 });
      expect(rig.threads.crashes).to.equal(1);
      expect(rig.logger.lines).to.have.length(1);
      expect(rig.logger.lines[0]).to.deep.include({
        level: 'error',
        message: 'a delivery actor crashed and was replaced from its record'
      });
      expect(rig.logger.lines[0]?.fields).to.deep.include({
        thread: 't',
        reason: 'a fault in the chart'
      });
    });

    it('leaves a grace as it was', async () => {
      const rig = opened();
      rig.publish('t');
      await rig.clock.advance(GRACE_MS - 1);
      rig.crash('t');
      expect(rig.clock.nextMs).to.equal(1);
      await rig.clock.advance(1);
      expect(rig.logger.with(CANNOT)).to.have.length(1);
    });

    it('leaves a grace as it was, too, when it ran anew since a subscriber left', async () => {
      const rig = opened();
      rig.publish('t');
      await rig.clock.advance(GRACE_MS - 1);
      const thread = rig.threads.get('t');
      rig.threads.enter(thread, 'bob');
      rig.threads.leave(thread, 'bob');
      await rig.clock.advance(PRESENCE_GATHER_MS);
      rig.crash('t');
      await rig.clock.advance(GRACE_MS - PRESENCE_GATHER_MS - 1);
      expect(rig.logger.with(CANNOT)).to.have.length(0);
      await rig.clock.advance(1);
      expect(rig.logger.with(CANNOT)).to.have.length(1);
    });

    it('opens no incident when the server slept through the grace, before who came meanwhile is read', async () => {
      const rig = opened();
      rig.publish('t');
      await rig.clock.sleep(10 * GRACE_MS);
      rig.join('t');
      await rig.clock.advance(GRACE_MS);
      expect(rig.logger.with(CANNOT)).to.have.length(0);
    });

    for (const [when, begun] of [
      ['published', () => opened()],
      ['restored', () => opened().restart()]
    ] as const) {
      it(`gives an actor that is new after a sleep what was left of the grace, of a message ${when} before`, async () => {
        const before = begun();
        before.publish('t');
        const rig = when === 'restored' ? before.restart() : before;
        await rig.clock.advance(GRACE_MS / 2);
        rig.clock.pass(10 * GRACE_MS);
        rig.crash('t');
        const { held } = rig.threads.get('t');
        expect(held === null ? null : rig.threads.graceEndOf(held) - rig.clock.now())
          .to.be.at.least(GRACE_MS / 2)
          .and.at.most(GRACE_MS / 2 + STRETCH_MS);
        await rig.clock.advance(GRACE_MS / 2 - 1);
        expect(rig.logger.with(CANNOT)).to.have.length(0);
        await rig.clock.advance(STRETCH_MS + 1);
        expect(rig.logger.with(CANNOT)).to.have.length(1);
      });
    }

    it('leaves an incident open without saying it again', async () => {
      const rig = opened();
      rig.publish('t');
      await rig.clock.advance(GRACE_MS);
      rig.crash('t');
      await rig.clock.advance(GRACE_MS);
      expect(rig.logger.with(CANNOT)).to.have.length(1);
      rig.join('t');
      expect(rig.levels().at(-1)).to.equal('info');
      expect(rig.threads.undeliveredThreads).to.equal(0);
    });

    it('loses no message to the books, and is tried again at the next sweep, when it comes at once', async () => {
      const rig = opened();
      rig.clock.faults = 2;
      rig.publish('t');
      rig.publish('t');
      expect(rig.threads.crashes).to.be.within(1, 2);
      // The timer of the startup grace.
      expect(rig.clock.waiting).to.equal(1);
      expect(rig.threads.status().waiting).to.equal(1);
      rig.clock.faults = 0;
      rig.threads.sweep();
      await rig.clock.advance(GRACE_MS);
      expect(rig.logger.with(CANNOT)).to.have.length(1);
      expect(rig.outcomes()).to.deep.equal({ held: 2, undelivered: 2 });
    });

    it('does not call itself for ever when every new actor crashes as well', () => {
      const rig = opened();
      rig.publish('t');
      rig.clock.faults = Infinity;
      rig.crash('t');
      for (let n = 0; n < 3; n += 1) rig.threads.sweep();
      expect(rig.threads.crashes).to.equal(5);
    });
  });

  describe('presence', () => {
    it('is told in one frame, gathered', async () => {
      const rig = opened();
      rig.join('t', 'ada');
      rig.join('t', 'bob');
      await rig.clock.advance(PRESENCE_GATHER_MS - 1);
      expect(rig.presence).to.deep.equal([]);
      await rig.clock.advance(1);
      expect(rig.presence).to.deep.equal([{ type: 'presence', thread: 't', join: ['ada', 'bob'] }]);
    });

    it('is of people, not of connections', async () => {
      const rig = opened();
      const thread = rig.join('t', 'ada');
      rig.join('t', 'ada');
      await rig.clock.advance(PRESENCE_GATHER_MS);
      rig.threads.leave(thread, 'ada');
      await rig.clock.advance(PRESENCE_GATHER_MS);
      expect(rig.presence).to.have.length(1);
      rig.threads.leave(thread, 'ada');
      await rig.clock.advance(PRESENCE_GATHER_MS);
      expect(rig.presence.at(-1)).to.deep.equal({ type: 'presence', thread: 't', leave: ['ada'] });
    });

    it('is silent when somebody was gone for a moment', async () => {
      const rig = opened();
      const thread = rig.join('t', 'ada');
      await rig.clock.advance(PRESENCE_GATHER_MS);
      rig.threads.leave(thread, 'ada');
      rig.threads.enter(thread, 'ada');
      await rig.clock.advance(10 * PRESENCE_GATHER_MS);
      expect(rig.presence).to.have.length(1);
    });

    it('makes nobody present who subscribes without a name', async () => {
      const rig = opened();
      const thread = rig.threads.get('t');
      rig.threads.enter(thread, null);
      rig.publish('t');
      rig.threads.leave(thread, null);
      await rig.clock.advance(CROWD_INTERVAL_MS);
      expect(rig.presence).to.deep.equal([]);
      expect(rig.outcomes()).to.deep.equal({ delivered: 1 });
    });

    it('is a number alone when a thread is large', async () => {
      const rig = opened();
      for (let n = 0; n <= PRESENCE_NAMES_MAX; n += 1) rig.join('t', `u${String(n)}`);
      await rig.clock.advance(PRESENCE_GATHER_MS);
      const count = PRESENCE_NAMES_MAX + 1;
      expect(rig.presence).to.deep.equal([{ type: 'presence', thread: 't', count }]);
    });

    it('is told a crowd once in a while, and the first time after a pause at once', async () => {
      const rig = opened();
      for (let n = 0; n <= CROWD_ABOVE; n += 1) rig.join('t', `u${String(n)}`);
      await rig.clock.advance(PRESENCE_GATHER_MS);
      expect(rig.presence).to.have.length(1);
      for (let n = 0; n < 19; n += 1) {
        rig.join('t', `more${String(n)}`);
        await rig.clock.advance(PRESENCE_GATHER_MS);
      }
      expect(rig.presence).to.have.length(1);
      await rig.clock.advance(PRESENCE_GATHER_MS);
      expect(rig.presence).to.have.length(2);
      expect(rig.presence.at(-1)?.join).to.have.length(19);
      await rig.clock.advance(CROWD_INTERVAL_MS);
      rig.join('t', 'last');
      await rig.clock.advance(PRESENCE_GATHER_MS);
      expect(rig.presence.at(-1)?.join).to.deep.equal(['last']);
    });
  });

  describe('signal', () => {
    const typing = (user: string, on: boolean) =>
      ({ type: 'typing', thread: 't', user, on, forMs: 6_000 }) as const;

    it('is told at once, and of very many the latest after a while', async () => {
      const rig = opened();
      const thread = rig.join('t', 'ada');
      for (let n = 0; n < 720; n += 1) rig.threads.signal(thread, typing('ada', n % 2 === 0));
      expect(rig.signals).to.deep.equal([typing('ada', true)]);
      await rig.clock.advance(SIGNAL_INTERVAL_MS);
      expect(rig.signals).to.deep.equal([typing('ada', true), typing('ada', false)]);
    });

    it('leaves neither a timer nor a record once it is over', async () => {
      const rig = opened();
      const thread = rig.join('t', 'ada');
      await rig.clock.advance(PRESENCE_GATHER_MS);
      const before = rig.clock.waiting;
      rig.threads.signal(thread, typing('ada', true));
      rig.threads.signal(thread, typing('ada', false));
      expect(rig.clock.waiting).to.equal(before + 1);
      await rig.clock.advance(2 * SIGNAL_INTERVAL_MS);
      expect(rig.clock.waiting).to.equal(before);
      expect(thread.signals).to.equal(null);
    });

    it('has one timer in a thread, whoever types', () => {
      const rig = opened();
      const thread = rig.join('t', 'ada');
      const before = rig.clock.waiting;
      for (let n = 0; n < 40; n += 1) rig.threads.signal(thread, typing(`u${String(n)}`, true));
      expect(rig.clock.waiting).to.equal(before + 1);
    });

    it('of somebody who has left is not told', async () => {
      const rig = opened();
      const thread = rig.join('t', 'ada');
      rig.join('t', 'bob');
      rig.threads.signal(thread, typing('ada', false));
      rig.threads.signal(thread, typing('ada', true));
      rig.threads.leave(thread, 'ada');
      await rig.clock.advance(2 * SIGNAL_INTERVAL_MS);
      expect(rig.signals).to.deep.equal([typing('ada', false)]);
    });

    it('is told no more once the threads are closed', async () => {
      const rig = opened();
      const thread = rig.join('t', 'ada');
      rig.threads.signal(thread, typing('ada', true));
      rig.threads.signal(thread, typing('ada', false));
      rig.threads.close();
      rig.threads.signal(thread, typing('ada', true));
      await rig.clock.advance(10 * SIGNAL_INTERVAL_MS);
      expect(rig.signals).to.have.length(1);
      expect(rig.clock.waiting).to.equal(0);
    });
  });
});
