/**
 * The way from the log into ClickHouse, as a child of a supervisor. Batches are gathered while there is little, and
 * follow one another while there is much, each with a rest for the chat. While ClickHouse is away it waits: that outage
 * is told by ClickHouse's own chart. A store that is there and takes no rows is an outage of this one.
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

/** Longest that something waits for company before it is stored: one insert a second costs an idle server nothing. */
export const GATHER_MS = 1_000;

/** Longest wait after the first failed batch; it doubles up to `retryMaxMs`. */
export const SINK_RETRY_BASE_MS = 500;

/** How long a store may seem away before that is an outage of the sink: ClickHouse's own pings find out sooner. */
export const AWAY_GRACE_MS = 20_000;

/** Longest that a stop waits for the batch in hand; one that is left is sent again, and its key makes it one. */
export const FINISH_MS = 3_000;

/** What the chart is built with; `now` and `random` are its only sources of time (Unix milliseconds) and chance. */
export interface SinkSettings {
  /** Longest wait between two attempts at a batch, at least {@link SINK_RETRY_BASE_MS}. */
  readonly retryMaxMs: number;
  readonly now: () => number;
  readonly random: () => number;
}

/** A failure that looks as if the store were away: not an outage of the sink unless it goes on. */
export class StoreAwayError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'StoreAwayError';
  }
}

/** The log that is read could not be: its own incident tells of that, and the sink only waits. */
export class LogAwayError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'LogAwayError';
  }
}

/** Orders and events that reach the chart. */
export type SinkEvent =
  ChildStop | { type: 'store.up' } | { type: 'store.down' } | { type: 'work' };

/** What the chart has to say to the log, once per outage: that it began, and that all is stored again. */
export type SinkNews = 'refused' | 'caughtUp';

/**
 * Builds the chart. Give it `watch`, `identify`, `store` and the action `log` by `.provide()`: `watch` tells of the
 * store and of work; `identify` makes sure that the log is sent to the store that has what was taken; `store` stores one
 * batch and takes it, unless its signal has aborted.
 */
export function createSinkMachine({ retryMaxMs, now, random }: SinkSettings) {
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
        // the actor layer takes hold of the actor here, for /status
      },
      log: (_, _params: { news: SinkNews }) => {
        // the actor layer has the words and the logger
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
        failingSince: context.failingSince ?? now(),
        retries: context.retries + 1
      })),
      noteOutage: assign(({ context }) => ({
        isDegraded: true,
        openSince: context.openSince ?? context.failingSince
      })),
      // The failures were the beginning of an outage that is not of this chart's making.
      noteDown: assign(({ context }) =>
        context.isDegraded ? {} : { error: null, failingSince: null, retries: 0 }
      ),
      noteStored: assign(({ context }, done: BatchDone) => afterBatch(context, done, now())),
      planRetry: assign(({ context }) => {
        const retryMs = fullJitterMs(Math.max(1, context.retries), random(), retryBounds);
        return { retryMs, nextAttemptAt: now() + retryMs };
      })
    }
  });

  const tellFailure = chart.enqueueActions(({ context, enqueue }) => {
    const failingMs = now() - (context.failingSince ?? now());
    if (context.isDegraded || context.isLogAway) return;
    if (context.isAway && failingMs < AWAY_GRACE_MS) return;
    if (context.openSince === null) {
      enqueue.assign({ caughtUp: 0 });
      enqueue({ type: 'log', params: { news: 'refused' } });
    }
    enqueue('noteOutage');
    enqueue('reportDegraded');
  });
  const tellStored = chart.enqueueActions(({ context, enqueue }) => {
    if (context.isDegraded) {
      enqueue.assign({ isDegraded: false });
      enqueue('reportRecovered');
    }
    // Rows are behind for longer than the store was: the line that ends the outage tells how many they were.
    if (context.openSince !== null && !context.hasMore) {
      enqueue({ type: 'log', params: { news: 'caughtUp' } });
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
                // Sent again from the beginning: nothing is complete any more.
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
                  // What the store is may have changed: its tables may be gone, it may be another one.
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
            exit: assign({ nextAttemptAt: null }),
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
