/**
 * What became of messages, told to both who want to know: counted for `/status`, and kept as a fact for the analytics
 * store. Test threads are counted only.
 */
import type { DeliveryOutcome } from '../../machines/delivery/delivery-outcome.js';
import type { ActiveThread, Held } from '../threads/active-thread.js';
import type { Clock } from '../clock.js';
import type { DeliveryCounts } from '../threads/delivery-counts.js';
import type { Fact } from './fact.js';

/** What the outcomes are told to. */
export interface OutcomesOptions {
  readonly counts: DeliveryCounts;
  readonly record: (fact: Fact) => void;
  readonly clock: Pick<Clock, 'now'>;
}

/** Tells outcomes. */
export class Outcomes {
  private readonly options: OutcomesOptions;

  constructor(options: OutcomesOptions) {
    this.options = options;
  }

  /** One message ended so, `tookMs` after it was received, having been durable after `appendedMs`. */
  message(
    thread: ActiveThread,
    offset: number,
    outcome: DeliveryOutcome,
    tookMs: number,
    appendedMs: number
  ): void {
    this.tell(thread, offset, 1, outcome, this.options.clock.now(), tookMs, appendedMs);
  }

  /** All that is held of a thread ended so, together. */
  held(thread: ActiveThread, { from, since, messages }: Held, outcome: DeliveryOutcome): void {
    const now = this.options.clock.now();
    this.tell(thread, from, messages, outcome, now, now - since);
  }

  /** A message was turned away: it has no place in the log, so it is counted only. */
  refused(): void {
    this.options.counts.add('refused');
  }

  private tell(
    { id, epoch, isTestThread, subscribers }: ActiveThread,
    offset: number,
    messages: number,
    outcome: DeliveryOutcome,
    at: number,
    tookMs: number,
    appendedMs?: number
  ): void {
    this.options.counts.add(outcome, messages);
    if (isTestThread) return;
    this.options.record({
      kind: 'delivery',
      thread: id,
      epoch,
      offset,
      messages,
      outcome,
      subscribers,
      at,
      tookMs,
      ...(appendedMs === undefined ? {} : { appendedMs: microseconds(appendedMs) })
    });
  }
}

/** Milliseconds to the microsecond: what more there is to such a number costs bytes in every fact. */
function microseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
