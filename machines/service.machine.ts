/**
 * One resource with a life of its own: starting → ready → stopping → stopped, or failed. The supervisor's children
 * that are not charts themselves (log, listener, probe …) are instances of this one; it speaks the child protocol
 * that every child of a supervisor speaks.
 */
import { assign, sendParent, setup, type PromiseActorLogic } from 'xstate';

/** What a child tells its supervisor. `id` is the child's own id. */
export type ChildReport =
  | { type: 'child.ready'; id: string }
  | { type: 'child.degraded'; id: string; error: string }
  | { type: 'child.recovered'; id: string };

/** What a supervisor tells a child: end in a final state, having let go of everything. */
export interface ChildStop {
  type: 'child.stop';
}

/** How a child ended: the output of every supervised machine. */
export type ChildOutput = { status: 'stopped' } | { status: 'failed'; error: string };

/** Input of every supervised child. */
export interface ChildInput {
  id: string;
}

/** Says a thrown value in words. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type ServiceEvent = ChildStop | { type: 'service.crashed'; error: string };

/** Chart of one resource; give it `start` and `stop` by `.provide()`. */
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
      entry: sendParent(({ context }): ChildReport => ({ type: 'child.ready', id: context.id })),
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
      invoke: { src: 'stop', onDone: 'stopped', onError: 'stopped' }
    },
    stopped: { type: 'final', tags: 'draining' },
    failed: { type: 'final', tags: 'failed' }
  },
  output: ({ context }) =>
    context.error === null
      ? { status: 'stopped' as const }
      : { status: 'failed' as const, error: context.error }
});
