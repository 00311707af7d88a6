/**
 * What the analytics store is told besides messages: what became of a message, and which state a chart left. Facts are
 * kept in the log until the store has them, so that an outage of it costs none.
 */
import type { DeliveryOutcome } from '../../machines/delivery-outcome.js';

/** What became of messages of a thread. Times are milliseconds since the Unix epoch. */
export interface DeliveryFact {
  readonly kind: 'delivery';
  readonly thread: string;
  readonly epoch: string;
  /** Offset of the message; of several, that of the first. */
  readonly offset: number;
  /** How many messages this is said of: more than one when a thread's held messages share their fate. */
  readonly messages: number;
  readonly outcome: DeliveryOutcome;
  /** Subscriptions that were given it. */
  readonly subscribers: number;
  /** When it was so. */
  readonly at: number;
  /** From the server's receipt of the message (of several, the first) until then, in milliseconds and parts of them. */
  readonly tookMs: number;
}

/** A chart went from one state to another. */
export interface TransitionFact {
  readonly kind: 'transition';
  /** Id of the machine, such as `delivery`. */
  readonly chart: string;
  /** Id of the actor, such as `delivery:t42`. */
  readonly actor: string;
  /** State values in words, nested ones joined with dots, such as `serving.ready`. */
  readonly from: string;
  readonly to: string;
  /** Type of the event that caused it. */
  readonly event: string;
  /** When, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** How long the actor was in `from`, in milliseconds. */
  readonly spentMs: number;
}

/** Something that happened and is told once. */
export type Fact = DeliveryFact | TransitionFact;
