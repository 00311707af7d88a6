/**
 * Counters of the message path: plain numbers, so that counting costs nothing worth measuring.
 */
import {
  DELIVERY_OUTCOMES,
  type DeliveryOutcome
} from '../../machines/delivery/delivery-outcome.js';
import { Histogram, NUMBERS, SECONDS } from '../metrics/histogram.js';

/** How often each outcome has come since the start, how long messages took, and what subscriptions read. */
export class DeliveryCounts {
  /** Seconds from the receipt of a message to its durable entry, when its author is answered. */
  readonly ackSeconds = new Histogram(SECONDS);
  /** Seconds from the receipt of a message until it is with the sockets of its subscribers. */
  readonly deliverySeconds = new Histogram(SECONDS);
  /** Messages that a new subscription has to read from the log. */
  readonly replayMessages = new Histogram(NUMBERS);
  /** Subscriptions that continued where they were, and those that were told of a gap. */
  readonly recovers = { true: 0, false: 0 };
  /** Subscriptions now, of connections, event streams and backends. */
  subscriptions = 0;
  private readonly outcomes = new Map<DeliveryOutcome, number>(
    DELIVERY_OUTCOMES.map((outcome) => [outcome, 0])
  );

  /** Counts one or several messages under an outcome. */
  add(outcome: DeliveryOutcome, messages = 1): void {
    this.outcomes.set(outcome, this.of(outcome) + messages);
  }

  /** Counts how long a message took to its durable entry and to its outcome, in milliseconds. */
  took(outcome: DeliveryOutcome, appendedMs: number, tookMs: number): void {
    this.ackSeconds.observe(appendedMs / 1_000);
    if (outcome === 'delivered') this.deliverySeconds.observe(tookMs / 1_000);
  }

  /** Counts a new subscription. `recovered`: whether it continued without a gap; null when it named no place. */
  subscribed(replay: number, recovered: boolean | null): void {
    this.replayMessages.observe(replay);
    if (recovered !== null) this.recovers[recovered ? 'true' : 'false']++;
  }

  /** Messages counted under an outcome. */
  of(outcome: DeliveryOutcome): number {
    return this.outcomes.get(outcome) ?? 0;
  }

  /** All outcomes with their counts. */
  all(): Record<string, number> {
    return Object.fromEntries(this.outcomes);
  }
}
