import { expect } from 'chai';
import { LocalBus } from '../../../actors/bus/local-bus.js';
import { DeliveryCounts } from '../../../actors/monitor/delivery-counts.js';
import { Incidents } from '../../../actors/monitor/incidents.js';
import { Transitions } from '../../../actors/facts/transitions.js';
import { Threads } from '../../../actors/threads/threads.js';
import { settle, VirtualClock } from '../../virtual-clock.js';
import { MemoryLog } from '../log/memory-log.js';
import { RecordedLogger } from '../recorded-logger.js';

const GRACE_MS = 10_000;
const CANNOT = 'Cannot deliver message';

/** Threads over a log in memory, which outlives them. */
class Rig {
  readonly log: MemoryLog;
  readonly clock: VirtualClock;
  readonly logger = new RecordedLogger();
  readonly counts = new DeliveryCounts();
  readonly threads: Threads;

  constructor(log = new MemoryLog(), clock = new VirtualClock()) {
    this.log = log;
    this.clock = clock;
    const { logger } = this;
    this.threads = new Threads({
      log,
      feed: log.feed,
      clock,
      logger,
      incidents: new Incidents({ clock, logger }),
      transitions: new Transitions({ clock, record: () => (fact) => log.feed.record(fact) }),
      monitor: {
        undelivered: () => undefined,
        delivered: () => undefined,
        watched: () => undefined
      },
      stopwatch: () => clock.now(),
      counts: this.counts,
      testThreadPrefixes: [],
      graceMs: GRACE_MS,
      audience: { fanOut: () => undefined },
      bus: new LocalBus({
        tell: () => undefined,
        isReachable: () => false,
        fallback: () => 0,
        cut: () => undefined,
        kick: () => 0
      })
    });
    this.threads.open();
  }

  restart(): Rig {
    this.threads.close();
    return new Rig(this.log, this.clock);
  }

  /** Publishes a message of each author, in order. */
  publish(...authors: string[]): void {
    for (const user of authors) {
      const mid = `m${String((this.log.head('t')?.last ?? 0) + 1)}`;
      const entry = { mid, user, kind: 'user_message', bodyJson: '1', at: this.clock.now() };
      this.threads.publish(this.threads.get('t'), entry, false, () => undefined);
    }
  }

  /** Adds a subscription that gets everything at once; returns where it began. */
  join(user: string | null): number | null {
    const thread = this.threads.get('t');
    const from = thread.firstUntaken(user);
    this.threads.enter(thread, user);
    this.threads.caughtUp(thread, user);
    return from;
  }

  leave(user: string): void {
    this.threads.leave(this.threads.get('t'), user);
  }

  outcomes(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.counts.all()).filter(([, n]) => n > 0));
  }

  reports(): number {
    return this.logger.with(CANNOT).length;
  }
}

describe('Messages that nobody but their author has', () => {
  it('stay held when the author comes back, and are reported when the grace is over', async () => {
    const rig = new Rig();
    rig.publish('ada', 'ada');
    await rig.clock.advance(GRACE_MS - 1);
    expect(rig.join('ada')).to.equal(null);
    expect(rig.threads.status()).to.include({ waiting: 1, undelivered: 0 });
    await rig.clock.advance(1);
    expect(rig.reports()).to.equal(1);
    expect(rig.outcomes()).to.deep.equal({ held: 2, undelivered: 2 });
    await settle();
    expect(rig.log.unwatched('t')).to.deep.include({
      state: 'undelivered',
      authors: [{ author: 'ada', from: 1, since: rig.clock.now() - GRACE_MS }]
    });
  });

  for (const reader of ['bob', null]) {
    it(`are delivered to ${reader ?? 'a backend'} while the author is there too`, async () => {
      const rig = new Rig();
      rig.publish('ada');
      await rig.clock.advance(GRACE_MS);
      rig.join('ada');
      expect(rig.join(reader)).to.equal(1);
      expect(rig.outcomes()).to.deep.equal({ held: 1, undelivered: 1, delivered: 1 });
      expect(rig.logger.with('Delivery resumed')).to.have.length(1);
      await settle();
      expect(rig.log.unwatched('t')).to.equal(null);
    });
  }

  it('wait for the rest of the grace when another reader leaves before having them', async () => {
    const rig = new Rig();
    rig.publish('ada');
    rig.join('ada');
    const thread = rig.threads.get('t');
    rig.threads.enter(thread, 'bob');
    await rig.clock.advance(3 * GRACE_MS);
    expect(rig.reports()).to.equal(0);
    rig.leave('bob');
    await rig.clock.advance(GRACE_MS);
    expect(rig.reports()).to.equal(1);
  });

  it('are each of its own author', async () => {
    const rig = new Rig();
    rig.publish('ada', 'bob', 'ada');
    expect(rig.join('ada')).to.equal(2);
    expect(rig.outcomes()).to.deep.equal({ held: 3, delivered: 1 });
    expect(rig.threads.get('t').held).to.include({ from: 1, messages: 2 });
    await rig.clock.advance(GRACE_MS);
    expect(rig.reports()).to.equal(1);
    expect(rig.join('bob')).to.equal(1);
    expect(rig.outcomes()).to.deep.equal({ held: 3, delivered: 3, undelivered: 2 });
  });

  it('are still so after a restart', async () => {
    const before = new Rig();
    before.publish('ada', 'bob');
    before.join('bob');
    await settle();
    const rig = before.restart();
    expect(rig.join('ada')).to.equal(2);
    await rig.clock.advance(GRACE_MS);
    const again = rig.restart();
    expect(again.threads.status()).to.include({ undelivered: 0 });
  });

  it('are delivered to whoever comes when a mark of an earlier version names no author', async () => {
    const before = new Rig();
    before.publish('ada');
    await settle();
    await before.log.setUnwatched('t', { from: 1, since: before.clock.now(), state: 'waiting' });
    const rig = before.restart();
    expect(rig.join('ada')).to.equal(1);
    expect(rig.threads.status()).to.include({ waiting: 0, undelivered: 0 });
  });

  it('are acked once a restart would know of their author', async () => {
    const rig = new Rig();
    const acked: string[] = [];
    for (const user of ['ada', 'ada', 'bob']) {
      const mid = `m${String(acked.length)}-${user}`;
      const entry = { mid, user, kind: 'user_message', bodyJson: '1', at: rig.clock.now() };
      rig.threads.publish(rig.threads.get('t'), entry, false, () => acked.push(user));
      if (user === 'ada' && acked.length === 0) await settle();
    }
    expect(acked).to.deep.equal(['ada', 'ada']);
    await settle();
    expect(acked).to.deep.equal(['ada', 'ada', 'bob']);
  });
});
