/**
 * What the analytics store is told besides messages: what became of a message, who read it when, and which state a
 * chart left. Facts are kept in the log until the store has them, so that an outage of it costs none.
 */
import type { DeliveryOutcome } from '../../machines/delivery/delivery-outcome.js';

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
  /**
   * From the receipt of the message until its entry was as durable as its ack says. Absent where this is said of held
   * messages together, and in facts of versions that did not measure it.
   */
  readonly appendedMs?: number;
}

/**
 * What a user or a connection of theirs did with the messages of a span: `acked` the author was answered, later than
 * when its entry was durable · `replayed` a new subscription was given them out of the log · `lagged` a connection that
 * was too slow was given them late · `left` a subscription ended without having been given them · `read` they were
 * marked as read.
 */
export const STEPS = ['acked', 'replayed', 'lagged', 'left', 'read'] as const;

/** One of {@link STEPS}, of a span of messages: one fact however many they are. Times are milliseconds since the epoch. */
export interface StepFact {
  readonly kind: 'step';
  readonly step: (typeof STEPS)[number];
  readonly thread: string;
  readonly epoch: string;
  /** Whom it is about; empty where nobody has a name, as on the event stream of a backend. */
  readonly user: string;
  /** Id of the connection that it happened on; empty when there is none. */
  readonly connection: string;
  /** The first and the last offset of the span. */
  readonly from: number;
  readonly upTo: number;
  /** When it began: the subscription was opened, the connection began to lag. Equal to `at` where nothing lasts. */
  readonly since: number;
  /** When it was so. */
  readonly at: number;
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
export type Fact = DeliveryFact | StepFact | TransitionFact;
