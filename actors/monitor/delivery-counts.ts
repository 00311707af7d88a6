/**
 * Counters of the message path: plain numbers, so that counting costs nothing worth measuring.
 */
import {
  DELIVERY_OUTCOMES,
  type DeliveryOutcome
} from '../../machines/delivery/delivery-outcome.js';

/** How often each outcome has come since the start, and what went out. */
export class DeliveryCounts {
  private readonly outcomes = new Map<DeliveryOutcome, number>(
    DELIVERY_OUTCOMES.map((outcome) => [outcome, 0])
  );

  /** Counts one or several messages under an outcome. */
  add(outcome: DeliveryOutcome, messages = 1): void {
    this.outcomes.set(outcome, this.of(outcome) + messages);
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
