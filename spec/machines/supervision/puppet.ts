import { assign, enqueueActions, sendParent, setup, type AnyActorRef } from 'xstate';
import type {
  ChildInput,
  ChildReport,
  ChildStop,
  StartResults
} from '../../../machines/supervision/child.js';
import type { ChildSpec, Restart } from '../../../machines/supervision/child-spec.js';

/** What a puppet does when it is told to stop; an eager one is ready by itself, and obeys. */
export type Manner = 'obeys' | 'eager' | 'fails' | 'throws' | 'ignores';

interface PuppetInput extends ChildInput {
  readonly manner: Manner;
  readonly journal: string[];
}

/** What a spec can make a puppet do. */
export type PuppetOrder =
  | { type: 'say.ready'; results?: StartResults }
  | { type: 'say.waiting'; on: string }
  | { type: 'say.degraded' }
  | { type: 'say.recovered' }
  | { type: 'end'; output: unknown }
  | { type: 'crash' };

/** A supervised child that does what the spec says, and keeps a journal of what is done to it. */
export const puppetMachine = setup({
  types: {
    context: {} as PuppetInput & { output: unknown },
    input: {} as PuppetInput,
    events: {} as ChildStop | PuppetOrder
  },
  guards: {
    isObedient: ({ context: { manner } }) => manner === 'obeys' || manner === 'eager',
    is: ({ context }, manner: Manner) => context.manner === manner
  },
  actions: {
    note: ({ context }, what: string) => {
      context.journal.push(`${context.id} ${what}`);
    },
    crash: () => {
      throw new Error('crashed');
    }
  }
}).createMachine({
  id: 'puppet',
  context: ({ input }) => ({ ...input, output: { status: 'stopped' } }),
  initial: 'up',
  states: {
    up: {
      entry: [
        { type: 'note', params: 'starts' },
        enqueueActions(({ context: { manner, id }, enqueue }) => {
          const ready: ChildReport = { type: 'child.ready', id };
          if (manner === 'eager') enqueue.sendParent(ready);
        })
      ],
      on: {
        'say.ready': {
          actions: sendParent(({ context, event }): ChildReport => ({
            type: 'child.ready',
            id: context.id,
            ...(event.results === undefined ? {} : { results: event.results })
          }))
        },
        'say.waiting': {
          actions: sendParent(({ context, event }): ChildReport => ({
            type: 'child.waiting',
            id: context.id,
            on: event.on
          }))
        },
        'say.degraded': {
          actions: sendParent(({ context }): ChildReport => ({
            type: 'child.degraded',
            id: context.id,
            error: 'lost'
          }))
        },
        'say.recovered': {
          actions: sendParent(({ context }): ChildReport => ({
            type: 'child.recovered',
            id: context.id
          }))
        },
        end: { target: 'ended', actions: assign({ output: ({ event }) => event.output }) },
        crash: { actions: 'crash' },
        'child.stop': [
          {
            guard: { type: 'isObedient' },
            target: 'ended',
            actions: { type: 'note', params: 'is told to stop' }
          },
          {
            guard: { type: 'is', params: 'fails' },
            target: 'ended',
            actions: [
              { type: 'note', params: 'is told to stop' },
              assign({ output: { status: 'failed', error: 'cannot let go' } })
            ]
          },
          {
            guard: { type: 'is', params: 'throws' },
            actions: [{ type: 'note', params: 'is told to stop' }, 'crash']
          },
          { actions: { type: 'note', params: 'is told to stop' } }
        ]
      }
    },
    ended: { type: 'final' }
  },
  output: ({ context }) => context.output
});

/** Start and stop deadlines of every puppet, in milliseconds; different, so that a spec sees which one ran out. */
export const START_MS = 1_000;
/** See {@link START_MS}. */
export const SHUTDOWN_MS = 300;

/** How a puppet differs from a required, permanent child that obeys. */
export interface PuppetKind {
  readonly required?: boolean;
  readonly manner?: Manner;
  readonly restart?: Restart;
  readonly requires?: readonly string[];
}

/** The spec of a puppet. */
export function puppet(
  id: string,
  journal: string[],
  { required = true, manner = 'obeys', restart = 'permanent', requires = [] }: PuppetKind = {}
): ChildSpec {
  return {
    id,
    logic: puppetMachine,
    input: { manner, journal },
    required,
    restart,
    requires,
    startTimeoutMs: START_MS,
    shutdownMs: SHUTDOWN_MS
  };
}

interface Child {
  getSnapshot(): { readonly status: string };
  send(event: PuppetOrder): void;
}

/** Any actor that may have children. The types of a chart do not name children that come as data. */
export interface Parent {
  getSnapshot(): { readonly children: Readonly<Record<string, AnyActorRef | undefined>> };
}

/** Ids of all children of an actor, running or ended. */
export function known(actor: Parent): string[] {
  return Object.keys(actor.getSnapshot().children);
}

/** Ids of the running children of an actor. */
export function running(actor: Parent): string[] {
  const { children } = actor.getSnapshot();
  return Object.keys(children).filter((id) => {
    const child: Child | undefined = children[id];
    return child?.getSnapshot().status === 'active';
  });
}

/** The child of an actor with this id. */
export function childOf(actor: Parent, id: string): AnyActorRef {
  const child = actor.getSnapshot().children[id];
  if (child === undefined) throw new Error(`there is no child ${id}`);
  return child;
}

/** The child that a supervisor's keeper of this id holds. */
export function keptBy(supervisor: Parent, id: string): AnyActorRef {
  return childOf(childOf(supervisor, id), id);
}

/** Ids of the running children that a supervisor's keepers hold. */
export function runningUnder(supervisor: Parent): string[] {
  return running(supervisor).filter((id) => running(childOf(supervisor, id)).includes(id));
}
