/**
 * The thread registry: active threads in a Map, each with a delivery actor of its own (a root actor: children of one
 * machine cost O(children) to spawn). Activated by any event, passivated when idle; a delivery actor that crashes is
 * replaced from the record, and no other thread notices.
 */
import { createActor, type ActorOptions, type AnyActorLogic } from 'xstate';
import { deliveryMachine } from '../machines/delivery.machine.js';
import { judgeUnwatched, type DeliveryOutcome } from '../machines/delivery-outcome.js';
import { reasonOf } from '../machines/child.js';
import { isTestThread } from '../machines/test-thread.js';
import { ActiveThread } from './active-thread.js';
import type { Clock } from './clock.js';
import type { DeliveryCounts } from './delivery-counts.js';
import type { Logger } from './log-line.js';
import { Presence, type PresenceChange } from './presence.js';
import type { AppendResult, NewEntry, ThreadLog } from './thread-log.js';

/** How long a thread stays in memory after its last use. */
export const PASSIVATE_AFTER_MS = 30_000;

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
  readonly log: ThreadLog;
  readonly audience: Audience;
  readonly counts: DeliveryCounts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly testThreadPrefixes: readonly string[];
  /** How long a message may wait for a subscriber, in milliseconds. */
  readonly graceMs: number;
  readonly inspect?: ActorOptions<AnyActorLogic>['inspect'];
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
  private readonly options: ThreadsOptions;
  private readonly active = new Map<string, ActiveThread>();
  /** When the grace that follows a start ends: until then subscribers may still be on their way back. */
  private startupGraceEndsAt = 0;
  private waiting = 0;
  private undelivered = 0;
  /** Delivery actors that crashed and were replaced. */
  crashes = 0;

  constructor(options: ThreadsOptions) {
    this.options = options;
  }

  /** Takes up what was held when the last process ended; the startup grace runs from here. */
  open(): void {
    const { log, clock, graceMs } = this.options;
    this.startupGraceEndsAt = clock.now() + graceMs;
    const waiting: string[] = [];
    for (const mark of log.allUnwatched()) {
      if (mark.state === 'undelivered') this.undelivered++;
      else waiting.push(mark.thread);
    }
    for (const thread of waiting) this.get(thread);
  }

  /** Threads with an open incident. */
  get undeliveredThreads(): number {
    return this.undelivered;
  }

  /** Numbers of active, test, waiting and undelivered threads. */
  status(): ThreadsStatus {
    let test = 0;
    for (const thread of this.active.values()) if (thread.isTestThread) test++;
    return { active: this.active.size, test, waiting: this.waiting, undelivered: this.undelivered };
  }

  /** Says whether an id is that of a test thread, by the configured prefixes. */
  isTest(thread: string): boolean {
    return isTestThread(thread, this.options.testThreadPrefixes);
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
    const mark = log.unwatched(id);
    if (mark !== null) {
      thread.held = { from: mark.from, since: mark.since, state: mark.state };
      if (mark.state === 'waiting') this.waiting++;
    }
    this.active.set(id, thread);
    this.spawn(thread);
    return thread;
  }

  /** Counts a subscription in; `user` becomes present, with null nobody does. */
  enter(thread: ActiveThread, user: string | null): void {
    thread.subscribers++;
    if (user !== null) {
      thread.presence ??= new Presence();
      if (thread.presence.enter(user)) this.presenceDue(thread);
    }
    if (thread.subscribers === 1) this.actorOf(thread).send({ type: 'subscriber.first' });
  }

  /** Counts a subscription out; with the user's last one the user is no longer present. */
  leave(thread: ActiveThread, user: string | null): void {
    thread.subscribers--;
    thread.usedAt = this.options.clock.now();
    if (user !== null && thread.presence?.leave(user) === true) this.presenceDue(thread);
    if (thread.subscribers === 0) {
      const graceMs = this.graceLeft(thread.usedAt);
      this.actorOf(thread).send({ type: 'subscriber.none', graceMs });
    }
  }

  /** Says that a subscription has been given everything up to now: what was held has reached somebody. */
  caughtUp(thread: ActiveThread): void {
    if (thread.held !== null) this.actorOf(thread).send({ type: 'flush.done' });
  }

  /**
   * Appends a message and sees to its delivery. `done` is called once, before anybody is given the message, with what
   * the log answered; its outcome is counted.
   */
  publish(
    thread: ActiveThread,
    entry: NewEntry,
    expectStored: boolean,
    done: (result: AppendResult) => void
  ): void {
    thread.pending++;
    this.options.log.append(thread.id, entry, (result) => {
      thread.pending--;
      thread.usedAt = entry.at;
      if (result.ok && !result.duplicate) {
        if (result.offset > thread.published + 1) this.fanOutUpTo(thread, result.offset - 1);
        thread.published = result.offset;
        done(result);
        this.options.counts.add(
          this.deliver(thread, result.offset, result.frame, entry.user, expectStored)
        );
      } else {
        if (!result.ok) this.options.counts.add('refused');
        done(result);
      }
    });
  }

  /** Counts a message that was turned away before it came to the log. */
  refused(): void {
    this.options.counts.add('refused');
  }

  /**
   * Gives out what the log kept although it had been answered `unavailable`: a disk that fails at the very point of a
   * commit may have kept it. Called when the log takes messages again.
   */
  resync(): void {
    for (const thread of this.active.values()) {
      this.fanOutUpTo(thread, this.options.log.head(thread.id)?.last ?? 0);
    }
  }

  /** Lets go of threads that nobody uses; called every few seconds. */
  sweep(): void {
    const { clock, log } = this.options;
    const before = clock.now() - PASSIVATE_AFTER_MS;
    for (const thread of this.active.values()) {
      if (thread.usedAt > before || !thread.isPassive) continue;
      thread.actor?.stop();
      this.active.delete(thread.id);
      log.forget(thread.id);
    }
  }

  /** Stops every delivery actor; what is held stays marked in the log. */
  close(): void {
    for (const thread of this.active.values()) thread.actor?.stop();
    this.active.clear();
  }

  private fanOutUpTo(thread: ActiveThread, last: number): void {
    const { log, audience } = this.options;
    while (thread.published < last) {
      const page = log.read(thread.id, thread.published, RESYNC_PAGE, RESYNC_PAGE_CHARS);
      if (page.length === 0) return;
      for (const { offset, frame } of page) {
        if (offset > last) return;
        thread.published = offset;
        if (thread.subscribers > 0) audience.fanOut(thread.id, frame);
      }
    }
  }

  private deliver(
    thread: ActiveThread,
    offset: number,
    frame: string,
    author: string,
    expectStored: boolean
  ): DeliveryOutcome {
    const { audience, log, clock, logger } = this.options;
    if (thread.subscribers > 0) {
      audience.fanOut(thread.id, frame);
      return 'delivered';
    }
    const owner = log.head(thread.id)?.owner ?? null;
    const reachableOwner =
      owner !== null && owner !== author && audience.isReachable(owner) ? owner : null;
    let isOwnerConnected = reachableOwner !== null;
    const outcome = judgeUnwatched({
      isTestThread: thread.isTestThread,
      expectStored,
      isOwnerConnected
    });
    if (outcome === 'delivered_to_user' && reachableOwner !== null) {
      // A connection may refuse it after all: then nobody has it, and it is held.
      isOwnerConnected = audience.fallback(reachableOwner, frame) > 0;
    }
    if (outcome === 'skipped_test_thread' && logger.isDebug) {
      logger.debug(`Skipping message delivery for test thread: ${thread.id}`, {
        actor: 'delivery',
        thread: thread.id
      });
    }
    if (thread.held === null) {
      const now = clock.now();
      this.actorOf(thread).send({
        type: 'message.unwatched',
        expectStored,
        isOwnerConnected,
        graceMs: this.graceLeft(now)
      });
      if (this.actorOf(thread).getSnapshot().hasTag('holding')) {
        this.hold(thread, { from: offset, since: now, state: 'waiting' });
        return 'held';
      }
      return outcome;
    }
    if (outcome === 'skipped_test_thread' || outcome === 'stored') return outcome;
    if (isOwnerConnected) return 'delivered_to_user';
    return thread.held.state === 'undelivered' ? 'undelivered' : 'held';
  }

  private hold(thread: ActiveThread, held: NonNullable<ActiveThread['held']>): void {
    thread.held = held;
    this.waiting++;
    this.mark(thread);
  }

  /** Writes the unwatched mark as it now stands. Losing it costs a report after a crash, never a message. */
  private mark(thread: ActiveThread): void {
    const { log, logger } = this.options;
    log
      .setUnwatched(thread.id, thread.held === null ? null : { ...thread.held })
      .catch((error: unknown) => {
        logger.warn('the mark of an unwatched thread was not stored', {
          actor: 'delivery',
          thread: thread.id,
          reason: reasonOf(error)
        });
      });
  }

  private graceLeft(now: number): number {
    return Math.max(this.options.graceMs, this.startupGraceEndsAt - now);
  }

  private presenceDue(thread: ActiveThread): void {
    if (thread.isPresenceDue) return;
    thread.isPresenceDue = true;
    const isLarge = (thread.presence?.names().length ?? 0) === 0 && thread.subscribers > 0;
    this.options.clock.setTimeout(
      () => {
        thread.isPresenceDue = false;
        const change = thread.presence?.take() ?? null;
        if (change !== null) this.options.audience.presence(thread.id, change);
      },
      isLarge ? PRESENCE_GATHER_LARGE_MS : PRESENCE_GATHER_MS
    );
  }

  private actorOf(thread: ActiveThread): NonNullable<ActiveThread['actor']> {
    return thread.actor?.getSnapshot().status === 'active' ? thread.actor : this.spawn(thread);
  }

  private spawn(thread: ActiveThread): NonNullable<ActiveThread['actor']> {
    const { clock, inspect } = this.options;
    const now = clock.now();
    const held = thread.held;
    const graceMs =
      held === null
        ? 0
        : Math.max(held.since + this.options.graceMs, this.startupGraceEndsAt) - now;
    const actor = createActor(deliveryMachine, {
      id: `delivery:${thread.id}`,
      clock,
      ...(inspect === undefined ? {} : { inspect }),
      input: {
        thread: thread.id,
        isTestThread: thread.isTestThread,
        held: held === null ? null : { state: held.state, graceMs: Math.max(0, graceMs) }
      }
    });
    actor.subscribe({
      error: (error) => {
        this.replace(thread, error);
      }
    });
    actor.on('incident.opened', () => {
      this.openIncident(thread);
    });
    actor.on('incident.closed', () => {
      this.closeIncident(thread);
    });
    actor.on('messages.flushed', () => {
      this.flushed(thread);
    });
    thread.actor = actor;
    actor.start();
    if (thread.subscribers > 0) actor.send({ type: 'subscriber.first' });
    return actor;
  }

  private replace(thread: ActiveThread, error: unknown): void {
    this.crashes++;
    this.options.logger.error('a delivery actor crashed and was replaced from its record', {
      actor: 'delivery',
      thread: thread.id,
      reason: reasonOf(error)
    });
    thread.actor = null;
    this.spawn(thread);
  }

  private openIncident(thread: ActiveThread): void {
    if (thread.held === null) return;
    thread.held.state = 'undelivered';
    this.waiting--;
    this.undelivered++;
    this.options.counts.add('undelivered', thread.heldCount);
    this.mark(thread);
    this.options.logger.error(
      'Cannot deliver message: nobody has subscribed to the thread within the grace; ' +
        'what was published is kept and goes to the next subscriber',
      {
        actor: 'delivery',
        thread: thread.id,
        messages: thread.heldCount,
        fromOffset: thread.held.from,
        waitedMs: this.options.clock.now() - thread.held.since
      }
    );
  }

  private closeIncident(thread: ActiveThread): void {
    this.options.logger.info('Delivery resumed: the thread has a subscriber again', {
      actor: 'delivery',
      thread: thread.id,
      messages: thread.heldCount
    });
  }

  private flushed(thread: ActiveThread): void {
    if (thread.held === null) return;
    if (thread.held.state === 'waiting') this.waiting--;
    else this.undelivered--;
    this.options.counts.add('delivered', thread.heldCount);
    thread.held = null;
    this.mark(thread);
  }
}
