import { expect } from 'chai';
import { ActiveThread } from '../../../actors/threads/active-thread.js';
import type { Fact } from '../../../actors/facts/fact.js';
import { messageFrame } from '../../../protocol/message-frame.js';
import { LogCorruptError } from '../../../actors/log/log-errors.js';
import { PASSED_OVER_MAX } from '../../../actors/log/read-past.js';
import type { LogEntry } from '../../../actors/log/log-reader.js';
import type { ThreadLog } from '../../../actors/log/thread-log.js';
import { Steps } from '../../../actors/facts/steps.js';
import type { Threads } from '../../../actors/threads/threads.js';
import { CATCH_UP_BUFFER_BYTES, CatchUp, TOLD_MAX } from '../../../server/chat/catch-up.js';
import { Connection, UNTIL_LIVE, type Subscription } from '../../../server/chat/connection.js';
import { TurnBudget } from '../../../server/chat/work/turn-budget.js';
import { WorkLimits } from '../../../server/chat/work/work-limits.js';
import { RecordedLogger } from '../../actors/recorded-logger.js';
import { settle } from '../../virtual-clock.js';
import { FakeSocket } from './fake-socket.js';

describe('CatchUp', () => {
  let facts: Fact[];
  let kept: LogEntry[];
  let fault: Error | null;
  let damaged: Set<number>;
  let catchUp: CatchUp;
  let unreadable: number[];
  let logger: RecordedLogger;
  let connection: Connection;
  let socket: FakeSocket;
  let thread: ActiveThread;
  let work: WorkLimits;

  const publish = (count: number): void => {
    for (let n = 0; n < count; n++) {
      const offset = ++thread.published;
      const parts = { mid: `m${String(offset)}`, user: 'ada', kind: 'user_message', at: 1 };
      kept.push({ offset, frame: messageFrame('t', offset, { ...parts, bodyJson: '1' }) });
    }
  };
  const subscribe = (cursor: number, replayTo: number | null): Subscription => {
    const behind = { why: 'replayed', from: cursor + 1, since: 0 } as const;
    const subscription = { thread, may: [], cursor, replayTo, isLive: false, behind };
    connection.subscriptions = [subscription];
    return subscription;
  };
  /** Lets the turns run until nothing more is sent. */
  const turns = async (): Promise<void> => {
    for (let before = -1; before !== socket.sent.length;) {
      before = socket.sent.length;
      await settle();
      await settle();
    }
  };
  const told = (): unknown[] =>
    socket.frames.map(({ type, offset, replay }) =>
      type === 'message' ? (replay === true ? offset : [offset]) : type
    );

  beforeEach(() => {
    kept = [];
    fault = null;
    damaged = new Set();
    const log = {
      read: (_thread: string, after: number, limit: number) => {
        if (fault !== null) throw fault;
        if (damaged.has(after + 1)) throw new LogCorruptError('dir', `entry ${String(after + 1)}`);
        const upTo = Math.min(...[...damaged].filter((offset) => offset > after));
        return kept.filter(({ offset }) => offset > after && offset < upTo).slice(0, limit);
      }
    } as unknown as ThreadLog;
    facts = [];
    const record = (fact: Fact) => facts.push(fact);
    const steps = new Steps({ clock: { now: () => 7 }, record });
    const threads = { caughtUp: () => undefined, steps } as unknown as Threads;
    logger = new RecordedLogger();
    unreadable = [];
    const watch = {
      remedy: 'check it',
      unreadable: (count: number) => unreadable.push(count),
      caughtUp: (read: Connection) => {
        read.laggingSince = null;
      }
    };
    work = new WorkLimits({ perUser: 1_000, perAddress: 0 }, { elapsed: () => 0 });
    catchUp = new CatchUp(log, threads, logger, watch, { turn: new TurnBudget(), work });
    thread = new ActiveThread('t', false, 'x1', 0, 0);
    connection = new Connection('c1', '::1', null, false, 0);
    socket = new FakeSocket(connection);
  });

  it('says "caught up" after exactly what was promised, and gives what came since as live', async () => {
    publish(3);
    const subscription = subscribe(1, 3);
    publish(2);
    catchUp.begin(connection);
    await turns();
    expect(told()).to.eql([2, 3, 'caught_up', [4], [5]]);
    expect(socket.frames[2]).to.include({ thread: 't', offset: 3 });
    expect([subscription.isLive, socket.topics.has('t')]).to.eql([true, true]);
  });

  it('says "caught up" to one that lagged only when it is live again', async () => {
    publish(300);
    connection.laggingSince = 1;
    subscribe(10, UNTIL_LIVE);
    catchUp.resume(connection);
    await settle();
    publish(5);
    await turns();
    expect(told().filter((what) => what === 'caught_up')).to.have.length(1);
    expect(socket.frames.at(-1)).to.include({ type: 'caught_up', offset: 305 });
    expect(told().slice(0, -1)).to.eql(Array.from({ length: 295 }, (_, index) => index + 11));
    expect(connection.laggingSince).to.equal(null);
  });

  it('lets one that lagged be as well when it has left the thread that it was behind in', () => {
    publish(300);
    connection.laggingSince = 1;
    subscribe(10, UNTIL_LIVE);
    connection.subscriptions = [];
    catchUp.resume(connection);
    expect(connection.laggingSince).to.equal(null);
  });

  it('waits for room and goes on where it was', async () => {
    publish(10);
    subscribe(0, 10);
    socket.room = 4;
    catchUp.begin(connection);
    await turns();
    expect(told()).to.eql([1, 2, 3, 4]);
    socket.room = Infinity;
    socket.bufferedBytes = CATCH_UP_BUFFER_BYTES + 1;
    catchUp.resume(connection);
    await turns();
    expect(told()).to.eql([1, 2, 3, 4]);
    socket.bufferedBytes = 0;
    catchUp.resume(connection);
    await turns();
    expect(told()).to.eql([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 'caught_up']);
  });

  it('gives nothing live before a "caught up" that the full buffer did not take', async () => {
    publish(2);
    const subscription = subscribe(0, 2);
    socket.room = 2;
    catchUp.begin(connection);
    await turns();
    expect([subscription.isLive, socket.topics.has('t')]).to.eql([false, false]);
    publish(1);
    socket.room = Infinity;
    expect(connection.payOwed()).to.equal(true);
    catchUp.resume(connection);
    await turns();
    expect(told()).to.eql([1, 2, 'caught_up', [3]]);
    expect(subscription.isLive).to.equal(true);
  });

  it('says the hole when trimming has overtaken the reader', async () => {
    publish(10);
    kept = kept.slice(6);
    subscribe(2, UNTIL_LIVE);
    catchUp.begin(connection);
    await turns();
    expect(told()).to.eql(['subscribed', 7, 8, 9, 10, 'caught_up']);
    expect(socket.frames[0]).to.deep.include({
      offset: 10,
      recovered: false,
      replay: 4,
      gap: { from: 3, to: 6, reason: 'trimmed' }
    });
  });

  it('tells once what was read out of the log, when it is live, and of a hole what lies on either side', async () => {
    const spans = () =>
      facts.map((fact) => (fact.kind === 'step' ? [fact.step, fact.from, fact.upTo] : fact));
    publish(3);
    const subscription = subscribe(1, 3);
    catchUp.begin(connection);
    await turns();
    expect(spans()).to.eql([['replayed', 2, 3]]);
    expect(subscription.behind).to.equal(null);
    facts = [];
    publish(7);
    kept = kept.filter(({ offset }) => offset < 5 || offset > 8);
    subscribe(3, UNTIL_LIVE);
    catchUp.begin(connection);
    await turns();
    expect(spans()).to.eql([
      ['replayed', 4, 4],
      ['replayed', 9, 10]
    ]);
    expect(facts[0]).to.include({ connection: 'c1', since: 0, at: 7 });
  });

  it('tells of damaged messages as a gap, and gives what stands before and behind them', async () => {
    publish(10);
    damaged = new Set([3, 4, 8]);
    const subscription = subscribe(0, 10);
    catchUp.begin(connection);
    await turns();
    expect(told()).to.eql([1, 2, 'subscribed', 5, 6, 7, 'subscribed', 9, 10, 'caught_up']);
    expect(socket.frames[2]).to.deep.include({
      offset: 10,
      recovered: false,
      replay: 6,
      gap: { from: 3, to: 4, reason: 'damaged' }
    });
    expect([subscription.isLive, socket.ended]).to.eql([true, null]);
  });

  it('goes on behind more damaged messages than one read passes over', async () => {
    publish(2 * PASSED_OVER_MAX + 2);
    damaged = new Set(kept.slice(0, -1).map(({ offset }) => offset));
    subscribe(0, thread.published);
    catchUp.begin(connection);
    await turns();
    const gaps = socket.frames.flatMap(({ gap }) => (gap === undefined ? [] : [gap]));
    expect(gaps[0]).to.deep.include({ from: 1, to: PASSED_OVER_MAX });
    expect(gaps.at(-1)).to.deep.include({ to: thread.published - 1 });
    expect(told().slice(-2)).to.eql([thread.published, 'caught_up']);
  });

  it('is caught up behind damage at the end of what was promised, before what came since', async () => {
    publish(3);
    subscribe(0, 3);
    damaged = new Set([3]);
    publish(2);
    catchUp.begin(connection);
    await turns();
    expect(told()).to.eql([1, 2, 'subscribed', 'caught_up', [4], [5]]);
    damaged = new Set([4, 5]);
    connection = new Connection('c3', '::1', null, false, 0);
    socket = new FakeSocket(connection);
    subscribe(3, 5);
    catchUp.begin(connection);
    await turns();
    expect(told()).to.eql(['subscribed', 'caught_up']);
  });

  it('reports damage once, however many read into it, and its end when it can be read again', async () => {
    publish(5);
    damaged = new Set([3]);
    for (const [cursor, mended] of [
      [0, false],
      [0, false],
      [3, false],
      [0, true]
    ] as const) {
      if (mended) damaged.clear();
      connection = new Connection('c2', '::1', null, false, 0);
      socket = new FakeSocket(connection);
      subscribe(cursor, 5);
      catchUp.begin(connection);
      await turns();
    }
    expect(unreadable).to.eql([1, 0]);
    expect(logger.lines.map(({ level }) => level)).to.eql(['error', 'info']);
    expect(logger.lines[0]?.message).to.include('message 3 of the thread cannot be read');
  });

  it('counts unreadable threads beyond ten, and says so once', () => {
    publish(1);
    damaged = new Set([1]);
    for (let n = 0; n < 3 * TOLD_MAX; n++) {
      thread = new ActiveThread(`t${String(n)}`, false, 'x1', 1, 0);
      connection = new Connection('c2', '::1', null, false, 0);
      socket = new FakeSocket(connection);
      subscribe(0, 1);
      catchUp.begin(connection);
    }
    expect(unreadable.at(-1)).to.equal(3 * TOLD_MAX);
    expect(logger.lines).to.have.lengthOf(TOLD_MAX + 1);
    expect(logger.lines.at(-1)?.message).to.include('more than 10 threads');
  });

  it('closes the one connection, and not the server, when the log cannot be read', async () => {
    publish(300);
    subscribe(0, 300);
    catchUp.begin(connection);
    fault = new Error('the disk is gone');
    await turns();
    expect(socket.ended).to.equal(3004);
    expect(socket.frames.at(-1)).to.include({ type: 'disconnect', code: 3004, reconnect: true });
  });

  it('says and tells once that a thread cannot be read, and that it can again', async () => {
    publish(3);
    for (const broken of [true, true, false]) {
      connection = new Connection('c2', '::1', null, false, 0);
      socket = new FakeSocket(connection);
      subscribe(0, 3);
      fault = broken ? new Error('page 7 is damaged') : null;
      catchUp.begin(connection);
      await turns();
    }
    expect(unreadable).to.eql([1, 0]);
    expect(logger.lines.map(({ level }) => level)).to.eql(['error', 'info']);
    expect(logger.lines[0]?.message).to.include('page 7 is damaged').and.include(': check it');
  });

  it('leaves a connection alone that has closed in the middle', async () => {
    publish(300);
    subscribe(0, 300);
    catchUp.begin(connection);
    connection.socket = null;
    connection.subscriptions = [];
    const before = socket.sent.length;
    await settle();
    await settle();
    expect(socket.sent.length).to.equal(before);
    expect(socket.topics.size).to.equal(0);
  });
});
