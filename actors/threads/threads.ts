/**
 * The thread registry: active threads in a Map, activated by any event, passivated when idle, and what becomes of their
 * messages.
 */
import type { Actor, InspectionEvent } from 'xstate';
import type { deliveryMachine } from '../../machines/delivery/delivery.machine.js';
import { judgeUnwatched, type DeliveryOutcome } from '../../machines/delivery/delivery-outcome.js';
import { isTestThread } from '../../machines/delivery/test-thread.js';
import { ActiveThread } from './active-thread.js';
import type { Clock } from '../clock.js';
import { DeliveryActors, type WatchedThreads } from './delivery-actors.js';
import type { DeliveryCounts } from '../monitor/delivery-counts.js';
import { HeldMessages } from './held-messages.js';
import type { Incidents } from '../monitor/incidents.js';
import type { Logger } from '../log-line.js';
import type { DeliveryWatch } from '../monitor/monitor.js';
import type { Transitions } from '../facts/transitions.js';
import { Outcomes } from '../facts/outcomes.js';
import { Steps } from '../facts/steps.js';
import { Presence, PRESENCE_NAMES_MAX, type PresenceChange } from './presence.js';
import type { Fact } from '../facts/fact.js';
import type { AnalyticsFeed } from '../log/analytics-feed.js';
import type { LogEntry, LogReader, ThreadHead } from '../log/log-reader.js';
import type { AppendResult, LogWriter, NewEntry } from '../log/log-writer.js';
import type { ThreadRecords } from '../log/thread-records.js';

/** How long a thread stays in memory after its last use. */
export const PASSIVATE_AFTER_MS = 30_000;

/**
 * Threads above which one that nobody uses is let go of for each that comes, whatever its age: about 10 MB. What it
 * costs a thread that comes back is one read of the log, some 10 µs.
 */
export const ACTIVE_MAX = 16_384;

/** How long joins and leaves are gathered before they are told in one frame. */
export const PRESENCE_GATHER_MS = 50;

/** The same for threads above the size at which only a number is told: less often, since each goes to all. */
export const PRESENCE_GATHER_LARGE_MS = 1_000;

/** Messages, and characters of them, read at once when a thread is brought up to what the log has. */
const RESYNC_PAGE = 128;
const RESYNC_PAGE_CHARS = 262_144;

/** Where messages go. None of these throws. */
export interface Audience {
  /** Gives a frame to every live subscription of a thread. */
  fanOut(thread: string, frame: string): void;
  /** Says whether a user has a connection that would take a frame. */
  isReachable(user: string): boolean;
  /** Gives a message to the user's connections, marked as a fallback; answers how many took it. */
  fallback(user: string, frame: string): number;
  /** Tells a thread's subscribers who came and went. */
  presence(thread: string, change: PresenceChange): void;
}

/** What the registry is made of. */
export interface ThreadsOptions {
  readonly log: LogReader & LogWriter & ThreadRecords;
  /** Keeps the facts of what becomes of messages. */
  readonly feed: Pick<AnalyticsFeed, 'record'>;
  readonly audience: Audience;
  readonly counts: DeliveryCounts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly incidents: Incidents;
  /** Hears which real threads hold undelivered messages. */
  readonly monitor: DeliveryWatch;
  readonly testThreadPrefixes: readonly string[];
  /** How long a message may wait for a subscriber, in milliseconds. */
  readonly graceMs: number;
  /** Hears where the delivery actors of real threads go. */
  readonly transitions: Transitions;
  /** Milliseconds, and parts of them, of a clock that only goes forward: times deliveries. */
  readonly stopwatch: () => number;
}

/** A message that has been stored, for whoever looks at its thread. */
export interface SeenMessage {
  readonly thread: ActiveThread;
  readonly entry: NewEntry;
  readonly offset: number;
  readonly outcome: DeliveryOutcome;
}

/** Numbers for `/status`. */
export interface ThreadsStatus {
  readonly active: number;
  readonly test: number;
  readonly waiting: number;
  readonly undelivered: number;
}

/** The active threads and what becomes of their messages. */
export class Threads {
  /** Hears of every stored message while somebody looks at its thread; must not throw. Null costs nothing. */
  onMessage: ((message: SeenMessage) => void) | null = null;
  private readonly options: ThreadsOptions;
  /** What users did with messages. */
  readonly steps: Steps;
  private readonly active = new Map<string, ActiveThread>();
  private readonly outcomes: Outcomes;
  private readonly held: HeldMessages;
  private readonly actors: DeliveryActors;
  private isClosed = false;
  private appending = 0;
  private onSettled: () => void = () => undefined;

  constructor(options: ThreadsOptions) {
    this.options = options;
    const { counts, clock, feed } = options;
    const record = (fact: Fact): void => {
      feed.record(fact);
    };
    this.outcomes = new Outcomes({ counts, clock, record });
    this.steps = new Steps({ clock, record });
    this.held = new HeldMessages(options, this.outcomes);
    this.actors = new DeliveryActors(options, this.held);
  }

  /** Takes up what was held when the last process ended; the startup grace runs from here. */
  open(): void {
    const isReal = (thread: string) => !this.isTest(thread);
    for (const thread of this.held.open(isReal)) this.get(thread);
  }

  /** The subscribers are being sent away, for so long: that nobody is there is no incident until then. */
  drain(forMs: number): void {
    this.held.extendGrace(this.options.clock.now() + forMs);
  }

  /** Delivery actors that crashed and were replaced. */
  get crashes(): number {
    return this.actors.crashes;
  }

  /** Threads with an open incident. */
  get undeliveredThreads(): number {
    return this.held.undelivered;
  }

  /** Numbers of active, test, waiting and undelivered threads. */
  status(): ThreadsStatus {
    const { waiting, undelivered } = this.held;
    let test = 0;
    for (const thread of this.active.values()) if (thread.isTestThread) test++;
    return { active: this.active.size, test, waiting, undelivered };
  }

  /** Says whether an id is that of a test thread, by the configured prefixes. */
  isTest(thread: string): boolean {
    return isTestThread(thread, this.options.testThreadPrefixes);
  }

  /** The record of a thread that is active; null when it is not, which this does not change. */
  peek(id: string): ActiveThread | null {
    return this.active.get(id) ?? null;
  }

  /** The threads in use. */
  all(): Iterable<ActiveThread> {
    return this.active.values();
  }

  /** Lets an observer, which must not throw, hear of the delivery actors of some threads; answers how to end that. */
  observe(observer: (event: InspectionEvent) => void, which: WatchedThreads): () => void {
    return this.actors.observe(observer, which);
  }

  /** The delivery actor of a thread; null while it needs none. */
  actorOf(thread: string): Actor<typeof deliveryMachine> | null {
    return this.peek(thread)?.actor ?? null;
  }

  /** The record of a thread, made active if it was not. */
  get(id: string): ActiveThread {
    const { log, clock } = this.options;
    const now = clock.now();
    const known = this.active.get(id);
    if (known !== undefined) {
      known.usedAt = now;
      return known;
    }
    const head = log.head(id) ?? log.ensure(id);
    const thread = new ActiveThread(id, this.isTest(id), head.epoch, head.last, now);
    // The prefixes may have changed since: a test thread holds nothing.
    if (!thread.isTestThread) this.held.restore(thread);
    if (this.active.size >= ACTIVE_MAX) this.makeRoom();
    this.active.set(id, thread);
    if (thread.held !== null) this.actors.spawn(thread);
    return thread;
  }

  /** Counts a subscription in; `user` becomes present, with null nobody does. */
  enter(thread: ActiveThread, user: string | null): void {
    thread.subscribers++;
    if (user !== null) {
      thread.presence ??= new Presence();
      if (thread.presence.enter(user)) this.presenceDue(thread);
    }
    if (thread.subscribers === 1) this.actors.tell(thread, { type: 'subscriber.first' });
  }

  /** Counts a subscription out; with the user's last one the user is no longer present. */
  leave(thread: ActiveThread, user: string | null): void {
    thread.subscribers--;
    const now = this.options.clock.now();
    thread.usedAt = now;
    if (user !== null && thread.presence?.leave(user) === true) this.presenceDue(thread);
    if (thread.subscribers === 0) {
      const dueAt = this.held.graceEnd(now);
      if (thread.held !== null) thread.held.dueAt = dueAt;
      this.actors.tell(thread, { type: 'subscriber.none', graceMs: dueAt - now });
    }
  }

  /** Says that a subscription has been given everything up to now: what was held has reached somebody. */
  caughtUp(thread: ActiveThread): void {
    if (thread.held !== null) this.actors.tell(thread, { type: 'flush.done' });
  }

  /**
   * Appends a message and sees to its delivery. `done` is called once, before any subscriber is given the message, with
   * what the log answered; its outcome is counted.
   */
  publish(
    thread: ActiveThread,
    entry: NewEntry,
    expectStored: boolean,
    done: (result: AppendResult) => void
  ): void {
    thread.pending++;
    this.appending++;
    const { stopwatch } = this.options;
    const receivedMs = stopwatch();
    this.options.log.append(thread.id, entry, (result) => {
      const appendedMs = stopwatch() - receivedMs;
      thread.pending--;
      this.appending--;
      thread.usedAt = entry.at;
      if (result.ok && !result.duplicate) {
        if (result.offset > thread.published + 1) this.fanOutUpTo(thread, result.offset - 1);
        thread.published = result.offset;
        if (thread.subscribers > 0) {
          done(result);
          this.options.audience.fanOut(thread.id, result.frame);
          this.tellOutcome(thread, result.offset, 'delivered', receivedMs, appendedMs);
          this.onMessage?.({ thread, entry, offset: result.offset, outcome: 'delivered' });
        } else {
          const { outcome, marked } = this.judge(
            thread,
            result.offset,
            result.frame,
            entry,
            expectStored
          );
          this.tellOutcome(thread, result.offset, outcome, receivedMs, appendedMs);
          this.onMessage?.({ thread, entry, offset: result.offset, outcome });
          if (marked === null) done(result);
          // The ack waits until a restart would know that nobody has taken the message.
          else
            void marked.then(() => {
              done(result);
              this.steps.acked(thread, result.offset, entry.user);
            });
        }
      } else {
        if (!result.ok) this.outcomes.refused();
        done(result);
      }
      if (this.appending === 0) this.onSettled();
    });
  }

  /** Resolves when no append is under way: what they leave held has been given to the log to mark. */
  async settled(): Promise<void> {
    if (this.appending === 0) return;
    await new Promise<void>((resolve) => {
      this.onSettled = resolve;
    });
  }

  /** Counts a message that was turned away before it came to the log. */
  refused(): void {
    this.outcomes.refused();
  }

  /**
   * Gives out what the log kept although it had been answered `unavailable`: a disk that fails at the very point of a
   * commit may have kept it. Called when the log takes messages again.
   */
  resync(): void {
    for (const thread of this.active.values()) {
      this.fanOutUpTo(thread, this.headOf(thread)?.last ?? 0);
    }
  }

  /** Lets go of threads that nobody uses; called every few seconds. */
  sweep(): void {
    const before = this.options.clock.now() - PASSIVATE_AFTER_MS;
    for (const thread of this.active.values()) {
      this.held.markAgain(thread);
      if (thread.actor === null && thread.held !== null) this.actors.spawn(thread);
      if (thread.usedAt > before) continue;
      if (thread.isPassive) this.letGo(thread);
      else if (thread.held === null) this.actors.stop(thread);
    }
  }

  /** Stops every delivery actor and every timer; what is held, also from now on, stays marked in the log. */
  close(): void {
    this.isClosed = true;
    this.actors.close();
    for (const thread of this.active.values()) {
      if (thread.presenceTimer !== null) this.options.clock.clearTimeout(thread.presenceTimer);
    }
    this.active.clear();
  }

  /** Lets go of threads long active, two for each that comes: those in use, and the newest, are passed over. */
  private makeRoom(): void {
    let looked = 0;
    for (const thread of this.active.values()) {
      if (looked++ === 2) return;
      if (thread.isPassive) {
        this.letGo(thread);
      } else {
        // To the end of the line, so that the next look meets others.
        this.active.delete(thread.id);
        this.active.set(thread.id, thread);
      }
    }
  }

  private letGo(thread: ActiveThread): void {
    this.actors.stop(thread);
    this.active.delete(thread.id);
  }

  private fanOutUpTo(thread: ActiveThread, last: number): void {
    const { log, audience } = this.options;
    while (thread.published < last) {
      let page: LogEntry[];
      try {
        page = log.read(thread.id, thread.published, RESYNC_PAGE, RESYNC_PAGE_CHARS);
      } catch {
        // The log fails again: its own incident says so, and the next resync tries once more.
        return;
      }
      if (page.length === 0) return;
      for (const { offset, frame } of page) {
        if (offset > last) return;
        thread.published = offset;
        if (thread.subscribers > 0) audience.fanOut(thread.id, frame);
      }
    }
  }

  /** What becomes of a message that nobody is subscribed to receive; `marked` when it is the first that is held. */
  private judge(
    thread: ActiveThread,
    offset: number,
    frame: string,
    { user: author }: NewEntry,
    expectStored: boolean
  ): { outcome: DeliveryOutcome; marked: Promise<void> | null } {
    const { audience, logger } = this.options;
    const owner = this.headOf(thread)?.owner ?? null;
    const reachableOwner =
      owner !== null && owner !== author && audience.isReachable(owner) ? owner : null;
    const outcome = judgeUnwatched({
      isTestThread: thread.isTestThread,
      expectStored,
      isOwnerConnected: reachableOwner !== null
    });
    if (outcome === 'skipped_test_thread' && logger.isDebug) {
      logger.debug(`Skipping message delivery for test thread: ${thread.id}`, {
        actor: 'delivery',
        thread: thread.id
      });
    }
    // A connection may refuse it after all: then nobody has it, and it is held.
    const isRefused =
      outcome === 'delivered_to_user' &&
      reachableOwner !== null &&
      audience.fallback(reachableOwner, frame) === 0;
    if (outcome !== 'held' && !isRefused) return { outcome, marked: null };
    if (thread.held !== null) {
      thread.held.messages++;
      const isLate = thread.held.state === 'undelivered';
      return { outcome: isLate ? 'undelivered' : 'held', marked: null };
    }
    // The record first: should the actor crash over the news, the next one goes on from it.
    const { held, marked } = this.held.hold(thread, offset);
    this.actors.tell(thread, {
      type: 'message.unwatched',
      expectStored,
      isOwnerConnected: false,
      graceMs: held.dueAt - held.since
    });
    return { outcome: 'held', marked };
  }

  private tellOutcome(
    thread: ActiveThread,
    offset: number,
    outcome: DeliveryOutcome,
    receivedMs: number,
    appendedMs: number
  ): void {
    const tookMs = this.options.stopwatch() - receivedMs;
    this.outcomes.message(thread, offset, outcome, tookMs, appendedMs);
  }

  /** The head of a thread; null also while the log cannot be read. */
  private headOf(thread: ActiveThread): ThreadHead | null {
    try {
      return this.options.log.head(thread.id);
    } catch {
      return null;
    }
  }

  private presenceDue(thread: ActiveThread): void {
    if (thread.presenceTimer !== null || this.isClosed) return;
    const isLarge = (thread.presence?.count ?? 0) > PRESENCE_NAMES_MAX;
    thread.presenceTimer = this.options.clock.setTimeout(
      () => {
        thread.presenceTimer = null;
        const change = thread.presence?.take() ?? null;
        if (change !== null) this.options.audience.presence(thread.id, change);
      },
      isLarge ? PRESENCE_GATHER_LARGE_MS : PRESENCE_GATHER_MS
    );
  }
}
