/**
 * The delivery actors of active threads. They are root actors, since children of one machine cost O(children) to spawn.
 * A thread that holds messages always has one; a quiet thread has one while there are few. An actor that crashes is
 * replaced from the thread's record, without an effect on other threads.
 */
import { createActor, type InspectionEvent, type Subscription } from 'xstate';
import { reasonOf } from '../../machines/reason.js';
import { deliveryMachine, type DeliveryEvent } from '../../machines/delivery/delivery.machine.js';
import type { ActiveThread } from './active-thread.js';
import type { Elsewhere } from '../bus/elsewhere.js';
import type { AwakeClock } from '../awake-timers.js';
import type { HeldMessages } from './held-messages.js';
import type { Incidents } from '../monitor/incidents.js';
import type { Transitions } from '../facts/transitions.js';

/**
 * Above this many delivery actors, a thread that holds nothing starts none: an actor costs 5 kB, and 15 more to collect
 * when it ends. The thread's record says the same. A thread that begins to hold messages always gets an actor.
 */
export const QUIET_ACTORS_MAX = 256;

/** Threads whose actors somebody watches. */
export type WatchedThreads = 'all' | ReadonlySet<string>;

/** An observer of some threads' actors. */
interface Onlooker {
  readonly observe: (event: InspectionEvent) => void;
  readonly threads: WatchedThreads;
}

/** Options of {@link DeliveryActors}. */
export interface DeliveryActorsOptions {
  readonly clock: AwakeClock;
  readonly incidents: Incidents;
  readonly transitions: Transitions;
  /** The other nodes; null on a single node. */
  readonly elsewhere: Elsewhere | null;
  /** Called when somebody on another node has got everything of a thread; null for a backend. */
  readonly onGiven: (thread: ActiveThread, user: string | null) => void;
}

/** Starts delivery actors, sends them events, and stops and replaces them. */
export class DeliveryActors {
  private readonly options: DeliveryActorsOptions;
  private readonly held: HeldMessages;
  /** Threads that have an actor. */
  private readonly running = new Set<ActiveThread>();
  private readonly onlookers = new Set<Onlooker>();
  /** Subscriptions to the actors that are watched; empty while none is. */
  private readonly watched = new Map<ActiveThread, Subscription>();
  private isClosed = false;
  /** Type of the event being sent to an actor; null when an actor moves by itself. */
  private telling: string | null = null;
  /** Number of actors that crashed and were replaced. */
  crashes = 0;

  constructor(options: DeliveryActorsOptions, held: HeldMessages) {
    this.options = options;
    this.held = held;
  }

  /** Sends an event to the thread's actor; starts one when there is none. */
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

  /** Tells the chart when the first subscriber has come who may take what is held, and when the last such one has left. */
  review(thread: ActiveThread): void {
    const { hasTaker } = thread;
    if (hasTaker === thread.isTaken) return;
    thread.isTaken = hasTaker;
    this.options.elsewhere?.forget(thread.id);
    if (hasTaker) this.tell(thread, { type: 'subscriber.first' });
    else this.tell(thread, { type: 'subscriber.none', graceMs: this.held.graceOfLeft(thread) });
  }

  /** Starts an actor in the state of the thread's record; none when it crashes at once. */
  spawn(thread: ActiveThread): void {
    if (this.isClosed) return;
    const { held } = thread;
    const actor = createActor(deliveryMachine, {
      id: `delivery:${thread.id}`,
      clock: this.options.clock,
      input: {
        thread: thread.id,
        isTestThread: thread.isTestThread,
        held: held === null ? null : { state: held.state, graceMs: this.held.rest(held) },
        asksFirst: this.options.elsewhere !== null
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
      this.options.elsewhere?.forget(thread.id);
      this.held.flushed(thread);
    });
    this.askElsewhere(thread, actor);
    thread.actor = null;
    this.running.delete(thread);
    // Observe before the start, so that the first snapshot is seen too. The actor is the thread's only once it runs.
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
    if (thread.hasTaker) actor.send({ type: 'subscriber.first' });
  }

  /** Lets the chart of a thread ask the other nodes. */
  private askElsewhere(
    thread: ActiveThread,
    actor: Pick<NonNullable<ActiveThread['actor']>, 'on'>
  ): void {
    const { elsewhere } = this.options;
    if (elsewhere === null) return;
    const author = (): string | null => thread.held?.soleAuthor ?? null;
    actor.on('absence.doubted', () => {
      elsewhere.confirmNobody(thread.id, author(), () => {
        this.tell(thread, { type: 'absence.confirmed' });
      });
    });
    actor.on('taker.found', () => {
      elsewhere.confirmGiven(thread.id, thread.published, author(), (user) => {
        this.options.onGiven(thread, user);
      });
    });
  }

  private replace(thread: ActiveThread, error: unknown): void {
    this.crashes++;
    this.options.incidents.note('a delivery actor crashed and was replaced from its record', {
      actor: 'delivery',
      thread: thread.id,
      reason: reasonOf(error)
    });
    // An actor that crashes while it starts would do so again: the thread's next event tries again.
    if (thread.actor !== null) this.spawn(thread);
  }

  /**
   * Calls an observer, which must not throw, for the actors of some threads, including later ones. An actor that nobody
   * watches has no observer and costs nothing.
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

  /** Stops a thread's actor; the thread's next transition starts another from the record. */
  stop(thread: ActiveThread): void {
    if (thread.actor === null) return;
    this.options.transitions.end('delivery', thread.actor.id, 'passivate');
    thread.actor.stop();
    thread.actor = null;
    this.running.delete(thread);
    this.unwatch(thread);
  }

  /** Stops all actors, and starts none any more. */
  close(): void {
    this.isClosed = true;
    for (const thread of this.running) thread.actor?.stop();
    this.running.clear();
    for (const thread of [...this.watched.keys()]) this.unwatch(thread);
  }

  /**
   * XState sends observers no snapshot of an actor that crashed: without this they would show it as running forever.
   */
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
