/**
 * Chart of the connection to the NATS brokers; a child of a supervisor. A node starts without brokers that are away,
 * since it can still be read from: it is *degraded* and tries without a limit. Only what does not pass by itself, such as
 * wrong credentials, ends the start. The client of NATS moves an open connection to another broker by itself; the chart
 * connects anew only when the client has given the connection up.
 */
import {
  assign,
  sendParent,
  setup,
  type CallbackActorLogic,
  type EventObject,
  type PromiseActorLogic
} from 'xstate';
import type { ChildInput, ChildOutput, ChildReport, ChildStop } from '../supervision/child.js';
import { fullJitterMs, type BackoffBounds } from '../supervision/backoff.js';
import { attemptIn, NO_ATTEMPT } from '../supervision/next-attempt.js';
import { reasonOf } from '../reason.js';
import type { Broker, NatsContext, NatsState, Opened } from './nats-status.js';

/** Waits between attempts while no broker answers: most outages are restarts, and every node waits for them. */
export const NATS_RETRY_BOUNDS: BackoffBounds = { baseMs: 500, maxMs: 5_000 };

/** Waits after a failure that somebody has to mend first. */
export const NATS_PERMANENT_RETRY_BOUNDS: BackoffBounds = { baseMs: 60_000, maxMs: 60_000 };

/** Events of the chart. What is `closed` is not connected again by the client of NATS. */
export type NatsEvent =
  | ChildStop
  | { type: 'broker.lost'; reason: string }
  | { type: 'broker.found'; broker: Broker }
  | { type: 'connection.closed'; reason: string; isPermanent: boolean };

/** Log lines that the chart asks for, one per transition; the actor layer words them. */
export type NatsNews = 'connected' | 'recovered' | 'away' | 'refused';

/** Sources of time and chance: Unix milliseconds, milliseconds that never go back, a number in [0, 1). */
export interface NatsSettings {
  readonly now: () => number;
  readonly elapsed: () => number;
  readonly random: () => number;
}

/**
 * Builds the chart. `.provide()` must give it `connect`, `watch`, `close` and the action `writeLine`. `watch` runs as long as
 * there is a connection, tells what becomes of it, and closes it in the end.
 */
export function createNatsMachine(settings: NatsSettings) {
  const { now, elapsed, random } = settings;
  return setup({
    types: {
      context: {} as NatsContext,
      input: {} as ChildInput,
      events: {} as NatsEvent,
      output: {} as ChildOutput,
      tags: {} as 'initializing' | 'ready' | 'degraded' | 'draining' | 'failed'
    },
    actors: {
      connect: {} as PromiseActorLogic<Opened>,
      watch: {} as CallbackActorLogic<EventObject>,
      close: {} as PromiseActorLogic<void>
    },
    delays: { backoff: ({ context }) => context.retryMs },
    actions: {
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
      announce: () => {
        // the actor layer keeps a reference to the actor here, for /status
      },
      writeLine: (_, _params: { news: NatsNews }) => {
        // the actor layer words and writes the line
      },
      become: assign((_, { status }: { status: NatsState }) => ({
        status,
        since: now(),
        becameAt: elapsed()
      })),
      beginAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
      noteBroker: assign((_, { broker }: { broker: Broker }) => ({
        broker,
        error: null,
        isPermanent: false,
        attempt: 0
      })),
      noteMiss: assign((_, { reason, isPermanent }: { reason: string; isPermanent: boolean }) => ({
        error: reason,
        isPermanent
      })),
      noteLoss: assign(({ context }) => ({ losses: context.losses + 1 })),
      planRetry: assign(({ context }) => {
        const bounds = context.isPermanent ? NATS_PERMANENT_RETRY_BOUNDS : NATS_RETRY_BOUNDS;
        const retryMs = fullJitterMs(Math.max(1, context.attempt), random(), bounds);
        return { retryMs, ...attemptIn(retryMs, settings) };
      })
    }
  }).createMachine({
    id: 'nats',
    context: ({ input }) => ({
      id: input.id,
      status: 'connecting',
      since: now(),
      becameAt: elapsed(),
      error: null,
      isPermanent: false,
      broker: null,
      attempt: 0,
      retryMs: 0,
      ...NO_ATTEMPT,
      losses: 0
    }),
    entry: 'announce',
    initial: 'starting',
    states: {
      starting: {
        tags: 'initializing',
        entry: 'beginAttempt',
        on: { 'child.stop': 'stopping' },
        invoke: {
          id: 'connect',
          src: 'connect',
          onDone: [
            {
              guard: ({ event }) => event.output.ok,
              target: 'linked',
              actions: [
                {
                  type: 'noteBroker',
                  params: ({ event }) => ({ broker: brokerOf(event.output) })
                },
                { type: 'writeLine', params: { news: 'connected' } },
                'reportReady'
              ]
            },
            {
              guard: ({ event }) => isPermanent(event.output),
              target: 'refused',
              actions: { type: 'noteMiss', params: ({ event }) => missOf(event.output) }
            },
            {
              target: 'away',
              actions: [
                { type: 'noteMiss', params: ({ event }) => missOf(event.output) },
                'reportReady'
              ]
            }
          ],
          onError: {
            target: 'refused',
            actions: {
              type: 'noteMiss',
              params: ({ event }) => ({ reason: reasonOf(event.error), isPermanent: true })
            }
          }
        }
      },
      linked: {
        invoke: { id: 'watch', src: 'watch' },
        on: {
          'child.stop': 'stopping',
          'connection.closed': {
            target: 'away',
            actions: [
              'noteLoss',
              {
                type: 'noteMiss',
                params: ({ event }) => ({ reason: event.reason, isPermanent: event.isPermanent })
              }
            ]
          }
        },
        initial: 'connected',
        states: {
          connected: {
            tags: 'ready',
            entry: { type: 'become', params: { status: 'connected' } },
            on: {
              'broker.lost': {
                target: 'moving',
                actions: [
                  'noteLoss',
                  {
                    type: 'noteMiss',
                    params: ({ event }) => ({ reason: event.reason, isPermanent: false })
                  }
                ]
              },
              'broker.found': {
                actions: { type: 'noteBroker', params: ({ event }) => ({ broker: event.broker }) }
              }
            }
          },
          moving: {
            tags: 'degraded',
            entry: [
              { type: 'become', params: { status: 'degraded' } },
              { type: 'writeLine', params: { news: 'away' } },
              'reportDegraded'
            ],
            on: {
              'broker.found': {
                target: 'connected',
                actions: [
                  { type: 'noteBroker', params: ({ event }) => ({ broker: event.broker }) },
                  { type: 'writeLine', params: { news: 'recovered' } },
                  'reportRecovered'
                ]
              }
            }
          }
        }
      },
      away: {
        tags: 'degraded',
        entry: [
          { type: 'become', params: { status: 'degraded' } },
          { type: 'writeLine', params: { news: 'away' } },
          'reportDegraded'
        ],
        on: { 'child.stop': 'stopping' },
        initial: 'waiting',
        states: {
          waiting: {
            entry: 'planRetry',
            exit: assign(NO_ATTEMPT),
            after: { backoff: 'attempting' }
          },
          attempting: {
            entry: 'beginAttempt',
            invoke: {
              id: 'connect',
              src: 'connect',
              onDone: [
                {
                  guard: ({ event }) => event.output.ok,
                  target: '#nats.linked',
                  actions: [
                    {
                      type: 'noteBroker',
                      params: ({ event }) => ({ broker: brokerOf(event.output) })
                    },
                    { type: 'writeLine', params: { news: 'recovered' } },
                    'reportRecovered'
                  ]
                },
                {
                  target: 'waiting',
                  actions: { type: 'noteMiss', params: ({ event }) => missOf(event.output) }
                }
              ],
              onError: {
                target: 'waiting',
                actions: {
                  type: 'noteMiss',
                  params: ({ event }) => ({ reason: reasonOf(event.error), isPermanent: false })
                }
              }
            }
          }
        }
      },
      refused: {
        tags: 'failed',
        entry: [
          { type: 'become', params: { status: 'failed' } },
          { type: 'writeLine', params: { news: 'refused' } }
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
      context.status === 'failed'
        ? { status: 'failed', error: String(context.error) }
        : { status: 'stopped' }
  });
}

/** The chart of {@link createNatsMachine}. */
export type NatsMachine = ReturnType<typeof createNatsMachine>;

function isPermanent(opened: Opened): boolean {
  return !opened.ok && opened.isPermanent;
}

function brokerOf(opened: Opened): Broker {
  return opened.ok ? opened.broker : { address: '', version: '', warning: null };
}

function missOf(opened: Opened): { reason: string; isPermanent: boolean } {
  return opened.ok ? { reason: '', isPermanent: false } : opened;
}
