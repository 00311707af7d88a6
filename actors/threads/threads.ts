/** The threads of a server: subscriptions, publishing and numbers. The files beside this one do the work. */
import type { Actor, InspectionEvent } from 'xstate';
import type { deliveryMachine } from '../../machines/delivery/delivery.machine.js';
import { awakeTimers } from '../awake-timers.js';
import type { Elsewhere, ElsewhereNews } from '../bus/elsewhere.js';
import type { Clock } from '../clock.js';
import type { Fact } from '../facts/fact.js';
import { Outcomes } from '../facts/outcomes.js';
import { Steps } from '../facts/steps.js';
import type { Transitions } from '../facts/transitions.js';
import type { AnalyticsFeed } from '../log/analytics-feed.js';
import type { AppendResult, NewEntry } from '../log/log-writer.js';
import type { ThreadRecords } from '../log/thread-records.js';
import type { DeliveryCounts } from '../monitor/delivery-counts.js';
import type { DeliveryWatch } from '../monitor/monitor.js';
import type { ActiveThread } from './active-thread.js';
import { ActiveThreads } from './active-threads.js';
import { Deliveries, type DeliveriesOptions, type SeenMessage } from './deliveries.js';
import { DeliveryActors, type WatchedThreads } from './delivery-actors.js';
import type { Held } from './held.js';
import { HeldMessages } from './held-messages.js';
import { PresenceNews } from './presence-news.js';
import { SignalNews } from './signal-news.js';
import type { Signal } from './signals.js';

/** Options of {@link Threads}. */
export interface ThreadsOptions extends DeliveriesOptions {
  readonly log: DeliveriesOptions['log'] & ThreadRecords;
  /** Records facts about what became of messages. */
  readonly feed: Pick<AnalyticsFeed, 'record'>;
  readonly counts: DeliveryCounts;
  readonly clock: Clock;
  /** Gets the real threads with undelivered messages. */
  readonly monitor: DeliveryWatch;
  readonly testThreadPrefixes: readonly string[];
  /** How long a message may wait for a subscriber, in milliseconds. */
  readonly graceMs: number;
  /** Told when nobody got the messages of a thread within the grace. Default: nobody is. */
  readonly onUndelivered?: (
    thread: string,
    held: { readonly from: number; readonly messages: number }
  ) => void;
  /** Records the states of the delivery actors of real threads. */
  readonly transitions: Transitions;
  /** The other nodes; null or absent on a single node. */
  readonly elsewhere?: Elsewhere | null;
}

/** Numbers for `/status`. */
export interface ThreadsStatus {
  readonly active: number;
  readonly test: number;
  readonly waiting: number;
  readonly undelivered: number;
}

/** The threads of one server. */
export class Threads {
  /** Records what users did with messages. */
  readonly steps: Steps;
  private readonly options: ThreadsOptions;
  private readonly outcomes: Outcomes;
  private readonly held: HeldMessages;
  private readonly actors: DeliveryActors;
  private readonly active: ActiveThreads;
  private readonly presence: PresenceNews;
  private readonly signals: SignalNews;
  private readonly deliveries: Deliveries;
  private readonly elsewhere: Elsewhere | null;
  private readonly stopListening: () => void;

  constructor(options: ThreadsOptions) {
    this.options = options;
    const { counts, clock, feed, elsewhere = null } = options;
    this.elsewhere = elsewhere;
    const record = (fact: Fact): void => {
      feed.record(fact);
    };
    this.outcomes = new Outcomes({ counts, clock, record });
    this.steps = new Steps({ clock, record });
    const ours = { ...options, clock: awakeTimers(clock) };
    this.held = new HeldMessages(ours, this.outcomes);
    const onGiven = (thread: ActiveThread, user: string | null): void => {
      this.taken(thread, user);
    };
    this.actors = new DeliveryActors({ ...ours, elsewhere, onGiven }, this.held);
    const onLoaded = (thread: ActiveThread): void => {
      if (elsewhere === null) return;
      thread.elsewhere = elsewhere;
      this.presence.restore(thread, elsewhere.people(thread.id));
    };
    this.active = new ActiveThreads({ ...options, onLoaded }, this.held, this.actors);
    this.presence = new PresenceNews(options);
    this.signals = new SignalNews(options);
    this.deliveries = new Deliveries(options, {
      threads: this.active,
      held: this.held,
      actors: this.actors,
      outcomes: this.outcomes,
      steps: this.steps
    });
    const stopAdopting = elsewhere?.onOrphans(() => {
      this.adopt();
    });
    const stopHearing = elsewhere?.listen((news) => {
      this.elsewhereChanged(news);
    });
    this.stopListening = () => {
      stopAdopting?.();
      stopHearing?.();
    };
  }

  /** Restores what was held when the last process ended, and starts the startup grace. */
  open(): void {
    const isReal = (thread: string) => !this.isTest(thread);
    for (const thread of this.held.open(isReal)) this.get(thread);
  }

  /** Takes over what nodes that are gone have held, when it falls to this one. */
  private adopt(): void {
    const isReal = (thread: string): boolean => !this.isTest(thread);
    const load = (thread: string, mustLoad: boolean): ActiveThread | null =>
      mustLoad ? this.get(thread) : this.peek(thread);
    for (const thread of this.held.adopt(isReal, load)) this.actors.spawn(thread);
  }

  /** Somebody has come to a thread on another node, or has left it there. */
  private elsewhereChanged({ thread: id, user, isThere }: ElsewhereNews): void {
    // An incident of a thread that is not in memory ends, too, when somebody comes.
    const mayHold = isThere && this.held.undelivered > 0 && this.held.isMarked(id);
    const thread = mayHold ? this.get(id) : this.peek(id);
    if (thread === null) return;
    if (user !== null) this.presence.elsewhere(thread, user, isThere);
    this.actors.review(thread);
  }

  /** Starts the drain, which lasts `forMs` milliseconds: until its end, missing subscribers cause no incident. */
  drain(forMs: number): void {
    this.held.extendGrace(forMs);
  }

  /** The counters of the message path. */
  get counts(): DeliveryCounts {
    return this.options.counts;
  }

  /** Number of delivery actors that crashed and were replaced. */
  get crashes(): number {
    return this.actors.crashes;
  }

  /** Number of threads with an open incident. */
  get undeliveredThreads(): number {
    return this.held.undelivered;
  }

  /** Returns the numbers of active, test, waiting and undelivered threads. */
  status(): ThreadsStatus {
    const { waiting, undelivered } = this.held;
    let test = 0;
    for (const thread of this.active.all()) if (thread.isTestThread) test++;
    return { active: this.active.size, test, waiting, undelivered };
  }

  /** Returns the mid of the newest message that a thread holds for its next subscriber; null when there is none. */
  newestHeld(thread: string): string | null {
    return this.held.newestMid(thread, this.peek(thread));
  }

  /** Returns the time of the wall clock, in Unix milliseconds, at which the grace of held messages ends: to show it. */
  graceEndOf(held: Held): number {
    return this.held.endOf(held);
  }

  /** Returns whether an id is that of a test thread, by the configured prefixes. */
  isTest(thread: string): boolean {
    return this.active.isTest(thread);
  }

  /** Returns a thread that is in memory; null when it is not, and then it is not loaded. */
  peek(id: string): ActiveThread | null {
    return this.active.peek(id);
  }

  /** Returns the threads in memory. */
  all(): Iterable<ActiveThread> {
    return this.active.all();
  }

  /** Returns a thread, loaded into memory when it was not there. */
  get(id: string): ActiveThread {
    return this.active.get(id);
  }

  /** Shows the delivery actors of some threads to an observer, which must not throw. Returns a function that ends it. */
  observe(observer: (event: InspectionEvent) => void, which: WatchedThreads): () => void {
    return this.actors.observe(observer, which);
  }

  /** Returns the delivery actor of a thread; null while it has none. */
  actorOf(thread: string): Actor<typeof deliveryMachine> | null {
    return this.peek(thread)?.actor ?? null;
  }

  /**
   * Adds a listener for messages published here, called once the outcome is known. Returns a function that removes it.
   * Without listeners it costs nothing.
   */
  onMessage(listener: (message: SeenMessage) => void): () => void {
    return this.deliveries.seen.listen(listener);
  }

  /** Adds a subscription; `user` becomes present, unless it is null. */
  enter(thread: ActiveThread, user: string | null): void {
    thread.subscribers++;
    this.options.counts.subscriptions++;
    if (user !== null) this.presence.enter(thread, user);
    if (thread.subscribers === 1) this.held.watched(thread, 1);
    this.elsewhere?.enter(thread.id, user);
    this.actors.review(thread);
  }

  /** Removes a subscription; after the user's last one the user is no longer present. */
  leave(thread: ActiveThread, user: string | null): void {
    thread.subscribers--;
    this.options.counts.subscriptions--;
    thread.usedAt = this.options.clock.elapsed();
    if (user !== null) this.presence.leave(thread, user);
    if (thread.subscribers === 0) this.held.watched(thread, -1);
    this.elsewhere?.leave(thread.id, user);
    if (user === null || thread.presence?.subscriptions(user) === 0) thread.takers?.delete(user);
    this.actors.review(thread);
  }

  /** Sends a typing or read signal to the subscribers; when there are very many, only the newest of each person. */
  signal(thread: ActiveThread, signal: Signal): void {
    this.signals.tell(thread, signal);
  }

  /**
   * Notes that a subscription of a user (null: a backend) has got everything up to now, so held messages have reached
   * somebody. The user's own stay held.
   */
  caughtUp(thread: ActiveThread, user: string | null): void {
    if (this.elsewhere !== null) (thread.takers ??= new Set()).add(user);
    this.taken(thread, user);
  }

  /**
   * Returns a subscriber here, other than an author, who has got everything of a thread up to an offset: its name, empty
   * for a backend. Null when there is none.
   */
  given(id: string, offset: number, author: string | null): string | null {
    const thread = this.peek(id);
    if (thread === null || thread.published < offset) return null;
    for (const taker of thread.takers ?? []) {
      if (author === null || taker !== author) return taker ?? '';
    }
    return null;
  }

  private taken(thread: ActiveThread, user: string | null): void {
    const { held } = thread;
    if (held === null) return;
    if (!held.isLeftBy(user)) this.actors.tell(thread, { type: 'flush.done' });
    else if (held.firstFor(user) !== null) {
      this.held.flushedFor(thread, user);
      this.actors.review(thread);
    }
  }

  /**
   * Appends a message and delivers it. `done` is called once with the log's answer, before any subscriber gets the
   * message. The outcome is counted.
   */
  publish(
    thread: ActiveThread,
    entry: NewEntry,
    expectStored: boolean,
    done: (result: AppendResult) => void
  ): void {
    this.deliveries.publish(thread, entry, expectStored, done);
  }

  /** Resolves when no append is running; the log then has the marks of everything that they left held. */
  settled(): Promise<void> {
    return this.deliveries.settled();
  }

  /** Counts a message that was refused before it reached the log. */
  refused(): void {
    this.outcomes.refused();
  }

  /**
   * Sends messages that the log kept although it answered `unavailable`, which can happen when a disk fails during the
   * commit. Called when the log accepts messages again.
   */
  resync(): void {
    this.deliveries.resync();
  }

  /** Drops threads that nobody uses; called every few seconds. */
  sweep(): void {
    this.active.sweep();
  }

  /** Stops every delivery actor and every timer. Held messages, also later ones, stay marked in the log. */
  close(): void {
    this.stopListening();
    this.deliveries.close();
    this.actors.close();
    this.held.close();
    this.presence.close(this.active.all());
    this.signals.close(this.active.all());
    this.active.clear();
  }
}
