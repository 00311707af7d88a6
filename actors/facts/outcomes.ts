/**
 * Records what became of messages, twice: as a count for `/status` and as a fact for the analytics store. Test threads
 * are only counted.
 */
import type { DeliveryOutcome } from '../../machines/delivery/delivery-outcome.js';
import type { Clock } from '../clock.js';
import type { DeliveryCounts } from '../monitor/delivery-counts.js';
import { microseconds } from './fact-row.js';
import type { Fact } from './fact.js';
import type { FactThread } from './fact-thread.js';

/** Options of {@link Outcomes}. */
export interface OutcomesOptions {
  readonly counts: DeliveryCounts;
  readonly record: (fact: Fact) => void;
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
}

/** Messages of one thread that were held together. */
export interface HeldSpan {
  /** Offset of the first of them. */
  readonly from: number;
  /** When the first was stored, a moment of `Clock.elapsed()`. */
  readonly heldAt: number;
  /** Number of messages. */
  readonly messages: number;
}

/** Records outcomes. */
export class Outcomes {
  private readonly options: OutcomesOptions;

  constructor(options: OutcomesOptions) {
    this.options = options;
  }

  /**
   * Records the outcome of one message. `tookMs` and `appendedMs` count from its receipt to the outcome and to its
   * durable entry, in milliseconds.
   */
  message(
    thread: FactThread,
    offset: number,
    outcome: DeliveryOutcome,
    tookMs: number,
    appendedMs: number
  ): void {
    this.options.counts.took(outcome, appendedMs, tookMs);
    this.tell(thread, offset, 1, outcome, this.options.clock.now(), tookMs, appendedMs);
  }

  /** Records one outcome for all held messages of a thread. */
  held(thread: FactThread, { from, heldAt, messages }: HeldSpan, outcome: DeliveryOutcome): void {
    const { clock } = this.options;
    const tookMs = clock.elapsed() - heldAt;
    this.tell(thread, from, messages, outcome, clock.now(), tookMs);
  }

  /** Counts a refused message. It has no offset, so there is no fact of it. */
  refused(): void {
    this.options.counts.add('refused');
  }

  private tell(
    { id, epoch, isTestThread, subscribers }: FactThread,
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
