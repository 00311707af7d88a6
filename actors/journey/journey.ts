/**
 * The journey of one message in one thread, step by step; it answers why a message did not arrive. A step whose time is
 * not known has none, and a note says why.
 */
import type { StepFact } from '../facts/fact.js';
import type { RunEnd } from '../../machines/agents/run.machine.js';
import type { Durability } from '../log/log-writer.js';

/** The message of a journey; of its body only the size. */
export interface JourneyMessage {
  readonly thread: string;
  readonly epoch: string;
  readonly offset: number;
  /** Author's user name. */
  readonly user: string;
  readonly kind: string;
  /** When it was received, Unix milliseconds. */
  readonly at: number;
  /** Bytes of the body as JSON text. */
  readonly sizeBytes: number;
  /** Whether the log still has the message. If not, it was found in ClickHouse. */
  readonly isKept: boolean;
}

/**
 * Where a step comes from. `log`: the message itself, a mark, or a fact that ClickHouse does not have yet ·
 * `clickhouse`: a fact that ClickHouse has · `now`: the present state.
 */
export type StepSource = 'log' | 'clickhouse' | 'now';

/**
 * Names of the steps of agents: of the run that answers the message, and `steered_run` and `cancelled_run` for what the
 * message did to another run.
 */
export type RunStepName =
  | 'run_queued'
  | 'run_started'
  | 'run_first_text'
  | 'run_tool'
  | 'run_asked'
  | 'run_answered'
  | 'run_steered'
  | `run_${RunEnd}`
  | 'steered_run'
  | 'cancelled_run';

/** Names of the steps. */
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
  | RunStepName
  | Exclude<StepFact['step'], 'acked'>;

/** One step. Fields that its kind does not have are absent. Times are Unix milliseconds. */
export interface JourneyStep {
  readonly step: StepName;
  /** When it happened; null when that is not known. */
  readonly at: number | null;
  /** Milliseconds since the receipt; with fractions where a stopwatch measured them. */
  readonly afterMs: number | null;
  readonly source: StepSource;
  readonly offset?: number;
  /** What the ack promised; absent when another process gave it. */
  readonly durable?: Durability;
  /** Number of subscriptions that got it. */
  readonly subscribers?: number;
  /** Number of messages with the same outcome. */
  readonly messages?: number;
  /** When a held message will be reported as undelivered. */
  readonly dueAt?: number;
  /** The user; empty where there is no user name. */
  readonly user?: string;
  readonly connection?: string;
  /** When a reader fell behind. */
  readonly since?: number;
  /** First offset of the span that the step covers; absent when it covers only this message. */
  readonly from?: number;
  readonly upTo?: number;
  /** Newest offset that a reader who is behind has got. */
  readonly cursor?: number;
  /** The run of an agent that the step is about, and its agent. */
  readonly run?: string;
  readonly agent?: string;
  /** Number of runs before a queued one. */
  readonly position?: number;
  /** A tool that a run called; `ok` says whether it succeeded and is absent while it has not ended. */
  readonly tool?: string;
  readonly ok?: boolean;
  /** How long a tool or a run took, in milliseconds. */
  readonly tookMs?: number;
  /** Why a run failed. */
  readonly code?: string;
  /** How often the agent was called. */
  readonly attempts?: number;
  /** `mid` of the other message that steered or cancelled the run. */
  readonly mid?: string;
}

/** Outcome so far; `unknown` when nothing records it. */
export type JourneyStatus =
  | 'delivered'
  | 'delivered_late'
  | 'delivered_to_user'
  | 'stored'
  | 'held'
  | 'undelivered'
  | 'unknown';

/** A run that has not ended, as it is now. */
export interface OpenRun {
  readonly run: string;
  readonly agent: string;
  readonly state: 'queued' | 'running' | 'waiting';
  readonly attempts: number;
}

/** The run that answers a message. */
export interface JourneyRun extends Omit<OpenRun, 'state'> {
  /** `unknown`: it has begun, and neither its end nor the run itself is found. */
  readonly state: OpenRun['state'] | RunEnd | 'unknown';
}

/** The journey of one message. */
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
  /** The run of an agent that answers it; null when there is none. */
  readonly run: JourneyRun | null;
  /** Whether it is finished: nothing holds the message, no reader is behind it, and its run has ended. */
  readonly complete: boolean;
  /** Sentences that say what is not known, and why. */
  readonly notes: readonly string[];
}

/** A connection that has not got the message yet. */
export interface ReaderBehind {
  readonly user: string;
  readonly connection: string;
  readonly cursor: number;
  readonly why: 'replaying' | 'lagging';
  /** When it fell behind, Unix milliseconds; null when that is not known. */
  readonly since: number | null;
}

/** Present state of the thread. */
export interface JourneyNow {
  readonly isTestThread: boolean;
  readonly subscribers: number;
  /**
   * Messages of the thread that wait for a subscriber; null when there are none. `dueAt` is null unless their grace
   * runs here.
   */
  readonly held: {
    readonly from: number;
    readonly since: number;
    readonly state: 'waiting' | 'undelivered';
    readonly dueAt: number | null;
    readonly source: 'log' | 'now';
  } | null;
  /** Connections that are behind the message, up to a limit. */
  readonly behind: readonly ReaderBehind[];
  /** Number of further ones. */
  readonly behindMore: number;
  /** Users in the thread whose read mark is at the message or later. */
  readonly readers: readonly string[];
  /** What acks promise; null for a message that another process acknowledged. */
  readonly durable: Durability | null;
}
