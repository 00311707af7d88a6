/**
 * Logs the threads whose messages nobody has got: one line for each of the first ones and one when it has a subscriber
 * again. Beyond that they are one incident with a count, since a thread for every stranger must not be a line for every
 * stranger.
 */
import type { LineFields, Logger } from '../log-line.js';

/** Most threads at once that are logged one by one. */
export const TOLD_ONE_BY_ONE = 10;

/** At this number of threads the one incident is over. Below the number at which it begins, so that it does not flap. */
export const TOLD_AS_ONE_UNTIL = TOLD_ONE_BY_ONE / 2;

/** Logs what opens and closes. */
export class DeliveryIncidents {
  private readonly logger: Pick<Logger, 'error' | 'info'>;
  /** Threads with a line of their own. */
  private readonly told = new Set<string>();
  /** Number of threads that the last line of the one incident counted; null while there is none. */
  private counted: number | null = null;
  /** Most threads that the one incident had at once. */
  private most = 0;

  constructor(logger: Pick<Logger, 'error' | 'info'>) {
    this.logger = logger;
  }

  /** Takes over what the last process left open and has logged. */
  restore(threads: number): void {
    if (threads <= TOLD_ONE_BY_ONE) return;
    this.counted = threads;
    this.most = threads;
  }

  /** A thread has waited too long; `threads` is the number of those that do now, this one included. */
  opened(threads: number, thread: string, fields: LineFields): void {
    this.most = Math.max(this.most, threads);
    if (this.counted === null && threads <= TOLD_ONE_BY_ONE) {
      this.told.add(thread);
      this.logger.error(
        'Cannot deliver message: nobody has subscribed to the thread within the grace; ' +
          'what was published is kept and goes to the next subscriber',
        { actor: 'delivery', thread, ...fields }
      );
      return;
    }
    if (this.counted !== null && threads < 2 * this.counted) return;
    this.counted = threads;
    this.most = threads;
    this.logger.error(
      `Cannot deliver message: nobody has subscribed to ${String(threads)} threads within the grace; ` +
        'what was published is kept and goes to the next subscribers; the next line comes when the number has doubled',
      { actor: 'delivery', thread, threads }
    );
  }

  /** Somebody got the undelivered messages of a thread. */
  resumed(thread: string, messages: number): void {
    if (!this.told.delete(thread) && this.counted !== null) return;
    this.logger.info('Delivery resumed: the thread has a subscriber again', {
      actor: 'delivery',
      thread,
      messages
    });
  }

  /** Notes how many threads have waited too long now, after one has got a subscriber. */
  left(threads: number): void {
    if (this.counted === null || threads > TOLD_AS_ONE_UNTIL) return;
    this.logger.info('Delivery resumed: the threads have subscribers again', {
      actor: 'delivery',
      threads: this.most,
      stillWaiting: threads
    });
    this.counted = null;
    this.most = 0;
  }
}
