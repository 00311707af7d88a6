/**
 * Chart of the sink, which copies rows from the log into ClickHouse; a child of a supervisor. When rows are few, it
 * gathers them for up to a second. When there are many, batches follow one another, with a pause after each for the
 * chat. While ClickHouse is away the sink waits: ClickHouse's own chart reports that outage. When ClickHouse answers
 * but does not accept rows, the sink reports an outage of its own.
 */
import {
  assign,
  sendParent,
  setup,
  stateIn,
  type CallbackActorLogic,
  type EventObject,
  type PromiseActorLogic
} from 'xstate';
import { fullJitterMs, type BackoffBounds } from '../supervision/backoff.js';
import { attemptIn, NO_ATTEMPT } from '../supervision/next-attempt.js';
import { reasonOf } from '../reason.js';
import {
  type ChildInput,
  type ChildOutput,
  type ChildReport,
  type ChildStop
} from '../supervision/child.js';
import {
  afterBatch,
  freshSink,
  type BatchDone,
  type SinkActivity,
  type SinkContext
} from './sink-status.js';

/** Longest time that rows are gathered before they are stored. At one insert a second, an idle server costs nothing. */
export const GATHER_MS = 1_000;

/** Longest wait after the first failed batch; it doubles up to `retryMaxMs`. */
export const SINK_RETRY_BASE_MS = 500;

/**
 * How long the store may look unreachable before the sink reports an outage. ClickHouse's own pings find that out
 * sooner.
 */
export const AWAY_GRACE_MS = 20_000;

/**
 * Longest time that a stop waits for the running batch. A batch that is cut off is sent again; ClickHouse drops the
 * duplicate by its key.
 */
export const FINISH_MS = 3_000;

/**
 * Settings of the chart. `now` (Unix milliseconds, for times that are shown), `elapsed` (milliseconds of a clock that
 * never goes back) and `random` ([0, 1)) are its only sources of time and chance.
 */
export interface SinkSettings {
  /** Longest wait between two attempts at a batch; at least {@link SINK_RETRY_BASE_MS}. */
  readonly retryMaxMs: number;
  readonly now: () => number;
  readonly elapsed: () => number;
  readonly random: () => number;
}

/** The store could not be reached. The sink reports an outage only if this goes on for {@link AWAY_GRACE_MS}. */
export class StoreAwayError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'StoreAwayError';
  }
}

/** The log could not be read or written. The log reports its own incident; the sink only waits and retries. */
export class LogAwayError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'LogAwayError';
  }
}

/** Events of the chart. */
export type SinkEvent =
  ChildStop | { type: 'store.up' } | { type: 'store.down' } | { type: 'work' };

/** Log lines that the chart asks for, once per outage each: the store refuses rows, the backlog is stored. */
export type SinkNews = 'refused' | 'caughtUp';

/**
 * Builds the chart. `.provide()` must give it `watch`, `identify`, `store` and the action `writeLine`. `watch` reports when
 * the store is up or down and when the log has rows. `identify` checks that the store is the one that has the rows
 * taken so far; if it is not, the log starts from the beginning. `store` stores one batch and removes it from the
 * backlog, unless its signal has aborted.
 */
export function createSinkMachine({ retryMaxMs, now, elapsed, random }: SinkSettings) {
  const retryBounds: BackoffBounds = { baseMs: SINK_RETRY_BASE_MS, maxMs: retryMaxMs };
  const chart = setup({
    types: {
      context: {} as SinkContext,
      input: {} as ChildInput,
      events: {} as SinkEvent,
      output: {} as ChildOutput,
      tags: {} as 'ready' | 'degraded' | 'draining'
    },
    actors: {
      watch: {} as CallbackActorLogic<EventObject>,
      identify: {} as PromiseActorLogic<{ isRewound: boolean }>,
      store: {} as PromiseActorLogic<BatchDone>
    },
    delays: {
      gather: GATHER_MS,
      finish: FINISH_MS,
      rest: ({ context }) => context.restMs,
      backoff: ({ context }) => context.retryMs
    },
    guards: {
      isFinishing: stateIn('#finishing'),
      isPending: ({ context }) => context.isPending,
      hasMore: ({ context }) => context.hasMore
    },
    actions: {
      announce: () => {
        // the actor layer keeps a reference to the actor here, for /status
      },
      writeLine: (_, _params: { news: SinkNews }) => {
        // the actor layer words and writes the line
      },
      reportReady: sendParent(({ context }): ChildReport => ({
        type: 'child.ready',
        id: context.id
      })),
      reportDegraded: sendParent(({ context }): ChildReport => ({
        type: 'child.degraded',
        id: context.id,
        error: String(context.error)
      })),
      reportRecovered: sendParent(({ context }): ChildReport => ({
        type: 'child.recovered',
        id: context.id
      })),
      become: assign(({ context }, { activity }: { activity: SinkActivity }) => {
        const isRetrying = activity !== 'waiting' && context.error !== null;
        const status = isRetrying ? 'retrying' : activity;
        return { activity, status, since: status === context.status ? context.since : now() };
      }),
      noteWork: assign({ isPending: true }),
      noteFailure: assign(({ context }, { error }: { error: unknown }) => ({
        error: reasonOf(error),
        isAway: error instanceof StoreAwayError,
        isLogAway: error instanceof LogAwayError,
        failingSince: context.failingSince ?? elapsed(),
        retries: context.retries + 1
      })),
      noteOutage: assign(({ context }) => ({
        isDegraded: true,
        openSince: context.openSince ?? context.failingSince
      })),
      // The failures were the first signs of ClickHouse's own outage, which its chart reports.
      noteDown: assign(({ context }) =>
        context.isDegraded ? {} : { error: null, failingSince: null, retries: 0 }
      ),
      noteStored: assign(({ context }, done: BatchDone) => afterBatch(context, done, now())),
      planRetry: assign(({ context }) => {
        const retryMs = fullJitterMs(Math.max(1, context.retries), random(), retryBounds);
        return { retryMs, ...attemptIn(retryMs, { now, elapsed }) };
      })
    }
  });

  const tellFailure = chart.enqueueActions(({ context, enqueue }) => {
    const failingMs = elapsed() - (context.failingSince ?? elapsed());
    if (context.isDegraded || context.isLogAway) return;
    if (context.isAway && failingMs < AWAY_GRACE_MS) return;
    if (context.openSince === null) {
      enqueue.assign({ caughtUp: 0 });
      enqueue({ type: 'writeLine', params: { news: 'refused' } });
    }
    enqueue('noteOutage');
    enqueue('reportDegraded');
  });
  const tellStored = chart.enqueueActions(({ context, enqueue }) => {
    if (context.isDegraded) {
      enqueue.assign({ isDegraded: false });
      enqueue('reportRecovered');
    }
    // The outage ends when the backlog is stored, which is later than the first good batch; the line counts its rows.
    if (context.openSince !== null && !context.hasMore) {
      enqueue({ type: 'writeLine', params: { news: 'caughtUp' } });
      enqueue.assign({ openSince: null });
    }
  });

  return chart.createMachine({
    id: 'sink',
    context: ({ input }) => freshSink(input.id, now()),
    entry: ['announce', 'reportReady'],
    invoke: { id: 'watch', src: 'watch' },
    initial: 'waiting',
    states: {
      waiting: {
        tags: 'ready',
        entry: { type: 'become', params: { activity: 'waiting' } },
        on: { 'store.up': 'working', 'child.stop': 'stopped' }
      },
      working: {
        tags: 'ready',
        on: {
          work: { actions: 'noteWork' },
          'store.down': { target: 'waiting', actions: 'noteDown' },
          'child.stop': 'stopped'
        },
        initial: 'identifying',
        states: {
          identifying: {
            entry: { type: 'become', params: { activity: 'storing' } },
            invoke: {
              id: 'identify',
              src: 'identify',
              onDone: {
                target: 'storing',
                // The log is sent again from the beginning, so nothing counts as complete any more.
                actions: assign(({ context, event }) =>
                  event.output.isRewound ? { completeAt: null } : { completeAt: context.completeAt }
                )
              },
              onError: {
                target: 'backingOff',
                actions: { type: 'noteFailure', params: ({ event }) => ({ error: event.error }) }
              }
            }
          },
          idle: {
            entry: { type: 'become', params: { activity: 'idle' } },
            always: { guard: 'isPending', target: 'gathering' }
          },
          gathering: { after: { gather: 'storing' } },
          storing: {
            entry: [
              { type: 'become', params: { activity: 'storing' } },
              assign({ isPending: false })
            ],
            invoke: {
              id: 'store',
              src: 'store',
              onDone: [
                {
                  guard: 'isFinishing',
                  target: '#stopped',
                  actions: { type: 'noteStored', params: ({ event }) => event.output }
                },
                {
                  target: 'resting',
                  actions: { type: 'noteStored', params: ({ event }) => event.output }
                }
              ],
              onError: [
                { guard: 'isFinishing', target: '#stopped' },
                {
                  // Identify the store again: its tables may be gone, or it may be another store.
                  target: 'backingOff',
                  actions: { type: 'noteFailure', params: ({ event }) => ({ error: event.error }) }
                }
              ]
            },
            initial: 'running',
            states: {
              running: { on: { 'child.stop': 'finishing' } },
              finishing: {
                id: 'finishing',
                tags: 'draining',
                on: { 'store.down': '#stopped', 'child.stop': {} },
                after: { finish: '#stopped' }
              }
            }
          },
          resting: {
            entry: [tellStored, { type: 'become', params: { activity: 'storing' } }],
            after: { rest: [{ guard: 'hasMore', target: 'storing' }, { target: 'idle' }] }
          },
          backingOff: {
            tags: 'degraded',
            entry: [tellFailure, 'planRetry', { type: 'become', params: { activity: 'storing' } }],
            exit: assign(NO_ATTEMPT),
            after: { backoff: 'identifying' }
          }
        }
      },
      stopped: { id: 'stopped', type: 'final', tags: 'draining' }
    },
    output: { status: 'stopped' }
  });
}

/** The chart of {@link createSinkMachine}. */
export type SinkMachine = ReturnType<typeof createSinkMachine>;
