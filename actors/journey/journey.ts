/**
 * The life of one message in one thread, step by step, as it is told to whoever asks why it did not arrive. What a time
 * is not known of has none, and a note says why.
 */
import type { StepFact } from '../facts/fact.js';
import type { Durability } from '../log/thread-log.js';

/** A message that is asked about; of its body only the size. */
export interface JourneyMessage {
  readonly thread: string;
  readonly epoch: string;
  readonly offset: number;
  /** Author. */
  readonly user: string;
  readonly kind: string;
  /** When it was received, Unix milliseconds. */
  readonly at: number;
  /** Bytes of the body as JSON text. */
  readonly sizeBytes: number;
  /** Whether the log still has it; if not, it was found in ClickHouse. */
  readonly isKept: boolean;
}

/**
 * Where a step is known from: `log` the message itself, a mark, or a fact on its way to ClickHouse · `clickhouse` a fact
 * that is there · `now` how things stand at this moment.
 */
export type StepSource = 'log' | 'clickhouse' | 'now';

/** What can happen to a message. */
export type StepName =
  | 'received'
  | 'validated'
  | 'appended'
  | 'acked'
  | 'fanned_out'
  | 'stored'
  | 'delivered_to_user'
  | 'held'
  | 'undelivered'
  | 'delivered_late'
  | 'replaying'
  | 'lagging'
  | Exclude<StepFact['step'], 'acked'>;

/** One step; what a step of its kind has nothing to say of is absent. Times are Unix milliseconds. */
export interface JourneyStep {
  readonly step: StepName;
  /** When; null when that is not known. */
  readonly at: number | null;
  /** Milliseconds after it was received; parts of them where a stopwatch measured it. */
  readonly afterMs: number | null;
  readonly source: StepSource;
  readonly offset?: number;
  /** What the ack promised; absent when it was given by another process. */
  readonly durable?: Durability;
  /** Subscriptions that were given it. */
  readonly subscribers?: number;
  /** How many messages shared this fate. */
  readonly messages?: number;
  /** When a message that is held will be reported. */
  readonly dueAt?: number;
  /** Whom it is about; empty for who has no name. */
  readonly user?: string;
  readonly connection?: string;
  /** When a reader began to be behind. */
  readonly since?: number;
  /** First and last offset that the step was about, where it was about more than this message. */
  readonly from?: number;
  readonly upTo?: number;
  /** Newest offset that a reader who is behind has been given. */
  readonly cursor?: number;
}

/** How it ended, or where it stands; `unknown` when nothing says it. */
export type JourneyStatus =
  | 'delivered'
  | 'delivered_late'
  | 'delivered_to_user'
  | 'stored'
  | 'held'
  | 'undelivered'
  | 'unknown';

/** The whole life of one message in one thread. */
export interface Journey {
  readonly thread: string;
  readonly epoch: string;
  readonly offset: number;
  readonly from: { readonly user: string };
  readonly kind: string;
  readonly at: number;
  readonly sizeBytes: number;
  readonly status: JourneyStatus;
  readonly steps: readonly JourneyStep[];
  /** Whether nothing is outstanding: nothing holds it, and nobody is behind it. */
  readonly complete: boolean;
  /** What is not known, and why, in sentences. */
  readonly notes: readonly string[];
}

/** A connection that has not been given the message yet. */
export interface ReaderBehind {
  readonly user: string;
  readonly connection: string;
  readonly cursor: number;
  readonly why: 'replaying' | 'lagging';
  /** Null when that is not known. */
  readonly since: number | null;
}

/** How things stand with the thread at this moment. */
export interface JourneyNow {
  readonly isTestThread: boolean;
  readonly subscribers: number;
  /** What of the thread waits for a subscriber; `dueAt` while its grace runs here. */
  readonly held: {
    readonly from: number;
    readonly since: number;
    readonly state: 'waiting' | 'undelivered';
    readonly dueAt: number | null;
    readonly source: 'log' | 'now';
  } | null;
  /** Who is behind the message, as many as are listed. */
  readonly behind: readonly ReaderBehind[];
  /** How many more are. */
  readonly behindMore: number;
  /** Users in the thread whose read mark is at the message or past it. */
  readonly readers: readonly string[];
  /** What acks promise; null for a message that another process acknowledged. */
  readonly durable: Durability | null;
}
