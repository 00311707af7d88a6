/**
 * Chart of one active thread's delivery. It does not receive messages that a subscriber gets at once. It receives only:
 * the first subscriber came, the last one left, a message came with nobody subscribed, the held messages were flushed.
 * It opens an incident only for messages that {@link judgeUnwatched} holds and only after their grace.
 */
import { assign, emit, setup } from 'xstate';
import { judgeUnwatched, type UnwatchedMessage } from './delivery-outcome.js';

/** How long a message may wait for a subscriber before an incident reports it as undelivered. */
export const DELIVERY_GRACE_MS = 10_000;

/**
 * Input of {@link deliveryMachine}. `held` restores the messages that were held when the thread was last active; null
 * when there were none.
 */
export interface DeliveryInput {
  readonly thread: string;
  readonly isTestThread: boolean;
  readonly held: { readonly state: 'waiting' | 'undelivered'; readonly graceMs: number } | null;
  /** Whether other nodes must be asked before an incident, since somebody may be subscribed there. */
  readonly asksFirst?: boolean;
}

/** Context of the chart. */
export interface DeliveryContext {
  readonly thread: string;
  readonly isTestThread: boolean;
  /** Rest of the grace of the held messages, in milliseconds, counted from when `waiting` was entered. */
  readonly graceMs: number;
  readonly isIncidentOpen: boolean;
  readonly restoring: 'waiting' | 'undelivered' | null;
  readonly asksFirst: boolean;
}

/**
 * Events of the chart. `graceMs`: milliseconds left of the thread's own grace or of the startup grace, whichever ends
 * later.
 */
export type DeliveryEvent =
  | { type: 'subscriber.first' }
  | { type: 'subscriber.none'; graceMs: number }
  | ({ type: 'message.unwatched'; graceMs: number } & Omit<UnwatchedMessage, 'isTestThread'>)
  | { type: 'flush.done' }
  | { type: 'absence.confirmed' };

/**
 * Events that the chart emits to the thread registry. `absence.doubted` asks it for `absence.confirmed`, `taker.found` for
 * `flush.done` once somebody has got what is held.
 */
export type DeliveryEmitted =
  | { type: 'incident.opened' }
  | { type: 'incident.closed' }
  | { type: 'messages.flushed' }
  | { type: 'absence.doubted' }
  | { type: 'taker.found' };

/** Chart of one thread's delivery. */
export const deliveryMachine = setup({
  types: {
    context: {} as DeliveryContext,
    input: {} as DeliveryInput,
    events: {} as DeliveryEvent,
    emitted: {} as DeliveryEmitted
  },
  delays: { grace: ({ context }) => context.graceMs },
  guards: {
    isHeld: ({ context, event }) =>
      event.type === 'message.unwatched' &&
      judgeUnwatched({ ...event, isTestThread: context.isTestThread }) === 'held',
    isIncidentOpen: ({ context }) => context.isIncidentOpen,
    isAlone: ({ context }) => !context.asksFirst,
    isRestoring: ({ context }, state: 'waiting' | 'undelivered') => context.restoring === state
  },
  actions: {
    noteGrace: assign(({ event }) => ('graceMs' in event ? { graceMs: event.graceMs } : {})),
    openIncident: assign({ isIncidentOpen: true }),
    closeIncident: assign({ isIncidentOpen: false })
  }
}).createMachine({
  id: 'delivery',
  context: ({ input: { thread, isTestThread, held, asksFirst = false } }) => {
    // The test prefixes may have changed since: a test thread holds nothing.
    const restored = isTestThread ? null : held;
    return {
      thread,
      isTestThread,
      graceMs: restored?.graceMs ?? 0,
      isIncidentOpen: restored?.state === 'undelivered',
      restoring: restored?.state ?? null,
      asksFirst
    };
  },
  initial: 'reviving',
  states: {
    reviving: {
      always: [
        { guard: { type: 'isRestoring', params: 'waiting' }, target: 'waiting' },
        { guard: { type: 'isRestoring', params: 'undelivered' }, target: 'undelivered' },
        { target: 'idle' }
      ],
      exit: assign({ restoring: null })
    },
    idle: {
      tags: 'passive',
      on: {
        'subscriber.first': 'delivering',
        'message.unwatched': {
          guard: 'isHeld',
          target: 'waiting',
          actions: 'noteGrace'
        }
      }
    },
    delivering: {
      tags: 'watched',
      on: { 'subscriber.none': 'idle' }
    },
    waiting: {
      tags: 'holding',
      on: { 'subscriber.first': 'flushing' },
      after: {
        grace: [
          {
            guard: 'isAlone',
            target: 'undelivered',
            actions: ['openIncident', emit({ type: 'incident.opened' })]
          },
          { target: 'asking' }
        ]
      }
    },
    asking: {
      tags: 'holding',
      entry: emit({ type: 'absence.doubted' }),
      on: {
        'subscriber.first': 'flushing',
        'absence.confirmed': {
          target: 'undelivered',
          actions: ['openIncident', emit({ type: 'incident.opened' })]
        }
      }
    },
    flushing: {
      tags: ['watched', 'holding'],
      entry: emit({ type: 'taker.found' }),
      on: {
        'flush.done': [
          {
            guard: 'isIncidentOpen',
            target: 'delivering',
            actions: [
              'closeIncident',
              emit({ type: 'incident.closed' }),
              emit({ type: 'messages.flushed' })
            ]
          },
          { target: 'delivering', actions: emit({ type: 'messages.flushed' }) }
        ],
        'subscriber.none': [
          { guard: 'isIncidentOpen', target: 'undelivered' },
          { target: 'waiting', actions: 'noteGrace' }
        ]
      }
    },
    undelivered: {
      tags: ['passive', 'holding'],
      on: { 'subscriber.first': 'flushing' }
    }
  }
});
