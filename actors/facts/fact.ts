/**
 * Facts that the analytics store gets besides messages: what became of a message, who read it and when, and which state
 * a chart left. The log keeps facts until the store has them, so an outage of the store loses none.
 */
import type { DeliveryOutcome } from '../../machines/delivery/delivery-outcome.js';

/** What became of one or several messages of a thread. Times are Unix milliseconds. */
export interface DeliveryFact {
  readonly kind: 'delivery';
  readonly thread: string;
  readonly epoch: string;
  /** Offset of the message; of the first when there are several. */
  readonly offset: number;
  /** Number of messages. More than one when a thread's held messages have the same outcome. */
  readonly messages: number;
  readonly outcome: DeliveryOutcome;
  /** Number of subscriptions that got it. */
  readonly subscribers: number;
  /** When the outcome was known. */
  readonly at: number;
  /** Milliseconds, with fractions, from the server's receipt of the (first) message to `at`. */
  readonly tookMs: number;
  /**
   * Milliseconds from receipt until the entry was as durable as its ack says. Absent for held messages, and in facts of
   * versions that did not measure it.
   */
  readonly appendedMs?: number;
}

/**
 * What a user or a connection did with a span of messages.
 * - `acked`: the author got the ack, later than the entry was durable
 * - `replayed`: a new subscription got them from the log
 * - `lagged`: a connection that read too slowly got them late
 * - `left`: a subscription ended before it got them
 * - `read`: the user marked them as read
 */
export const STEPS = ['acked', 'replayed', 'lagged', 'left', 'read'] as const;

/** One of {@link STEPS} for a span of messages: one fact, however many messages. Times are Unix milliseconds. */
export interface StepFact {
  readonly kind: 'step';
  readonly step: (typeof STEPS)[number];
  readonly thread: string;
  readonly epoch: string;
  /** The user; empty where there is no user name, as on the event stream of a backend. */
  readonly user: string;
  /** Id of the connection; empty when there is none. */
  readonly connection: string;
  /** First offset of the span; `upTo` is the last. */
  readonly from: number;
  readonly upTo: number;
  /**
   * When it began: the subscription opened, or the connection began to lag. Equal to `at` when the step has no
   * duration.
   */
  readonly since: number;
  /** When the step ended. */
  readonly at: number;
}

/** A chart changed its state. */
export interface TransitionFact {
  readonly kind: 'transition';
  /** Id of the machine, such as `delivery`. */
  readonly chart: string;
  /** Id of the actor, such as `delivery:t42`. */
  readonly actor: string;
  /** State values as text, nested ones joined with dots, such as `serving.ready`. */
  readonly from: string;
  readonly to: string;
  /** Type of the event that caused it. */
  readonly event: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** How long the actor was in `from`, in milliseconds. */
  readonly spentMs: number;
}

/** Any fact. Each is recorded once. */
export type Fact = DeliveryFact | StepFact | TransitionFact;
