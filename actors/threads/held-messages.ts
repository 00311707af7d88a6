/**
 * The messages that nobody has got yet: how long each thread may wait, the mark in the log from which a restart
 * continues, and the incident of each thread that waited too long.
 */
import { reasonOf } from '../../machines/reason.js';
import type { ActiveThread } from './active-thread.js';
import { DeliveryIncidents } from './delivery-incidents.js';
import type { Elsewhere } from '../bus/elsewhere.js';
import type { AwakeClock } from '../awake-timers.js';
import { Held, type HeldSpan } from './held.js';
import type { Logger } from '../log-line.js';
import type { DeliveryWatch } from '../monitor/monitor.js';
import type { Outcomes } from '../facts/outcomes.js';
import type { LogReader } from '../log/log-reader.js';
import type { ThreadRecords, Unwatched } from '../log/thread-records.js';
import { traceHeld } from '../traces/message-spans.js';
import type { Traces } from '../traces/traces.js';
import { parseMessageFrame } from '../../protocol/message-frame.js';

/** Options of {@link HeldMessages}. */
export interface HeldMessagesOptions {
  readonly log: ThreadRecords & Pick<LogReader, 'read'>;
  readonly clock: AwakeClock;
  readonly logger: Logger;
  /** How long a message may wait for a subscriber, in milliseconds. */
  readonly graceMs: number;
  /** Gets the threads with undelivered messages. */
  readonly monitor: DeliveryWatch;
  /** The other nodes; null or absent on a single node. */
  readonly elsewhere?: Pick<Elsewhere, 'node' | 'owns' | 'hasReader'> | null;
  /** Told when nobody got the messages of a thread within the grace, before that is marked. Default: nobody is. */
  readonly onUndelivered?: (
    thread: string,
    held: { readonly from: number; readonly messages: number }
  ) => void;
  /** Records the ways of messages; null or absent: nothing is traced. */
  readonly traces?: Traces | null;
}

/** All threads with held or undelivered messages. */
export class HeldMessages {
  private readonly options: HeldMessagesOptions;
  private readonly outcomes: Outcomes;
  private readonly incidents: DeliveryIncidents;
  /**
   * No grace ends before this moment of `awake()`: after a start subscribers may still be reconnecting, and a drain
   * disconnects them.
   */
  private graceEndsAt = 0;
  /** Runs until then, so that absences are noticed also while no thread waits. */
  private graceTimer: unknown = null;
  private waitingThreads = 0;
  /** Threads with an open incident that this node answers for, in memory or not. */
  private readonly undeliveredIn = new Set<string>();
  /** Real threads with subscribers. */
  private watchedThreads = 0;

  constructor(options: HeldMessagesOptions, outcomes: Outcomes) {
    this.options = options;
    this.outcomes = outcomes;
    this.incidents = new DeliveryIncidents(options.logger);
  }

  /** Number of threads whose grace runs. */
  get waiting(): number {
    return this.waitingThreads;
  }

  /** Number of threads with an open incident, in memory or not. */
  get undelivered(): number {
    return this.undeliveredIn.size;
  }

  /** Starts the startup grace, counts incidents left open, and returns the real threads that still wait. */
  open(isReal: (thread: string) => boolean): string[] {
    const { log, graceMs, monitor } = this.options;
    this.extendGrace(graceMs);
    const waiting: string[] = [];
    for (const mark of log.allUnwatched()) {
      const { thread, state, since } = mark;
      if (!isReal(thread) || !this.isOwn(mark)) continue;
      if (state === 'undelivered') {
        this.undeliveredIn.add(thread);
        monitor.undelivered(thread, this.momentOf(since));
      } else waiting.push(thread);
    }
    this.incidents.restore(this.undeliveredIn.size);
    return waiting;
  }

  /**
   * Takes over what nodes that are gone have held, when it falls to this one. `load` brings a thread into memory, which
   * needs an actor when it is returned.
   */
  adopt(
    isReal: (thread: string) => boolean,
    load: (thread: string, mustLoad: boolean) => ActiveThread | null
  ): ActiveThread[] {
    const { log, elsewhere = null, monitor } = this.options;
    if (elsewhere === null) return [];
    this.giveUp(load);
    const restored: ActiveThread[] = [];
    for (const mark of [...log.allUnwatched()]) {
      const { thread, state, since, node } = mark;
      if (!isReal(thread) || node === elsewhere.node || elsewhere.owns(node) !== true) continue;
      // A failed write is repeated by whoever takes over next.
      void log.setUnwatched(thread, { ...mark, node: elsewhere.node }).catch(() => undefined);
      const active = load(thread, state === 'waiting' || elsewhere.hasReader(thread, null));
      if (active !== null && active.held !== null) continue;
      if (state === 'undelivered') {
        this.undeliveredIn.add(thread);
        monitor.undelivered(thread, this.momentOf(since));
      }
      if (active === null) continue;
      this.restoreFrom(active, mark);
      restored.push(active);
    }
    return restored;
  }

  /** Gives up incidents that another node has taken over while this one was cut off: it ends them. */
  private giveUp(load: (thread: string, mustLoad: boolean) => ActiveThread | null): void {
    for (const thread of [...this.undeliveredIn]) {
      if ((load(thread, false)?.held ?? null) !== null || this.isMarked(thread)) continue;
      this.undeliveredIn.delete(thread);
      this.options.monitor.delivered(thread);
    }
    this.incidents.left(this.undeliveredIn.size);
  }

  /** Returns whether the log has a mark of this node for a thread; false also while it cannot be read. */
  isMarked(thread: string): boolean {
    try {
      const mark = this.options.log.unwatched(thread);
      return mark !== null && this.isOwn(mark);
    } catch {
      return false;
    }
  }

  /** Notes that a thread has got its first subscriber (1) or lost its last (-1). */
  watched(thread: ActiveThread, change: 1 | -1): void {
    if (thread.isTestThread) return;
    this.watchedThreads += change;
    this.options.monitor.watched(this.watchedThreads);
  }

  /** Lets no grace end within these milliseconds from now: subscribers are away for a known reason. */
  extendGrace(forMs: number): void {
    const { clock } = this.options;
    const endsAt = clock.awake() + forMs;
    if (endsAt <= this.graceEndsAt) return;
    this.graceEndsAt = endsAt;
    this.close();
    this.graceTimer = clock.setTimeout(() => {
      this.graceTimer = null;
    }, forMs);
  }

  /** Ends the timer of the grace. */
  close(): void {
    if (this.graceTimer !== null) this.options.clock.clearTimeout(this.graceTimer);
    this.graceTimer = null;
  }

  /**
   * Returns when the grace of a message stored (or a thread left) at `from` ends: its own end or that of all, whichever
   * is later. All are moments of `awake()`.
   */
  graceEnd(from: number): number {
    return Math.max(from + this.options.graceMs, this.graceEndsAt);
  }

  /** Returns the milliseconds until the grace of a thread that is left now ends. */
  graceOfLeft(thread: ActiveThread): number {
    const now = this.options.clock.awake();
    const dueAt = this.graceEnd(now);
    if (thread.held !== null) thread.held.dueAt = dueAt;
    return dueAt - now;
  }

  /** Returns the milliseconds that are left of a grace; 0 when it is over. */
  rest({ dueAt }: Held): number {
    return Math.max(0, dueAt - this.options.clock.awake());
  }

  /** Returns the time of the wall clock, in Unix milliseconds, at which a grace ends if the process stays awake: to show it. */
  endOf({ dueAt }: Held): number {
    const { clock } = this.options;
    return clock.now() + dueAt - clock.awake();
  }

  /**
   * Restores what the log has marked of a thread. The number of held messages is not stored: all count from the first
   * one of an author to the first one of the next.
   */
  restore(thread: ActiveThread): void {
    const mark = this.options.log.unwatched(thread.id);
    if (mark !== null && this.isOwn(mark)) this.restoreFrom(thread, mark);
  }

  private restoreFrom(thread: ActiveThread, mark: Unwatched): void {
    const { clock } = this.options;
    const asleep = clock.elapsed() - clock.awake();
    const held = new Held(this.graceEnd(this.momentOf(mark.since) - asleep));
    held.state = mark.state;
    let end = thread.published + 1;
    for (const { author, from, since } of restored(mark)) {
      const messages = Math.max(1, end - from);
      held.restore(author, { from, newest: from, since, heldAt: this.momentOf(since), messages });
      end = from;
    }
    thread.held = held;
    if (held.state === 'waiting') this.waitingThreads++;
  }

  /** Starts to hold a thread's messages with this one. `marked` resolves once a restart would know of it. */
  hold(
    thread: ActiveThread,
    author: string,
    offset: number
  ): { held: Held; marked: Promise<void> } {
    const { clock } = this.options;
    const heldAt = clock.elapsed();
    const held = new Held(this.graceEnd(clock.awake()));
    held.add(author, offset, clock.now(), heldAt);
    thread.held = held;
    this.waitingThreads++;
    return { held, marked: this.mark(thread) };
  }

  /**
   * Adds a message to those that a thread holds already; it may be older than the first of them. Returns when a restart
   * would know of its author; null when it knows already.
   */
  holdAlso(thread: ActiveThread, held: Held, author: string, offset: number): Promise<void> | null {
    const { clock } = this.options;
    const isNews = held.add(author, offset, clock.now(), clock.elapsed());
    return isNews ? this.mark(thread) : null;
  }

  /** The grace is over: an incident of the thread until it recovers. */
  openIncident(thread: ActiveThread): void {
    const { held } = thread;
    if (held === null) return;
    const { clock, monitor, onUndelivered } = this.options;
    held.state = 'undelivered';
    this.waitingThreads--;
    this.undeliveredIn.add(thread.id);
    for (const span of held.spans()) this.outcomes.held(thread, span, 'undelivered');
    // Before the mark: a restart that finds the mark must not have to tell it.
    onUndelivered?.(thread.id, { from: held.from, messages: held.messages });
    void this.mark(thread);
    this.incidents.opened(this.undeliveredIn.size, thread.id, {
      messages: held.messages,
      fromOffset: held.from,
      waitedMs: clock.elapsed() - held.heldAt
    });
    monitor.undelivered(thread.id, held.heldAt);
  }

  /** Somebody got the undelivered messages. */
  closeIncident(thread: ActiveThread): void {
    this.incidents.resumed(thread.id, thread.held?.messages ?? 0);
  }

  /** Somebody got all held messages but its own, which stay held. */
  flushedFor(thread: ActiveThread, reader: string | null): void {
    const { held } = thread;
    if (held === null) return;
    for (const span of held.take(reader)) this.given(thread, span);
    void this.mark(thread);
  }

  /** Somebody got all held messages. */
  flushed(thread: ActiveThread): void {
    const { held } = thread;
    if (held === null) return;
    if (held.state === 'waiting') this.waitingThreads--;
    else {
      this.undeliveredIn.delete(thread.id);
      this.incidents.left(this.undeliveredIn.size);
      this.options.monitor.delivered(thread.id);
    }
    for (const span of held.spans()) this.given(thread, span);
    thread.held = null;
    void this.mark(thread);
  }

  private given(thread: ActiveThread, span: HeldSpan): void {
    this.outcomes.held(thread, span, 'delivered');
    const { traces = null, log } = this.options;
    if (traces !== null) traceHeld(traces, log, thread, span);
  }

  /**
   * Returns the mid of a thread's newest held message for a report; null when it holds none or the log cannot read it.
   * `inMemory` is null for a thread that is not active.
   */
  newestMid(thread: string, inMemory: ActiveThread | null): string | null {
    const { log } = this.options;
    try {
      const offset = inMemory === null ? log.unwatched(thread)?.from : inMemory.held?.newest;
      if (offset === undefined) return null;
      const [entry] = log.read(thread, offset - 1, 1, 1);
      if (entry?.offset !== offset) return null;
      return parseMessageFrame(entry.frame)?.mid ?? null;
    } catch {
      // A message that cannot be read only costs the report a link.
      return null;
    }
  }

  /** Writes a mark again that the log had refused. */
  markAgain(thread: ActiveThread): void {
    if (thread.isMarkLost && thread.marking === 0) void this.mark(thread);
  }

  /**
   * Returns the moment of `Clock.elapsed()` for a time that another process stored. By the wall clock, the only one that
   * both have; what it says to be still to come is taken for now.
   */
  private momentOf(since: number): number {
    const { clock } = this.options;
    return clock.elapsed() - Math.max(0, clock.now() - since);
  }

  /** Whether this node answers for a mark. */
  private isOwn({ node }: Pick<Unwatched, 'node'>): boolean {
    const { elsewhere } = this.options;
    return elsewhere === null || elsewhere === undefined || node === elsewhere.node;
  }

  /** Whether the mark of a thread is that of another node, which is there. */
  private isOthers(thread: string): boolean {
    const { log, elsewhere } = this.options;
    if (elsewhere === null || elsewhere === undefined) return false;
    try {
      const mark = log.unwatched(thread);
      return mark !== null && mark.node !== elsewhere.node && elsewhere.owns(mark.node) === false;
    } catch {
      return false;
    }
  }

  /** Writes the present mark. It never rejects: a lost mark costs a report after a crash, not a message. */
  private mark(thread: ActiveThread): Promise<void> {
    const { log, logger, elsewhere } = this.options;
    const { held } = thread;
    // The mark of another node covers this thread, and only that node may change it.
    if (this.isOthers(thread.id)) return Promise.resolve();
    const node = elsewhere === null || elsewhere === undefined ? {} : { node: elsewhere.node };
    const mark = held === null ? null : { ...markOf(held), ...node };
    thread.marking++;
    return log.setUnwatched(thread.id, mark).then(
      () => {
        thread.marking--;
        thread.isMarkLost = false;
      },
      (error: unknown) => {
        thread.marking--;
        if (thread.isMarkLost) return;
        thread.isMarkLost = true;
        logger.warn('the mark of an unwatched thread was not stored, and is tried again', {
          actor: 'delivery',
          thread: thread.id,
          reason: reasonOf(error)
        });
      }
    );
  }
}

function markOf({ from, since, state, authors }: Held): Omit<Unwatched, 'thread'> {
  return { from, since, state, authors };
}

/** The authors of a mark, the last one first. What stands before the first of them, or has none, is nobody's. */
function restored({
  from,
  since,
  authors = []
}: Unwatched): { author: string | null; from: number; since: number }[] {
  const known = [...authors].sort((one, other) => other.from - one.from);
  return known.at(-1)?.from === from ? known : [...known, { author: null, from, since }];
}
