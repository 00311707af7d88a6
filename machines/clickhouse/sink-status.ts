/**
 * What is known of the sink: the context of its chart, and what `/status` says of it.
 */

/** Rows stored since the sink was started, by table. */
export interface StoredRows {
  readonly messages: number;
  readonly deliveries: number;
  readonly transitions: number;
  readonly steps: number;
}

/** What one batch came to. */
export interface BatchDone {
  readonly stored: StoredRows;
  /** Whether there was more than fitted into the batch. */
  readonly more: boolean;
  /** When the batch was read, Unix milliseconds: without `more`, all there was then is stored now. */
  readonly readAt: number;
  /** Whether there is something to take now. */
  readonly pending: boolean;
  /** How long the batch kept the event loop busy, in milliseconds. */
  readonly busyMs: number;
}

/** What the sink does, apart from whether that goes well. */
export type SinkActivity = 'waiting' | 'idle' | 'storing';

/** `status` of the sink: `retrying` once the store has failed a batch, until it takes one again. */
export type SinkState = SinkActivity | 'retrying';

/** All that the chart remembers; times are Unix milliseconds. */
export interface SinkContext {
  readonly id: string;
  activity: SinkActivity;
  status: SinkState;
  /** When `status` became what it is. */
  since: number;
  /** Why the latest batch was not stored, null when it was. */
  error: string | null;
  /** Whether that looked as if the store were away. */
  isAway: boolean;
  /** Whether it was the log that could not be read or written. */
  isLogAway: boolean;
  /** When batches began to fail, null when they do not. */
  failingSince: number | null;
  retries: number;
  retryMs: number;
  nextAttemptAt: number | null;
  /** Whether the supervisor has been told that this is degraded. */
  isDegraded: boolean;
  /** When the outage that the log tells of began, null when it tells of none; it ends once all is stored. */
  openSince: number | null;
  /** Rows stored since then. */
  caughtUp: number;
  /** Whether there is something to take that the batch in hand may not hold. */
  isPending: boolean;
  /** Whether there was more than the latest batch held. */
  hasMore: boolean;
  /** Rest after the latest batch, in milliseconds. */
  restMs: number;
  stored: StoredRows;
  batches: number;
  lastStoredAt: number | null;
  /** Latest time of which everything is stored; null when there is none. */
  completeAt: number | null;
}

/** The context of a sink that has just been made at `nowMs`. */
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
    nextAttemptAt: null,
    isDegraded: false,
    openSince: null,
    caughtUp: 0,
    isPending: false,
    hasMore: false,
    restMs: 0,
    stored: { messages: 0, deliveries: 0, transitions: 0, steps: 0 },
    batches: 0,
    lastStoredAt: null,
    completeAt: null
  };
}

/** What a batch that was stored at `nowMs` changes. */
export function afterBatch(
  context: SinkContext,
  done: BatchDone,
  nowMs: number
): Partial<SinkContext> {
  const { messages, deliveries, transitions, steps } = done.stored;
  const rows = messages + deliveries + transitions + steps;
  return {
    error: null,
    failingSince: null,
    retries: 0,
    isPending: context.isPending || done.pending,
    hasMore: done.more,
    // Half of the event loop at most: the chat goes first.
    restMs: Math.max(1, Math.ceil(done.busyMs)),
    stored: {
      messages: context.stored.messages + messages,
      deliveries: context.stored.deliveries + deliveries,
      transitions: context.stored.transitions + transitions,
      steps: context.stored.steps + steps
    },
    batches: context.batches + (rows > 0 ? 1 : 0),
    lastStoredAt: rows > 0 ? nowMs : context.lastStoredAt,
    caughtUp: context.caughtUp + rows,
    completeAt: done.more ? context.completeAt : done.readAt
  };
}

/** What `/status` says of the sink, without its backlog; `nextAttemptMs` is from now. */
export interface SinkProgress {
  readonly status: SinkState;
  readonly since: number;
  readonly error: string | null;
  readonly stored: StoredRows;
  readonly batches: number;
  readonly lastStoredAt: number | null;
  readonly nextAttemptMs: number | null;
}

/** Says how the sink is at `nowMs`. */
export function sinkProgress(
  { context }: { readonly context: SinkContext },
  nowMs: number
): SinkProgress {
  const { status, since, error, stored, batches, lastStoredAt, nextAttemptAt } = context;
  const nextAttemptMs = nextAttemptAt === null ? null : Math.max(0, nextAttemptAt - nowMs);
  return { status, since, error, stored, batches, lastStoredAt, nextAttemptMs };
}
