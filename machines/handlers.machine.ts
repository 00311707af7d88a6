/**
 * Chart of the handler registry. `initializing` while there are no handlers and the grace runs; `ready` once they are
 * registered; `overdue` when the grace ends without any. It warns once per grace, however often `/status` is read.
 */
import { assign, sendParent, setup, type PromiseActorLogic } from 'xstate';
import { reasonOf } from './reason.js';
import {
  type ChildInput,
  type ChildOutput,
  type ChildReport,
  type ChildStop
} from './supervision/child.js';

/** How long `/status` says `initializing` while there are no handlers, before it says that this is an error. */
export const HANDLER_GRACE_MS = 10_000;

/** Result of the registration: the frame types that have a handler, and how long it took. */
export interface Registration {
  readonly handlers: readonly string[];
  readonly tookMs: number;
}

/** Input of {@link handlersMachine}. */
export interface HandlersInput extends ChildInput {
  readonly graceMs: number;
}

/** Context of the chart. */
export interface HandlersContext extends HandlersInput {
  readonly registration: Registration | null;
  readonly error: string | null;
}

/** Returns whether `elapsedMs` is less than the grace. */
export function isWithinGrace(elapsedMs: number, graceMs: number): boolean {
  return elapsedMs < graceMs;
}

/** Chart of the handler registry. `.provide()` must give it `register`, `warnZeroHandlers` and `announceRegistered`. */
export const handlersMachine = setup({
  types: {
    context: {} as HandlersContext,
    input: {} as HandlersInput,
    events: {} as ChildStop,
    output: {} as ChildOutput
  },
  actors: { register: {} as PromiseActorLogic<Registration> },
  actions: {
    warnZeroHandlers: () => undefined,
    announceRegistered: (_args, _registration: Registration) => undefined
  },
  delays: { grace: ({ context }) => context.graceMs },
  guards: { hasHandlers: (_args, registration: Registration) => registration.handlers.length > 0 }
}).createMachine({
  id: 'handlers',
  context: ({ input }) => ({ ...input, registration: null, error: null }),
  initial: 'registering',
  states: {
    registering: {
      invoke: {
        src: 'register',
        onDone: [
          {
            guard: { type: 'hasHandlers', params: ({ event }) => event.output },
            target: 'ready',
            actions: [
              assign({ registration: ({ event }) => event.output }),
              { type: 'announceRegistered', params: ({ event }) => event.output }
            ]
          },
          { target: 'failed', actions: assign({ error: 'the route table is empty' }) }
        ],
        onError: {
          target: 'failed',
          actions: assign({ error: ({ event }) => reasonOf(event.error) })
        }
      },
      on: { 'child.stop': 'stopped' },
      initial: 'initializing',
      states: {
        initializing: {
          tags: 'initializing',
          after: { grace: 'overdue' }
        },
        overdue: { tags: 'failed', entry: 'warnZeroHandlers' }
      }
    },
    ready: {
      tags: 'ready',
      entry: sendParent(({ context }): ChildReport => ({
        type: 'child.ready',
        id: context.id,
        results: { handlers: context.registration?.handlers ?? [] }
      })),
      on: { 'child.stop': 'stopped' }
    },
    stopped: { type: 'final', tags: 'draining' },
    failed: { type: 'final', tags: 'failed' }
  },
  output: ({ context }) =>
    context.error === null ? { status: 'stopped' } : { status: 'failed', error: context.error }
});
