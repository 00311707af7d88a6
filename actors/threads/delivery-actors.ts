/**
 * The delivery actors of active threads: root actors of their own (children of one machine cost O(children) to spawn).
 * A thread that holds something always has one, a quiet one while there are few; one that crashes is replaced from the
 * thread's record, and no other thread notices.
 */
import { createActor, type InspectionEvent, type Subscription } from 'xstate';
import { reasonOf } from '../../machines/reason.js';
import { deliveryMachine, type DeliveryEvent } from '../../machines/delivery/delivery.machine.js';
import type { ActiveThread } from './active-thread.js';
import type { Clock } from '../clock.js';
import type { HeldMessages } from './held-messages.js';
import type { Incidents } from '../monitor/incidents.js';
import type { Transitions } from '../facts/transitions.js';

/**
 * Delivery actors above which a thread that holds nothing starts none: one costs 5 kB, and 15 more to collect when it
 * ends. Such a thread goes by its record, which says the same; as soon as it holds something it has one, always.
 */
export const QUIET_ACTORS_MAX = 256;

/** Threads whose actors somebody watches. */
export type WatchedThreads = 'all' | ReadonlySet<string>;

/** One who watches actors. */
interface Onlooker {
  readonly observe: (event: InspectionEvent) => void;
  readonly threads: WatchedThreads;
}

/** What the actors are given. */
export interface DeliveryActorsOptions {
  readonly clock: Clock;
  readonly incidents: Incidents;
  readonly transitions: Transitions;
}

/** Starts, tells, stops and replaces delivery actors. */
export class DeliveryActors {
  private readonly options: DeliveryActorsOptions;
  private readonly held: HeldMessages;
  /** Threads that have one. */
  private readonly running = new Set<ActiveThread>();
  private readonly onlookers = new Set<Onlooker>();
  /** What lets them hear of those that are watched; empty while there are none. */
  private readonly watched = new Map<ActiveThread, Subscription>();
  private isClosed = false;
  /** Type of the event that an actor is being told; null when an actor moves by itself. */
  private telling: string | null = null;
  /** Actors that crashed and were replaced. */
  crashes = 0;

  constructor(options: DeliveryActorsOptions, held: HeldMessages) {
    this.options = options;
    this.held = held;
  }

  /** Tells the thread's actor, a new one when there is none. */
  tell(thread: ActiveThread, event: DeliveryEvent): void {
    if (this.isClosed) return;
    if (thread.actor?.getSnapshot().status !== 'active') {
      if (thread.held === null && this.running.size >= QUIET_ACTORS_MAX) return;
      this.spawn(thread);
    }
    const before = this.telling;
    this.telling = event.type;
    thread.actor?.send(event);
    this.telling = before;
  }

  /** Gives a thread an actor that stands where its record stands; none when that crashes at once. */
  spawn(thread: ActiveThread): void {
    if (this.isClosed) return;
    const { clock } = this.options;
    const { held } = thread;
    const actor = createActor(deliveryMachine, {
      id: `delivery:${thread.id}`,
      clock,
      input: {
        thread: thread.id,
        isTestThread: thread.isTestThread,
        held:
          held === null
            ? null
            : { state: held.state, graceMs: Math.max(0, held.dueAt - clock.now()) }
      }
    });
    actor.subscribe({
      next: ({ value }) => {
        if (thread.isTestThread) return;
        this.options.transitions.note('delivery', actor.id, value, this.telling ?? 'grace');
      },
      error: (error) => {
        this.sayCrashed(thread, actor);
        this.replace(thread, error);
      }
    });
    actor.on('incident.opened', () => {
      this.held.openIncident(thread);
    });
    actor.on('incident.closed', () => {
      this.held.closeIncident(thread);
    });
    actor.on('messages.flushed', () => {
      this.held.flushed(thread);
    });
    thread.actor = null;
    this.running.delete(thread);
    // Before it starts, so that its first moment is seen too; until it runs it is not the thread's.
    this.unwatch(thread);
    this.watch(thread, actor);
    actor.start();
    if (actor.getSnapshot().status !== 'active') {
      this.unwatch(thread);
      return;
    }
    if (!thread.isTestThread) {
      this.options.transitions.note('delivery', actor.id, actor.getSnapshot().value, 'spawn');
    }
    thread.actor = actor;
    this.running.add(thread);
    if (thread.subscribers > 0) actor.send({ type: 'subscriber.first' });
  }

  private replace(thread: ActiveThread, error: unknown): void {
    this.crashes++;
    this.options.incidents.note('a delivery actor crashed and was replaced from its record', {
      actor: 'delivery',
      thread: thread.id,
      reason: reasonOf(error)
    });
    // One that crashes while it starts would do so again: the thread's next event tries once more.
    if (thread.actor !== null) this.spawn(thread);
  }

  /**
   * Lets an observer, which must not throw, hear of the actors of some threads, those that are to come included. An
   * actor that nobody watches has no observer at all, and pays nothing.
   * @returns a function that ends it
   */
  observe(observe: Onlooker['observe'], threads: WatchedThreads): () => void {
    const onlooker = { observe, threads };
    this.onlookers.add(onlooker);
    for (const thread of this.running) {
      if (thread.actor !== null) this.watch(thread, thread.actor);
    }
    return () => {
      if (!this.onlookers.delete(onlooker)) return;
      for (const thread of [...this.watched.keys()]) {
        if (!this.isWatched(thread.id)) this.unwatch(thread);
      }
    };
  }

  /** Stops a thread's actor; the thread's next transition starts another where its record stands. */
  stop(thread: ActiveThread): void {
    if (thread.actor === null) return;
    this.options.transitions.end('delivery', thread.actor.id, 'passivate');
    thread.actor.stop();
    thread.actor = null;
    this.running.delete(thread);
    this.unwatch(thread);
  }

  /** Stops all, and starts no more. */
  close(): void {
    this.isClosed = true;
    for (const thread of this.running) thread.actor?.stop();
    this.running.clear();
    for (const thread of [...this.watched.keys()]) this.unwatch(thread);
  }

  /** XState shows observers no snapshot of an actor that crashed: they would take it for running for ever. */
  private sayCrashed({ id }: ActiveThread, actor: NonNullable<ActiveThread['actor']>): void {
    for (const { observe, threads } of this.onlookers) {
      if (!isAmong(id, threads)) continue;
      observe({
        type: '@xstate.snapshot',
        actorRef: actor,
        rootId: actor.sessionId,
        event: { type: 'xstate.error' },
        snapshot: actor.getSnapshot()
      });
    }
  }

  private isWatched(thread: string): boolean {
    for (const { threads } of this.onlookers) if (isAmong(thread, threads)) return true;
    return false;
  }

  private watch(thread: ActiveThread, actor: NonNullable<ActiveThread['actor']>): void {
    const { id } = thread;
    if (this.watched.has(thread) || !this.isWatched(id)) return;
    const watching = actor.system.inspect((event) => {
      for (const { observe, threads } of this.onlookers) if (isAmong(id, threads)) observe(event);
    });
    this.watched.set(thread, watching);
  }

  private unwatch(thread: ActiveThread): void {
    this.watched.get(thread)?.unsubscribe();
    this.watched.delete(thread);
  }
}

function isAmong(thread: string, threads: WatchedThreads): boolean {
  return threads === 'all' || threads.has(thread);
}
