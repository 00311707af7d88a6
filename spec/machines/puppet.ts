import { assign, sendParent, setup, type AnyActorRef } from 'xstate';
import type { ChildInput, ChildReport, ChildStop, Facts } from '../../machines/child.js';
import type { ChildSpec } from '../../machines/supervisor.machine.js';

/** What a puppet does when it is told to stop. */
export type Manner = 'obeys' | 'fails' | 'throws' | 'ignores';

interface PuppetInput extends ChildInput {
  readonly manner: Manner;
  readonly journal: string[];
}

/** What a spec can make a puppet do. */
export type PuppetOrder =
  | { type: 'say.ready'; facts?: Facts }
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
  guards: { is: ({ context }, manner: Manner) => context.manner === manner },
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
      entry: { type: 'note', params: 'starts' },
      on: {
        'say.ready': {
          actions: sendParent(({ context, event }): ChildReport => ({
            type: 'child.ready',
            id: context.id,
            ...(event.facts === undefined ? {} : { facts: event.facts })
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
            guard: { type: 'is', params: 'obeys' },
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

/** Start and stop deadlines of every puppet, in milliseconds; told apart so that a spec sees which one ran out. */
export const START_MS = 1_000;
/** See {@link START_MS}. */
export const SHUTDOWN_MS = 300;

/** The spec of a puppet. */
export function puppet(
  id: string,
  journal: string[],
  { required = true, manner = 'obeys' }: { required?: boolean; manner?: Manner } = {}
): ChildSpec {
  return {
    id,
    logic: puppetMachine,
    input: { manner, journal },
    required,
    startTimeoutMs: START_MS,
    shutdownMs: SHUTDOWN_MS
  };
}

interface Child {
  getSnapshot(): { readonly status: string };
  send(event: PuppetOrder): void;
}

/** An actor that may have children, whatever it is: the types of a chart do not name those that come as data. */
export interface Parent {
  getSnapshot(): { readonly children: Readonly<Record<string, AnyActorRef | undefined>> };
}

/** Ids of the children that an actor has on its books, dead or alive. */
export function known(actor: Parent): string[] {
  return Object.keys(actor.getSnapshot().children);
}

/** Ids of the children of an actor that run. */
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
