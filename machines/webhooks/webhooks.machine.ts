/**
 * Chart of the webhooks; a child of a supervisor. It sends what the outbox of the log has, in lanes: the events of a
 * thread one after the other, several threads at once. A thread whose event is refused waits alone. When several threads
 * fail and nothing is taken in between, the receiver is away: then one event at a time is tried, with growing waits.
 */
import {
  assign,
  sendParent,
  sendTo,
  setup,
  type CallbackActorLogic,
  type PromiseActorLogic
} from 'xstate';
import { reasonOf } from '../reason.js';
import { fullJitterMs, type BackoffBounds } from '../supervision/backoff.js';
import {
  type ChildInput,
  type ChildOutput,
  type ChildReport,
  type ChildStop
} from '../supervision/child.js';
import { attemptIn, NO_ATTEMPT, type NextAttempt } from '../supervision/next-attempt.js';

/** Waits between two tries while the receiver is away: it is asked once a minute at least. */
export const AWAY_BACKOFF: BackoffBounds = { baseMs: 1_000, maxMs: 60_000 };

/** Shortest such wait, in milliseconds: a chance of no wait at all would ask a failing receiver at once. */
export const AWAY_MIN_MS = 500;

/** Longest time that a stop waits for what is under way. What is cut off is sent again after the next start. */
export const WEBHOOK_FINISH_MS = 3_000;

/** Sources of time and chance, as of the other charts. */
export interface WebhooksSettings {
  readonly now: () => number;
  readonly elapsed: () => number;
  readonly random: () => number;
}

/** What is shown of the receiver. */
export type ReceiverStatus = 'idle' | 'sending' | 'away' | 'trying';

/** Context of the chart; `since` is Unix milliseconds. */
export interface WebhooksContext extends NextAttempt {
  readonly id: string;
  readonly status: ReceiverStatus;
  readonly since: number;
  /** Why the receiver is away; null when it is not. */
  readonly error: string | null;
  /** Tries since it is away. */
  readonly retries: number;
  readonly retryMs: number;
  /** Since when it is away, a moment of `elapsed`; null when it is not. */
  readonly awaySince: number | null;
}

/** Events of the chart, from outside and from its lanes. */
export type WebhooksEvent =
  | ChildStop
  | { type: 'work' }
  | { type: 'lanes.drained' }
  | { type: 'lanes.failing'; error: string; retryAfterMs: number | null };

/** Orders to the lanes: there is more to send; begin nothing more. */
export type LanesOrder = { type: 'work' } | { type: 'finish' };

/** The one try while the receiver is away: whether there was anything to send. */
export interface Tried {
  readonly hadWork: boolean;
}

/** Log lines that the chart asks for, once per outage each. */
export type WebhooksNews = 'away' | 'back';

/**
 * Builds the chart. `.provide()` must give it `watch` (tells of work), `lanes`, `tryOne` (sends one event, rejects when
 * it is not taken) and the action `writeLine`.
 */
export function createWebhooksMachine({ now, elapsed, random }: WebhooksSettings) {
  const chart = setup({
    types: {
      context: {} as WebhooksContext,
      input: {} as ChildInput,
      events: {} as WebhooksEvent,
      output: {} as ChildOutput,
      tags: {} as 'ready' | 'degraded' | 'draining'
    },
    actors: {
      watch: {} as CallbackActorLogic<{ type: 'work' }>,
      lanes: {} as CallbackActorLogic<LanesOrder>,
      tryOne: {} as PromiseActorLogic<Tried>
    },
    delays: {
      finish: WEBHOOK_FINISH_MS,
      backoff: ({ context }) => context.retryMs
    },
    actions: {
      announce: () => {
        // the actor layer keeps a reference to the actor here, for /status
      },
      writeLine: (_, _params: { news: WebhooksNews }) => {
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
      become: assign(({ context }, { status }: { status: ReceiverStatus }) => ({
        status,
        since: status === context.status ? context.since : now()
      })),
      planRetry: assign(
        ({ context }, { error, retryAfterMs }: { error: string; retryAfterMs: number | null }) => {
          const retries = context.retries + 1;
          const ownMs = AWAY_MIN_MS + fullJitterMs(retries, random(), AWAY_BACKOFF);
          const retryMs = Math.min(Math.max(ownMs, retryAfterMs ?? 0), AWAY_BACKOFF.maxMs);
          return { error, retries, retryMs, ...attemptIn(retryMs, { now, elapsed }) };
        }
      ),
      forgetAway: assign({ error: null, retries: 0, awaySince: null })
    }
  });

  const tellAway = chart.enqueueActions(({ context, enqueue }) => {
    if (context.awaySince === null) {
      enqueue.assign({ awaySince: elapsed() });
      enqueue({ type: 'writeLine', params: { news: 'away' } });
    }
    enqueue('reportDegraded');
  });
  const tellBack = chart.enqueueActions(({ context, enqueue }) => {
    if (context.awaySince === null) return;
    enqueue({ type: 'writeLine', params: { news: 'back' } });
    enqueue('forgetAway');
    enqueue('reportRecovered');
  });

  return chart.createMachine({
    id: 'webhooks',
    context: ({ input }): WebhooksContext => ({
      id: input.id,
      status: 'idle',
      since: now(),
      error: null,
      retries: 0,
      retryMs: 0,
      awaySince: null,
      ...NO_ATTEMPT
    }),
    entry: ['announce', 'reportReady'],
    initial: 'idle',
    invoke: { id: 'watch', src: 'watch' },
    states: {
      idle: {
        tags: 'ready',
        entry: [tellBack, { type: 'become', params: { status: 'idle' } }],
        on: { work: 'sending', 'child.stop': 'stopped' }
      },
      sending: {
        entry: [tellBack, { type: 'become', params: { status: 'sending' } }],
        invoke: { id: 'lanes', src: 'lanes' },
        initial: 'running',
        states: {
          running: {
            tags: 'ready',
            on: {
              work: { actions: sendTo('lanes', { type: 'work' }) },
              'lanes.drained': '#webhooks.idle',
              'lanes.failing': {
                target: '#webhooks.away',
                actions: { type: 'planRetry', params: ({ event }) => event }
              },
              'child.stop': 'finishing'
            }
          },
          finishing: {
            tags: 'draining',
            entry: sendTo('lanes', { type: 'finish' }),
            on: { 'lanes.drained': '#webhooks.stopped', 'child.stop': {} },
            after: { finish: '#webhooks.stopped' }
          }
        }
      },
      away: {
        tags: 'degraded',
        entry: [tellAway, { type: 'become', params: { status: 'away' } }],
        exit: assign(NO_ATTEMPT),
        on: { 'child.stop': 'stopped' },
        after: { backoff: 'trying' }
      },
      trying: {
        tags: 'degraded',
        entry: { type: 'become', params: { status: 'trying' } },
        on: { 'child.stop': 'stopped' },
        invoke: {
          id: 'tryOne',
          src: 'tryOne',
          onDone: [
            {
              guard: ({ event }) => event.output.hadWork,
              target: 'sending'
            },
            // Nothing is left to try it with: the next event begins anew.
            { target: 'idle' }
          ],
          onError: {
            target: 'away',
            actions: {
              type: 'planRetry',
              params: ({ event }) => ({
                error: reasonOf(event.error),
                retryAfterMs: waitOf(event.error)
              })
            }
          }
        }
      },
      stopped: { type: 'final', tags: 'draining' }
    },
    output: { status: 'stopped' }
  });
}

/** An event was not taken; `retryAfterMs` is how long the receiver asks to wait. */
export class NotTakenError extends Error {
  readonly retryAfterMs: number | null;

  constructor(reason: string, retryAfterMs: number | null) {
    super(reason);
    this.name = 'NotTakenError';
    this.retryAfterMs = retryAfterMs;
  }
}

function waitOf(error: unknown): number | null {
  return error instanceof NotTakenError ? error.retryAfterMs : null;
}

/** The chart of {@link createWebhooksMachine}. */
export type WebhooksMachine = ReturnType<typeof createWebhooksMachine>;
