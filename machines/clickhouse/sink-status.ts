/** State of the sink: the context of its chart, and its progress in `/status`. */
import { NO_ATTEMPT, untilDue, type NextAttempt } from '../supervision/next-attempt.js';

/** Rows stored since the sink started, by table. */
export interface StoredRows {
  readonly messages: number;
  readonly deliveries: number;
  readonly transitions: number;
  readonly steps: number;
  readonly runs: number;
}

/** Result of one batch. */
export interface BatchDone {
  readonly stored: StoredRows;
  /** Whether the log holds more than fitted into the batch. */
  readonly more: boolean;
  /** When the batch was read, Unix milliseconds. When `more` is false, everything up to then is stored. */
  readonly readAt: number;
  /** Whether the log holds something to store now. */
  readonly pending: boolean;
  /** How long the batch kept the event loop busy, in milliseconds. */
  readonly busyMs: number;
}

/** What the sink is doing, whether or not it succeeds. */
export type SinkActivity = 'waiting' | 'idle' | 'storing';

/** `status` of the sink. It is `retrying` from a failed batch until the store accepts one. */
export type SinkState = SinkActivity | 'retrying';

/** Context of the chart, with the plan for the next attempt. Times are Unix milliseconds. */
export interface SinkContext extends NextAttempt {
  readonly id: string;
  activity: SinkActivity;
  status: SinkState;
  /** When `status` last changed. */
  since: number;
  /** Why the last batch was not stored; null when it was stored. */
  error: string | null;
  /** Whether that failure looked as if the store could not be reached. */
  isAway: boolean;
  /** Whether the embedded log could not be read or written. */
  isLogAway: boolean;
  /** When batches began to fail, by a clock that never goes back; null when the last one was stored. */
  failingSince: number | null;
  retries: number;
  retryMs: number;
  /** Whether the supervisor was told that the sink is degraded. */
  isDegraded: boolean;
  /**
   * When the outage began that a log line has reported, by the same clock; null when there is none. It ends when the
   * backlog is stored.
   */
  openSince: number | null;
  /** Rows stored since `openSince`. */
  caughtUp: number;
  /** Whether there is something to store that the running batch may not hold. */
  isPending: boolean;
  /** Whether the log held more than fitted into the last batch. */
  hasMore: boolean;
  /** Pause after the last batch, in milliseconds. */
  restMs: number;
  stored: StoredRows;
  batches: number;
  lastStoredAt: number | null;
  /** Everything up to this time is stored; null when that is not known of any time. */
  completeAt: number | null;
}

/** The context of a new sink at `nowMs` (Unix milliseconds). */
export function freshSink(id: string, nowMs: number): SinkContext {
  return {
    id,
    activity: 'waiting',
    status: 'waiting',
    since: nowMs,
    error: null,
    isAway: false,
    isLogAway: false,
    failingSince: null,
    retries: 0,
    retryMs: 0,
    ...NO_ATTEMPT,
    isDegraded: false,
    openSince: null,
    caughtUp: 0,
    isPending: false,
    hasMore: false,
    restMs: 0,
    stored: { messages: 0, deliveries: 0, transitions: 0, steps: 0, runs: 0 },
    batches: 0,
    lastStoredAt: null,
    completeAt: null
  };
}

/** The changes that a batch stored at `nowMs` (Unix milliseconds) makes to the context. */
export function afterBatch(
  context: SinkContext,
  done: BatchDone,
  nowMs: number
): Partial<SinkContext> {
  const { messages, deliveries, transitions, steps, runs } = done.stored;
  const rows = messages + deliveries + transitions + steps + runs;
  return {
    error: null,
    failingSince: null,
    retries: 0,
    isPending: context.isPending || done.pending,
    hasMore: done.more,
    // Use at most half of the event loop: the chat goes first.
    restMs: Math.max(1, Math.ceil(done.busyMs)),
    stored: {
      messages: context.stored.messages + messages,
      deliveries: context.stored.deliveries + deliveries,
      transitions: context.stored.transitions + transitions,
      steps: context.stored.steps + steps,
      runs: context.stored.runs + runs
    },
    batches: context.batches + (rows > 0 ? 1 : 0),
    lastStoredAt: rows > 0 ? nowMs : context.lastStoredAt,
    caughtUp: context.caughtUp + rows,
    completeAt: done.more ? context.completeAt : done.readAt
  };
}

/** What `/status` shows of the sink, without its backlog. `nextAttemptMs` counts from now. */
export interface SinkProgress {
  readonly status: SinkState;
  readonly since: number;
  readonly error: string | null;
  readonly stored: StoredRows;
  readonly batches: number;
  readonly lastStoredAt: number | null;
  readonly nextAttemptMs: number | null;
}

/** Returns the sink's progress as of `elapsedMs`, a moment of `elapsed()`. */
export function sinkProgress(
  { context }: { readonly context: SinkContext },
  elapsedMs: number
): SinkProgress {
  const { status, since, error, stored, batches, lastStoredAt, attemptDueAt } = context;
  const nextAttemptMs = untilDue(attemptDueAt, elapsedMs);
  return { status, since, error, stored, batches, lastStoredAt, nextAttemptMs };
}
