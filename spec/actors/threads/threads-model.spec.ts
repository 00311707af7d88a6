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

/** What the model knows of a thread. */
interface ThreadModel {
  published: number;
  subscribers: number;
  /** Of the subscribers, those that have not been given everything yet. */
  behind: number;
  held: null | {
    from: number;
    since: number;
    dueAt: number;
    state: 'waiting' | 'undelivered';
    messages: number;
  };
}

/** What must be true of a registry, said in the simplest way. */
class Model {
  now: number;
  readonly threads = new Map<Id, ThreadModel>();
  /** Messages sent and not durable yet. */
  pending: { id: Id; stored: boolean }[] = [];
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
      this.threads.set(id, { published: 0, subscribers: 0, behind: 0, held: null });
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
    for (const { id, stored } of this.pending) {
      const thread = this.of(id);
      thread.published += 1;
      if (thread.subscribers > 0) {
        this.fannedOut += 1;
        this.count('delivered');
      } else if (isTestThread(id)) {
        this.skips += 1;
        this.count('skipped_test_thread');
      } else if (stored) this.count('stored');
      else if (thread.held !== null) {
        thread.held.messages += 1;
        this.count(thread.held.state === 'waiting' ? 'held' : 'undelivered');
      } else {
        const { now } = this;
        const from = thread.published;
        const dueAt = this.graceEnd(now);
        thread.held = { from, since: now, dueAt, state: 'waiting', messages: 1 };
        this.count('held');
      }
    }
    this.pending = [];
  }

  flush(id: Id): void {
    const thread = this.of(id);
    if (thread.held === null) return;
    this.count('delivered', thread.held.messages);
    if (thread.held.state === 'undelivered') this.infos += 1;
    thread.held = null;
  }

  leave(id: Id): void {
    const thread = this.of(id);
    thread.subscribers -= 1;
    thread.behind = Math.min(thread.behind, thread.subscribers);
    if (thread.subscribers === 0 && thread.held !== null) {
      thread.held.dueAt = this.graceEnd(this.now);
    }
  }

  advance(ms: number): void {
    this.now += ms;
    for (const { held, subscribers } of this.threads.values()) {
      if (held?.state !== 'waiting' || subscribers > 0 || held.dueAt > this.now) continue;
      held.state = 'undelivered';
      this.errors += 1;
      this.count('undelivered', held.messages);
    }
  }

  restart(): void {
    this.counts = {};
    this.fannedOut = this.errors = this.infos = this.skips = 0;
    this.startupEndsAt = this.now + GRACE_MS;
    for (const thread of this.threads.values()) {
      thread.subscribers = 0;
      thread.behind = 0;
      if (thread.held === null) continue;
      thread.held.dueAt = this.graceEnd(thread.held.since);
      // How many they were is not kept over a restart: all since the first count.
      thread.held.messages = thread.published - thread.held.from + 1;
    }
  }

  heldIn(state: 'waiting' | 'undelivered'): number {
    return [...this.threads.values()].filter(({ held }) => held?.state === state).length;
  }
}

/** An event that makes a delivery actor crash in whatever state it is: its type cannot be read. */
const POISON: DeliveryEvent = {
  get type(): 'flush.done' {
    throw new Error('a fault in the chart');
  }
};

/** A registry over a log in memory, which outlives it. */
class Real {
  readonly log = new MemoryLog();
  readonly clock = new VirtualClock();
  logger = new RecordedLogger();
  counts = new DeliveryCounts();
  fannedOut = 0;
  threads: Threads;
  #mid = 0;
  /** Offsets, with their thread, that somebody was given, in the life of the log. */
  readonly taken = new Set<string>();
  /** Threads with undelivered messages, as the monitor is told. */
  readonly told = new Set<string>();
  /** Offsets that somebody must be given. */
  readonly owed: { id: Id; offset: number }[] = [];

  constructor() {
    this.log.isPrompt = false;
    this.threads = this.#open();
  }

  publish(id: Id, stored: boolean): void {
    this.#mid += 1;
    this.threads.publish(
      this.threads.get(id),
      {
        mid: `m${String(this.#mid)}`,
        user: 'ada',
        kind: 'user_message',
        bodyJson: '1',
        at: this.clock.now()
      },
      stored,
      (result) => {
        if (!result.ok) throw new Error('the log refused it');
        if (!stored && !isTestThread(id)) this.owed.push({ id, offset: result.offset });
      }
    );
  }

  /** A subscription reads what is held, to the newest message, and joins. */
  catchUp(id: Id): void {
    const thread = this.threads.get(id);
    const from = thread.held?.from ?? thread.published + 1;
    for (let offset = from; offset <= thread.published; offset += 1) {
      this.taken.add(`${id} ${String(offset)}`);
    }
    this.threads.caughtUp(thread);
  }

  restart(): void {
    this.threads.close();
    expect(this.clock.waiting).to.equal(0);
    this.logger = new RecordedLogger();
    this.counts = new DeliveryCounts();
    this.fannedOut = 0;
    this.told.clear();
    this.threads = this.#open();
  }

  #open(): Threads {
    const threads = new Threads({
      log: this.log,
      feed: this.log.feed,
      clock: this.clock,
      logger: this.logger,
      // A restart has new books, as it has a new logger.
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
          this.taken.add(`${thread} ${String(offset)}`);
        }
      },
      bus: new LocalBus({ tell: () => undefined, isReachable: () => false, fallback: () => 0 })
    });
    threads.open();
    return threads;
  }
}

/** Says that registry and model agree, and that no message is lost. */
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
    expect(mark?.from).to.equal(held?.from);
    expect(mark?.state).to.equal(held?.state);
  }
  for (const { id, offset } of real.owed) {
    const from = real.log.unwatched(id)?.from ?? Infinity;
    const isSafe = offset >= from || real.taken.has(`${id} ${String(offset)}`);
    expect(isSafe, `${id} ${String(offset)} is lost`).to.equal(true);
  }
}

type Command = fc.AsyncCommand<Model, Real>;

/** Makes a command that can run when `check` says so, and after which both must agree. */
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

const COMMANDS: fc.Arbitrary<Command>[] = [
  fc.tuple(id, fc.boolean()).map(([to, stored]) =>
    command(`publish ${to}${stored ? ' (stored)' : ''}`, (model, real) => {
      model.pending.push({ id: to, stored });
      real.publish(to, stored);
    })
  ),
  fc.constant(
    command('commit', (model, real) => {
      model.commit();
      real.log.commit();
    })
  ),
  fc.tuple(id, fc.boolean()).map(([to, isSlow]) =>
    command(`join ${to}${isSlow ? ' (slow)' : ''}`, (model, real) => {
      const thread = model.of(to);
      thread.subscribers += 1;
      if (isSlow) thread.behind += 1;
      else model.flush(to);
      real.threads.enter(real.threads.get(to), 'bob');
      if (!isSlow) real.catchUp(to);
    })
  ),
  id.map((to) =>
    command(
      `catch up ${to}`,
      (model, real) => {
        model.of(to).behind -= 1;
        model.flush(to);
        real.catchUp(to);
      },
      (model) => model.of(to).behind > 0
    )
  ),
  id.map((to) =>
    command(
      `leave ${to}`,
      (model, real) => {
        model.leave(to);
        real.threads.leave(real.threads.get(to), 'bob');
      },
      (model) => model.of(to).subscribers > 0
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
      // What is under way when the process ends well is still made durable, and held or given.
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
