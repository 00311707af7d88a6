/**
 * The messages that nobody has got yet: how long each thread may wait, the mark in the log from which a restart
 * continues, and the incident of each thread that waited too long.
 */
import { reasonOf } from '../../machines/reason.js';
import type { ActiveThread, Held } from './active-thread.js';
import { DeliveryIncidents } from './delivery-incidents.js';
import type { AwakeClock } from '../awake-timers.js';
import type { Logger } from '../log-line.js';
import type { DeliveryWatch } from '../monitor/monitor.js';
import type { Outcomes } from '../facts/outcomes.js';
import type { LogReader } from '../log/log-reader.js';
import type { ThreadRecords } from '../log/thread-records.js';
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
  private undeliveredThreads = 0;
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
    return this.undeliveredThreads;
  }

  /** Starts the startup grace, counts incidents left open, and returns the real threads that still wait. */
  open(isReal: (thread: string) => boolean): string[] {
    const { log, graceMs, monitor } = this.options;
    this.extendGrace(graceMs);
    const waiting: string[] = [];
    for (const { thread, state, since } of log.allUnwatched()) {
      if (!isReal(thread)) continue;
      if (state === 'undelivered') {
        this.undeliveredThreads++;
        monitor.undelivered(thread, this.momentOf(since));
      } else waiting.push(thread);
    }
    this.incidents.restore(this.undeliveredThreads);
    return waiting;
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
   * Restores what the log has marked of a thread. The number of held messages is not stored, so all since the first
   * count.
   */
  restore(thread: ActiveThread): void {
    const mark = this.options.log.unwatched(thread.id);
    if (mark === null) return;
    const { from, since, state } = mark;
    const messages = Math.max(1, thread.published - from + 1);
    const { clock } = this.options;
    const heldAt = this.momentOf(since);
    const dueAt = this.graceEnd(heldAt - (clock.elapsed() - clock.awake()));
    thread.held = { from, newest: from, since, heldAt, state, dueAt, messages };
    if (state === 'waiting') this.waitingThreads++;
  }

  /** Starts to hold a thread's messages with this one. `marked` resolves once a restart would know of it. */
  hold(thread: ActiveThread, offset: number): { held: Held; marked: Promise<void> } {
    const { clock } = this.options;
    const heldAt = clock.elapsed();
    const dueAt = this.graceEnd(clock.awake());
    const since = clock.now();
    const span = { from: offset, newest: offset, messages: 1 };
    const held: Held = { ...span, since, heldAt, state: 'waiting', dueAt };
    thread.held = held;
    this.waitingThreads++;
    return { held, marked: this.mark(thread) };
  }

  /** Adds a message to those that a thread holds already; it may be older than the first of them. */
  holdAlso(thread: ActiveThread, held: Held, offset: number): void {
    held.messages++;
    held.newest = Math.max(held.newest, offset);
    if (offset >= held.from) return;
    held.from = offset;
    void this.mark(thread);
  }

  /** The grace is over: an incident of the thread until it recovers. */
  openIncident(thread: ActiveThread): void {
    const { held } = thread;
    if (held === null) return;
    const { clock, monitor } = this.options;
    held.state = 'undelivered';
    this.waitingThreads--;
    this.undeliveredThreads++;
    this.outcomes.held(thread, held, 'undelivered');
    void this.mark(thread);
    this.incidents.opened(this.undeliveredThreads, thread.id, {
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

  /** Somebody got all held messages. */
  flushed(thread: ActiveThread): void {
    const { held } = thread;
    if (held === null) return;
    if (held.state === 'waiting') this.waitingThreads--;
    else {
      this.undeliveredThreads--;
      this.incidents.left(this.undeliveredThreads);
      this.options.monitor.delivered(thread.id);
    }
    this.outcomes.held(thread, held, 'delivered');
    thread.held = null;
    void this.mark(thread);
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

  /** Writes the present mark. It never rejects: a lost mark costs a report after a crash, not a message. */
  private mark(thread: ActiveThread): Promise<void> {
    const { log, logger } = this.options;
    const { held } = thread;
    const mark = held === null ? null : { from: held.from, since: held.since, state: held.state };
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
