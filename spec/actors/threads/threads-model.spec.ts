import { expect } from 'chai';
import fc from 'fast-check';
import { LocalBus } from '../../../actors/bus/local-bus.js';
import { DeliveryCounts } from '../../../actors/monitor/delivery-counts.js';
import { PASSIVATE_AFTER_MS } from '../../../actors/threads/active-threads.js';
import { Threads } from '../../../actors/threads/threads.js';
import type { DeliveryEvent } from '../../../machines/delivery/delivery.machine.js';
import { isTestThread, TEST_THREAD_PREFIXES } from '../../../machines/delivery/test-thread.js';
import { settle, VirtualClock } from '../../virtual-clock.js';
import { MemoryLog } from '../log/memory-log.js';
import { Incidents } from '../../../actors/monitor/incidents.js';
import { Transitions } from '../../../actors/facts/transitions.js';
import { RecordedLogger } from '../recorded-logger.js';

const GRACE_MS = 10_000;
const IDS = ['t1', 't2', 'test_1'] as const;
type Id = (typeof IDS)[number];

const USERS = ['ada', 'bob'] as const;
type User = (typeof USERS)[number];

/** A subscription of the model. */
interface Subscriber {
  readonly user: User;
  /** Whether it still lacks messages. */
  isBehind: boolean;
}

/** A thread of the model. */
interface ThreadModel {
  published: number;
  subscribers: Subscriber[];
  held: null | {
    dueAt: number;
    state: 'waiting' | 'undelivered';
    /** Held messages of each author. */
    by: Map<User, { from: number; since: number; messages: number }>;
  };
}

/** The expected behaviour of a registry, in its simplest form. */
class Model {
  now: number;
  readonly threads = new Map<Id, ThreadModel>();
  /** Messages that were sent and are not durable. */
  pending: { id: Id; user: User; stored: boolean }[] = [];
  counts: Record<string, number> = {};
  fannedOut = 0;
  errors = 0;
  infos = 0;
  skips = 0;
  startupEndsAt: number;

  constructor(now: number) {
    this.now = now;
    this.startupEndsAt = now + GRACE_MS;
    for (const id of IDS) {
      this.threads.set(id, { published: 0, subscribers: [], held: null });
    }
  }

  of(id: Id): ThreadModel {
    const thread = this.threads.get(id);
    if (thread === undefined) throw new Error(`no thread ${id}`);
    return thread;
  }

  graceEnd(since: number): number {
    return Math.max(since + GRACE_MS, this.startupEndsAt);
  }

  count(outcome: string, messages = 1): void {
    this.counts[outcome] = (this.counts[outcome] ?? 0) + messages;
  }

  commit(): void {
    for (const { id, user, stored } of this.pending) {
      const thread = this.of(id);
      thread.published += 1;
      if (thread.subscribers.length > 0) {
        this.fannedOut += 1;
        this.count('delivered');
      } else if (isTestThread(id)) {
        this.skips += 1;
        this.count('skipped_test_thread');
      } else if (stored) this.count('stored');
      else {
        const { now } = this;
        thread.held ??= { dueAt: this.graceEnd(now), state: 'waiting', by: new Map() };
        const own = thread.held.by.get(user);
        if (own === undefined) {
          thread.held.by.set(user, { from: thread.published, since: now, messages: 1 });
        } else own.messages += 1;
        this.count(thread.held.state === 'waiting' ? 'held' : 'undelivered');
      }
    }
    this.pending = [];
  }

  /** Notes that a user got everything: only its own messages stay held. */
  flush(id: Id, user: User): void {
    const thread = this.of(id);
    const { held } = thread;
    if (held === null) return;
    const couldBeTaken = this.isTaken(thread);
    for (const [author, { messages }] of held.by) {
      if (author === user) continue;
      this.count('delivered', messages);
      held.by.delete(author);
    }
    if (held.by.size === 0) {
      if (held.state === 'undelivered') this.infos += 1;
      thread.held = null;
    } else if (couldBeTaken && !this.isTaken(thread)) held.dueAt = this.graceEnd(this.now);
  }

  leave(id: Id): void {
    const thread = this.of(id);
    const couldBeTaken = this.isTaken(thread);
    thread.subscribers.shift();
    if (thread.held !== null && couldBeTaken && !this.isTaken(thread)) {
      thread.held.dueAt = this.graceEnd(this.now);
    }
  }

  /** Whether a subscriber is not the author of all held messages. */
  isTaken({ subscribers, held }: ThreadModel): boolean {
    const authors = [...(held?.by.keys() ?? [])];
    return subscribers.some(({ user }) => authors.some((author) => author !== user));
  }

  advance(ms: number): void {
    this.now += ms;
    for (const thread of this.threads.values()) {
      const { held } = thread;
      if (held?.state !== 'waiting' || this.isTaken(thread) || held.dueAt > this.now) continue;
      held.state = 'undelivered';
      this.errors += 1;
      for (const { messages } of held.by.values()) this.count('undelivered', messages);
    }
  }

  restart(): void {
    this.counts = {};
    this.fannedOut = this.errors = this.infos = this.skips = 0;
    this.startupEndsAt = this.now + GRACE_MS;
    for (const thread of this.threads.values()) {
      thread.subscribers = [];
      if (thread.held === null) continue;
      // A restart loses the counts. Then all messages from an author's first one up to the next author's first one
      // count for it.
      const spans = [...thread.held.by.values()].sort((one, other) => one.from - other.from);
      thread.held.dueAt = this.graceEnd(Math.min(...spans.map(({ since }) => since)));
      spans.forEach((span, n) => {
        span.messages = (spans[n + 1]?.from ?? thread.published + 1) - span.from;
      });
    }
  }

  heldIn(state: 'waiting' | 'undelivered'): number {
    return [...this.threads.values()].filter(({ held }) => held?.state === state).length;
  }
}

/** An event that makes a delivery actor crash in every state: reading its type throws. */
const POISON: DeliveryEvent = {
  get type(): 'flush.done' {
    throw new Error('a fault in the chart');
  }
};

/** A registry over a log in memory. The log survives the registry. */
class Real {
  readonly log = new MemoryLog();
  readonly clock = new VirtualClock();
  logger = new RecordedLogger();
  counts = new DeliveryCounts();
  fannedOut = 0;
  threads: Threads;
  #mid = 0;
  /** All offsets that were delivered since the log began, with their thread and reader. */
  readonly taken = new Set<string>();
  /** Threads with undelivered messages, as reported to the monitor. */
  readonly told = new Set<string>();
  /** Offsets that must be delivered. */
  readonly owed: { id: Id; user: User; offset: number }[] = [];
  /** Subscriptions, the oldest first. */
  readonly subscribed = new Map<Id, User[]>();

  constructor() {
    this.log.isPrompt = false;
    this.threads = this.#open();
  }

  publish(id: Id, user: User, stored: boolean): void {
    this.#mid += 1;
    this.threads.publish(
      this.threads.get(id),
      {
        mid: `m${String(this.#mid)}`,
        user,
        kind: 'user_message',
        bodyJson: '1',
        at: this.clock.now()
      },
      stored,
      (result) => {
        if (!result.ok) throw new Error('the log refused it');
        if (!stored && !isTestThread(id)) this.owed.push({ id, user, offset: result.offset });
      }
    );
  }

  /** Lets a subscription read the held messages up to the newest, and join. */
  catchUp(id: Id, user: User): void {
    const thread = this.threads.get(id);
    const from = thread.firstUntaken(user) ?? thread.published + 1;
    for (let offset = from; offset <= thread.published; offset += 1) {
      this.taken.add(`${id} ${String(offset)} ${user}`);
    }
    this.threads.caughtUp(thread, user);
  }

  join(id: Id, user: User): void {
    this.subscribed.set(id, [...(this.subscribed.get(id) ?? []), user]);
    this.threads.enter(this.threads.get(id), user);
  }

  leave(id: Id): void {
    const [user = 'ada', ...others] = this.subscribed.get(id) ?? [];
    this.subscribed.set(id, others);
    this.threads.leave(this.threads.get(id), user);
  }

  restart(): void {
    this.threads.close();
    expect(this.clock.waiting).to.equal(0);
    this.logger = new RecordedLogger();
    this.counts = new DeliveryCounts();
    this.fannedOut = 0;
    this.subscribed.clear();
    this.told.clear();
    this.threads = this.#open();
  }

  #open(): Threads {
    const threads = new Threads({
      log: this.log,
      feed: this.log.feed,
      clock: this.clock,
      logger: this.logger,
      // A restart begins with empty incidents and a new logger.
      incidents: new Incidents({ clock: this.clock, logger: this.logger }),
      transitions: new Transitions({
        clock: this.clock,
        record: () => (fact) => this.log.feed.record(fact)
      }),
      monitor: {
        undelivered: (thread) => {
          if (this.told.has(thread)) throw new Error(`${thread} was told twice`);
          this.told.add(thread);
        },
        delivered: (thread) => {
          if (!this.told.delete(thread)) throw new Error(`${thread} was not told`);
        },
        watched: () => undefined
      },
      stopwatch: () => this.clock.now(),
      counts: this.counts,
      testThreadPrefixes: TEST_THREAD_PREFIXES,
      graceMs: GRACE_MS,
      audience: {
        fanOut: ({ id: thread }, { offset }) => {
          this.fannedOut += 1;
          this.taken.add(`${thread} ${String(offset)} live`);
        }
      },
      bus: new LocalBus({
        tell: () => undefined,
        isReachable: () => false,
        fallback: () => 0,
        cut: () => undefined,
        kick: () => 0
      })
    });
    threads.open();
    return threads;
  }
}

/** Asserts that registry and model agree and that no message is lost. */
function agree(model: Model, real: Real): void {
  const { waiting, undelivered } = real.threads.status();
  expect({ waiting, undelivered }).to.deep.equal({
    waiting: model.heldIn('waiting'),
    undelivered: model.heldIn('undelivered')
  });
  const lost = IDS.filter((each) => model.threads.get(each)?.held?.state === 'undelivered');
  expect([...real.told].sort()).to.deep.equal(lost.sort());
  const counted = Object.entries(real.counts.all()).filter(([, n]) => n > 0);
  expect(Object.fromEntries(counted)).to.deep.equal(model.counts);
  expect(real.fannedOut).to.equal(model.fannedOut);
  expect(real.logger.with('Cannot deliver message')).to.have.length(model.errors);
  expect(real.logger.with('Delivery resumed')).to.have.length(model.infos);
  expect(real.logger.with('Skipping message delivery')).to.have.length(model.skips);
  // All crashes are one incident.
  const incidents = Math.min(1, real.threads.crashes);
  expect(real.logger.with('crashed')).to.have.length(incidents);
  const lines = model.errors + model.infos + model.skips + incidents;
  expect(real.logger.lines).to.have.length(lines);
  for (const [id, { held }] of model.threads) {
    const mark = real.log.unwatched(id);
    const by = held === null ? [] : [...held.by].map(([author, { from }]) => ({ author, from }));
    const marked = mark?.authors?.map(({ author, from }) => ({ author, from })) ?? [];
    expect(marked).to.have.deep.members(by);
    expect(mark?.from).to.equal(
      by.length === 0 ? undefined : Math.min(...by.map(({ from }) => from))
    );
    expect(mark?.state).to.equal(held?.state);
  }
  for (const { id, user, offset } of real.owed) {
    const authors = real.log.unwatched(id)?.authors ?? [];
    const from = authors.find(({ author }) => author === user)?.from ?? Infinity;
    const takers = ['live', ...USERS.filter((other) => other !== user)];
    const isSafe =
      offset >= from || takers.some((by) => real.taken.has(`${id} ${String(offset)} ${by}`));
    expect(isSafe, `${id} ${String(offset)} is lost`).to.equal(true);
  }
}

type Command = fc.AsyncCommand<Model, Real>;

/** Makes a command that runs when `check` allows it; registry and model must agree after it. */
function command(
  name: string,
  run: (model: Model, real: Real) => void | Promise<void>,
  check: (model: Readonly<Model>) => boolean = () => true
): Command {
  return {
    check,
    run: async (model, real) => {
      await run(model, real);
      await settle();
      agree(model, real);
    },
    toString: () => name
  };
}

const id = fc.constantFrom(...IDS);
const user = fc.constantFrom(...USERS);

const COMMANDS: fc.Arbitrary<Command>[] = [
  fc.tuple(id, user, fc.boolean()).map(([to, by, stored]) =>
    command(`publish ${to} ${by}${stored ? ' (stored)' : ''}`, (model, real) => {
      model.pending.push({ id: to, user: by, stored });
      real.publish(to, by, stored);
    })
  ),
  fc.constant(
    command('commit', (model, real) => {
      model.commit();
      real.log.commit();
    })
  ),
  fc.tuple(id, user, fc.boolean()).map(([to, who, isSlow]) =>
    command(`join ${to} ${who}${isSlow ? ' (slow)' : ''}`, (model, real) => {
      model.of(to).subscribers.push({ user: who, isBehind: isSlow });
      if (!isSlow) model.flush(to, who);
      real.join(to, who);
      if (!isSlow) real.catchUp(to, who);
    })
  ),
  id.map((to) =>
    command(
      `catch up ${to}`,
      (model, real) => {
        const late = model.of(to).subscribers.find(({ isBehind }) => isBehind);
        if (late === undefined) throw new Error('nobody is behind');
        late.isBehind = false;
        model.flush(to, late.user);
        real.catchUp(to, late.user);
      },
      (model) => model.of(to).subscribers.some(({ isBehind }) => isBehind)
    )
  ),
  id.map((to) =>
    command(
      `leave ${to}`,
      (model, real) => {
        model.leave(to);
        real.leave(to);
      },
      (model) => model.of(to).subscribers.length > 0
    )
  ),
  fc.constantFrom(1, GRACE_MS / 2, GRACE_MS - 1, GRACE_MS, PASSIVATE_AFTER_MS).map((ms) =>
    command(`advance ${String(ms)}`, async (model, real) => {
      model.advance(ms);
      await real.clock.advance(ms);
    })
  ),
  id.map((to) =>
    command(`crash ${to}`, (_, real) => {
      real.threads.get(to).actor?.send(POISON);
    })
  ),
  fc.constant(
    command('sweep', (_, real) => {
      real.threads.sweep();
    })
  ),
  fc.constant(
    command('restart', (model, real) => {
      // A process that ends in order makes pending messages durable, and holds or delivers them.
      model.commit();
      real.log.commit();
      model.restart();
      real.restart();
    })
  )
];

describe('Threads in any order of events', () => {
  it('lose no message, open no incident early, and count right', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.commands(COMMANDS, { maxCommands: 40, size: 'max' }),
        async (commands) => {
          const real = new Real();
          const setup = () => ({ model: new Model(real.clock.now()), real });
          await fc.asyncModelRun(setup, commands);
          real.threads.close();
          expect(real.clock.waiting).to.equal(0);
        }
      ),
      { numRuns: 300 }
    );
  });
});
