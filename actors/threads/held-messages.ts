/**
 * The messages that nobody has taken yet: how long each thread may wait, what is marked in the log so that a restart
 * goes on from there, and the one incident a thread that waited in vain.
 */
import { reasonOf } from '../../machines/reason.js';
import type { ActiveThread, Held } from './active-thread.js';
import type { Clock } from '../clock.js';
import type { Logger } from '../log-line.js';
import type { DeliveryWatch } from '../monitor/monitor.js';
import type { Outcomes } from '../facts/outcomes.js';
import type { ThreadRecords } from '../log/thread-records.js';

/** What the bookkeeping works with. */
export interface HeldMessagesOptions {
  readonly log: ThreadRecords;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a message may wait for a subscriber, in milliseconds. */
  readonly graceMs: number;
  /** Hears which threads hold undelivered messages. */
  readonly monitor: DeliveryWatch;
}

/** Books of all threads whose messages wait or were not delivered. */
export class HeldMessages {
  private readonly options: HeldMessagesOptions;
  private readonly outcomes: Outcomes;
  /** No grace ends before: after a start subscribers may still be on their way back, in a drain they are sent away. */
  private graceEndsAt = 0;
  private waitingThreads = 0;
  private undeliveredThreads = 0;

  constructor(options: HeldMessagesOptions, outcomes: Outcomes) {
    this.options = options;
    this.outcomes = outcomes;
  }

  /** Threads whose grace runs. */
  get waiting(): number {
    return this.waitingThreads;
  }

  /** Threads with an open incident, active or not. */
  get undelivered(): number {
    return this.undeliveredThreads;
  }

  /** Begins the startup grace, counts the incidents left open, and answers the real threads that still wait. */
  open(isReal: (thread: string) => boolean): string[] {
    const { log, clock, graceMs, monitor } = this.options;
    this.graceEndsAt = clock.now() + graceMs;
    const waiting: string[] = [];
    for (const { thread, state, since } of log.allUnwatched()) {
      if (!isReal(thread)) continue;
      if (state === 'undelivered') {
        this.undeliveredThreads++;
        monitor.undelivered(thread, since);
      } else waiting.push(thread);
    }
    return waiting;
  }

  /** Lets the grace of what is held from now on last until then: the subscribers are being sent away by us. */
  extendGrace(atMs: number): void {
    this.graceEndsAt = Math.max(this.graceEndsAt, atMs);
  }

  /** When the grace of a message stored, or of a thread left, at `since` ends: the later of its own and that of all. */
  graceEnd(since: number): number {
    return Math.max(since + this.options.graceMs, this.graceEndsAt);
  }

  /** Takes up what the log has marked of a thread. How many of its messages wait is not kept: all since the first. */
  restore(thread: ActiveThread): void {
    const mark = this.options.log.unwatched(thread.id);
    if (mark === null) return;
    const { from, since, state } = mark;
    const messages = Math.max(1, thread.published - from + 1);
    thread.held = { from, since, state, dueAt: this.graceEnd(since), messages };
    if (state === 'waiting') this.waitingThreads++;
  }

  /** Begins to hold a thread's messages with this one; `marked` resolves once a restart would know of it. */
  hold(thread: ActiveThread, offset: number): { held: Held; marked: Promise<void> } {
    const since = this.options.clock.now();
    const dueAt = this.graceEnd(since);
    const held: Held = { from: offset, since, state: 'waiting', dueAt, messages: 1 };
    thread.held = held;
    this.waitingThreads++;
    return { held, marked: this.mark(thread) };
  }

  /** The grace is over: one error line for the thread until it recovers. */
  openIncident(thread: ActiveThread): void {
    const { held } = thread;
    if (held === null) return;
    const { clock, logger, monitor } = this.options;
    held.state = 'undelivered';
    this.waitingThreads--;
    this.undeliveredThreads++;
    this.outcomes.held(thread, held, 'undelivered');
    void this.mark(thread);
    logger.error(
      'Cannot deliver message: nobody has subscribed to the thread within the grace; ' +
        'what was published is kept and goes to the next subscriber',
      {
        actor: 'delivery',
        thread: thread.id,
        messages: held.messages,
        fromOffset: held.from,
        waitedMs: clock.now() - held.since
      }
    );
    monitor.undelivered(thread.id, held.since);
  }

  /** Somebody has taken what was not delivered: one line. */
  closeIncident(thread: ActiveThread): void {
    this.options.logger.info('Delivery resumed: the thread has a subscriber again', {
      actor: 'delivery',
      thread: thread.id,
      messages: thread.held?.messages ?? 0
    });
  }

  /** Somebody has taken all that was held. */
  flushed(thread: ActiveThread): void {
    const { held } = thread;
    if (held === null) return;
    if (held.state === 'waiting') this.waitingThreads--;
    else {
      this.undeliveredThreads--;
      this.options.monitor.delivered(thread.id);
    }
    this.outcomes.held(thread, held, 'delivered');
    thread.held = null;
    void this.mark(thread);
  }

  /** Writes a mark again that the log had refused. */
  markAgain(thread: ActiveThread): void {
    if (thread.isMarkLost && thread.marking === 0) void this.mark(thread);
  }

  /** Writes the mark as it now stands, and never rejects: losing it costs a report after a crash, not a message. */
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
