/**
 * Chart of the connection to ClickHouse, embedded or remote; a child of a supervisor. A required ClickHouse delays
 * startup until it is connected, and fails startup after a number of attempts or a deadline. An optional one reports
 * ready at once and connects in the background, without a limit. After the first connection, a lost connection is
 * *degraded* in both cases and is retried without a limit: no message passes through ClickHouse, so its outage must not
 * end the chat.
 */
import {
  assign,
  sendParent,
  setup,
  type CallbackActorLogic,
  type EventObject,
  type PromiseActorLogic
} from 'xstate';
import { fullJitterMs, type BackoffBounds } from '../supervision/backoff.js';
import { attemptIn, NO_ATTEMPT } from '../supervision/next-attempt.js';
import {
  REQUIRED_BUT,
  type ClickhouseContext,
  type ClickhouseState,
  type Miss
} from './clickhouse-status.js';
import { attemptLimitMs, RETRY_BASE_MS, type ClickhouseSettings } from './clickhouse-settings.js';
import { LostError } from './lost-error.js';
import { PermanentError } from './permanent-error.js';
import { reasonOf } from '../reason.js';
import {
  type ChildInput,
  type ChildOutput,
  type ChildReport,
  type ChildStop
} from '../supervision/child.js';

/**
 * Waits after a failure that retrying alone does not mend (wrong password, engine not installed): an operator has to
 * act first.
 */
export const PERMANENT_RETRY_BOUNDS: BackoffBounds = { baseMs: 60_000, maxMs: 60_000 };

/** A connection that has held this long counts as a success: the next outage begins with short waits again. */
export const SETTLED_MS = 30_000;

/** Events of the chart. */
export type ClickhouseEvent = ChildStop | { type: 'store.lost'; reason: string };

/** Log lines that the chart asks for, one per transition; the actor layer words them. */
export type ClickhouseNews = 'connected' | 'recovered' | 'unavailable' | 'required';

function missOf(error: unknown): Miss {
  return {
    reason: reasonOf(error),
    permanent: error instanceof PermanentError,
    isLoss: error instanceof LostError
  };
}

/**
 * Builds the chart. `.provide()` must give it `connect`, `migrate`, `watch`, `close` and the action `writeLine`. `connect`
 * first closes what an earlier attempt left open. `connect` and `migrate` release all they hold when their signal
 * aborts. `watch` sends `store.lost` once, when the connection is lost.
 */
export function createClickhouseMachine(settings: ClickhouseSettings) {
  const { now, random } = settings;
  const retryBounds: BackoffBounds = { baseMs: RETRY_BASE_MS, maxMs: settings.retryMaxMs };
  const chart = setup({
    types: {
      context: {} as ClickhouseContext,
      input: {} as ChildInput,
      events: {} as ClickhouseEvent,
      output: {} as ChildOutput,
      tags: {} as 'initializing' | 'ready' | 'degraded' | 'draining' | 'failed'
    },
    actors: {
      connect: {} as PromiseActorLogic<{ version: string }>,
      migrate: {} as PromiseActorLogic<void>,
      watch: {} as CallbackActorLogic<EventObject>,
      close: {} as PromiseActorLogic<void>
    },
    delays: {
      attemptTimeout: ({ context }) => attemptLimitMs(settings, context.attempt),
      deadline: settings.deadlineMs,
      settled: SETTLED_MS,
      backoff: ({ context }) => context.retryMs
    },
    guards: {
      isOff: ({ context }) => context.mode === 'off',
      isRequired: ({ context }) => context.required,
      hasConnected: ({ context }) => context.miss === null,
      isWorthRetrying: ({ context }) =>
        context.miss?.permanent !== true && context.attempt < settings.attempts
    },
    actions: {
      reportReady: sendParent(({ context }): ChildReport => ({
        type: 'child.ready',
        id: context.id
      })),
      /** Says what delays the start, so that the supervisor can name it if the start takes too long. */
      reportWaiting: sendParent(({ context }): ChildReport => ({
        type: 'child.waiting',
        id: context.id,
        on: `attempt ${String(context.attempt + 1)} of ${String(settings.attempts)}, after: ${String(context.error)}`
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
      announce: () => {
        // the actor layer keeps a reference to the actor here, for /status
      },
      writeLine: (_, _params: { news: ClickhouseNews }) => {
        // the actor layer words and writes the line
      },
      become: assign((_, { status }: { status: ClickhouseState }) => ({
        status,
        since: now(),
        becameAt: settings.elapsed()
      })),
      beginAttempt: assign({ attempt: ({ context }) => context.attempt + 1, miss: null }),
      noteMiss: assign(({ context }, miss: Miss) => ({
        miss,
        error: miss.reason,
        restarts: context.restarts + (miss.isLoss === true ? 1 : 0)
      })),
      noteConnected: assign({ error: null, of: null, deadlineAt: null, deadlineDueAt: null }),
      noteLoss: assign(({ context }, { reason }: { reason: string }) => ({
        error: reason,
        miss: { reason, permanent: false },
        restarts: context.restarts + 1
      })),
      giveUp: assign((_, { reason }: { reason: string }) => ({
        error: reason,
        gaveUp: reason,
        deadlineAt: null,
        deadlineDueAt: null
      })),
      planRetry: assign(({ context }) => {
        const bounds = context.miss?.permanent === true ? PERMANENT_RETRY_BOUNDS : retryBounds;
        const retryMs = fullJitterMs(Math.max(1, context.attempt), random(), bounds);
        return { retryMs, ...attemptIn(retryMs, settings) };
      })
    }
  });

  // One attempt. It ends in one of its final states; hasConnected tells which. The timeout covers both of its steps.
  const attempting = chart.createStateConfig({
    entry: 'beginAttempt',
    initial: 'connecting',
    after: {
      attemptTimeout: {
        target: '.missed',
        actions: {
          type: 'noteMiss',
          params: ({ context }) => ({
            reason: `no answer within ${String(attemptLimitMs(settings, context.attempt))} ms (CLICKHOUSE_TIMEOUT_MS)`,
            permanent: false
          })
        }
      }
    },
    states: {
      connecting: {
        invoke: {
          id: 'connect',
          src: 'connect',
          onDone: {
            target: 'migrating',
            actions: assign({ version: ({ event }) => event.output.version })
          },
          onError: {
            target: 'missed',
            actions: { type: 'noteMiss', params: ({ event }) => missOf(event.error) }
          }
        }
      },
      migrating: {
        invoke: {
          id: 'migrate',
          src: 'migrate',
          onDone: 'done',
          onError: {
            target: 'missed',
            actions: { type: 'noteMiss', params: ({ event }) => missOf(event.error) }
          }
        }
      },
      done: { type: 'final' },
      missed: { type: 'final' }
    }
  });
  const waiting = chart.createStateConfig({
    entry: 'planRetry',
    exit: assign(NO_ATTEMPT),
    after: { backoff: 'attempting' }
  });

  return chart.createMachine({
    id: 'clickhouse',
    context: ({ input }) => ({
      id: input.id,
      mode: settings.mode,
      required: settings.required,
      status: 'connecting',
      since: now(),
      becameAt: settings.elapsed(),
      error: null,
      version: null,
      attempt: 0,
      miss: null,
      retryMs: 0,
      ...NO_ATTEMPT,
      of: null,
      deadlineAt: null,
      deadlineDueAt: null,
      restarts: 0,
      gaveUp: null
    }),
    entry: 'announce',
    initial: 'deciding',
    states: {
      deciding: {
        always: [
          { guard: 'isOff', target: 'skipped' },
          { guard: 'isRequired', target: 'starting' },
          { target: 'connectingBehind' }
        ]
      },
      skipped: {
        tags: 'ready',
        entry: [{ type: 'become', params: { status: 'skipped' } }, 'reportReady'],
        on: { 'child.stop': 'stopped' }
      },
      starting: {
        tags: 'initializing',
        entry: assign(() => ({
          of: settings.attempts,
          deadlineAt: now() + settings.deadlineMs,
          deadlineDueAt: settings.elapsed() + settings.deadlineMs
        })),
        on: { 'child.stop': 'stopping' },
        after: {
          deadline: {
            target: 'releasing',
            actions: {
              type: 'giveUp',
              params: ({ context }) => ({
                reason: `${context.error ?? 'it has not answered'} (gave up after ${String(settings.deadlineMs)} ms)`
              })
            }
          }
        },
        initial: 'attempting',
        states: {
          attempting: {
            ...attempting,
            onDone: [
              {
                guard: 'hasConnected',
                target: '#clickhouse.connected',
                actions: [{ type: 'writeLine', params: { news: 'connected' } }, 'reportReady']
              },
              { guard: 'isWorthRetrying', target: 'waiting' },
              {
                target: '#clickhouse.releasing',
                actions: {
                  type: 'giveUp',
                  params: ({ context }) => ({
                    reason: `${String(context.error)} (attempt ${String(context.attempt)} of ${String(settings.attempts)})`
                  })
                }
              }
            ]
          },
          waiting: { ...waiting, entry: ['planRetry', 'reportWaiting'] }
        }
      },
      connectingBehind: {
        tags: 'ready',
        entry: 'reportReady',
        on: { 'child.stop': 'stopping' },
        initial: 'attempting',
        states: {
          attempting: {
            ...attempting,
            onDone: [
              {
                guard: 'hasConnected',
                target: '#clickhouse.connected',
                actions: { type: 'writeLine', params: { news: 'connected' } }
              },
              { target: '#clickhouse.degraded' }
            ]
          }
        }
      },
      connected: {
        tags: 'ready',
        entry: ['noteConnected', { type: 'become', params: { status: 'connected' } }],
        invoke: {
          id: 'watch',
          src: 'watch',
          onError: {
            target: 'degraded',
            actions: {
              type: 'noteLoss',
              params: ({ event }) => ({ reason: reasonOf(event.error) })
            }
          }
        },
        after: { settled: { actions: assign({ attempt: 0 }) } },
        on: {
          'child.stop': 'stopping',
          'store.lost': {
            target: 'degraded',
            actions: { type: 'noteLoss', params: ({ event }) => ({ reason: event.reason }) }
          }
        }
      },
      degraded: {
        tags: 'degraded',
        entry: [
          { type: 'become', params: { status: 'degraded' } },
          { type: 'writeLine', params: { news: 'unavailable' } },
          'reportDegraded'
        ],
        on: { 'child.stop': 'stopping' },
        initial: 'waiting',
        states: {
          waiting,
          attempting: {
            ...attempting,
            onDone: [
              {
                guard: 'hasConnected',
                target: '#clickhouse.connected',
                actions: [{ type: 'writeLine', params: { news: 'recovered' } }, 'reportRecovered']
              },
              { target: 'waiting' }
            ]
          }
        }
      },
      releasing: {
        tags: 'failed',
        entry: [
          { type: 'become', params: { status: 'failed' } },
          { type: 'writeLine', params: { news: 'required' } }
        ],
        invoke: { id: 'close', src: 'close', onDone: 'failed', onError: 'failed' }
      },
      stopping: {
        tags: 'draining',
        invoke: { id: 'close', src: 'close', onDone: 'stopped', onError: 'stopped' }
      },
      stopped: { type: 'final', tags: 'draining' },
      failed: { type: 'final', tags: 'failed' }
    },
    output: ({ context }) =>
      context.gaveUp === null
        ? { status: 'stopped' }
        : { status: 'failed', error: `${REQUIRED_BUT} ${context.gaveUp}` }
  });
}

/** The chart of {@link createClickhouseMachine}. */
export type ClickhouseMachine = ReturnType<typeof createClickhouseMachine>;
