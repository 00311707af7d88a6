/**
 * Chart of one resource: starting → ready → stopping → stopped, or failed. Children of a supervisor that have no chart
 * of their own (log, listener, probe …) use this one.
 */
import { assign, sendParent, setup, type PromiseActorLogic } from 'xstate';
import { reasonOf } from './reason.js';
import {
  type ChildInput,
  type ChildOutput,
  type ChildReport,
  type ChildStop
} from './supervision/child.js';

type ServiceEvent = ChildStop | { type: 'service.crashed'; error: string };

/**
 * Chart of one resource. `.provide()` must give it `start` and `stop`. `stop` is also called after a failed or
 * interrupted `start`, and must release whatever `start` had opened.
 */
export const serviceMachine = setup({
  types: {
    context: {} as { id: string; error: string | null },
    input: {} as ChildInput,
    events: {} as ServiceEvent,
    output: {} as ChildOutput
  },
  actors: {
    start: {} as PromiseActorLogic<void>,
    stop: {} as PromiseActorLogic<void>
  },
  actions: {
    announceReady: () => {
      // the actor layer takes hold of the actor here, to say later that the resource has crashed
    }
  }
}).createMachine({
  id: 'service',
  context: ({ input }) => ({ id: input.id, error: null }),
  initial: 'starting',
  states: {
    starting: {
      tags: 'initializing',
      invoke: {
        src: 'start',
        onDone: 'ready',
        onError: {
          target: 'releasing',
          actions: assign({ error: ({ event }) => reasonOf(event.error) })
        }
      },
      on: { 'child.stop': 'stopping' }
    },
    ready: {
      tags: 'ready',
      entry: [
        sendParent(({ context }): ChildReport => ({ type: 'child.ready', id: context.id })),
        'announceReady'
      ],
      on: {
        'child.stop': 'stopping',
        'service.crashed': {
          target: 'releasing',
          actions: assign({ error: ({ event }) => event.error })
        }
      }
    },
    releasing: {
      tags: 'failed',
      invoke: { src: 'stop', onDone: 'failed', onError: 'failed' }
    },
    stopping: {
      tags: 'draining',
      invoke: {
        src: 'stop',
        onDone: 'stopped',
        onError: {
          target: 'failed',
          actions: assign({ error: ({ event }) => reasonOf(event.error) })
        }
      }
    },
    stopped: { type: 'final', tags: 'draining' },
    failed: { type: 'final', tags: 'failed' }
  },
  output: ({ context }) =>
    context.error === null ? { status: 'stopped' } : { status: 'failed', error: context.error }
});
