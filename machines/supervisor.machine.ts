/**
 * A supervisor starts its children in order, each only after the one before has said that it is ready, and stops
 * them in reverse order, each with its own deadline. A required child that cannot start, or ends by itself, takes
 * the supervisor down (what had started is stopped first); an optional one leaves it degraded. It never throws and
 * never ends in `error`: how it ended is its output.
 */
import { assign, enqueueActions, sendParent, setup, type AnyActorLogic } from 'xstate';
import {
  failureOf,
  reasonOf,
  type ChildInput,
  type ChildReport,
  type ChildStop,
  type Facts
} from './child.js';

/** How a supervisor is to treat one child. */
export interface ChildSpec {
  readonly id: string;
  /** Takes {@link ChildInput}, sends `child.ready` to its parent, ends on `child.stop` with a `ChildOutput`. */
  readonly logic: AnyActorLogic;
  /** What its input holds beside {@link ChildInput}. */
  readonly input?: Readonly<Record<string, unknown>>;
  /** Whether the supervisor can be without it. */
  readonly required: boolean;
  /** How long it may take to say that it is ready. */
  readonly startTimeoutMs: number;
  /** How long it may take to end after `child.stop`; then it is cut off. */
  readonly shutdownMs: number;
}

/** How one child stands. */
export interface ChildState {
  readonly id: string;
  readonly required: boolean;
  readonly status: 'waiting' | 'starting' | 'ready' | 'degraded' | 'failed' | 'stopped';
  readonly error: string | null;
}

/** What a supervisor tells its parent; `phase` is the supervisor's own id. */
export type SupervisorReport =
  | { type: 'phase.ready'; phase: string; facts: Facts; children: readonly ChildState[] }
  | { type: 'phase.changed'; phase: string; children: readonly ChildState[] };

/** How a supervisor ended; `service` is the child that took it down. */
export type SupervisorOutput =
  { status: 'stopped' } | { status: 'failed'; service: string; error: string };

/** Input of {@link supervisorMachine}. */
export interface SupervisorInput {
  readonly id: string;
  readonly children: readonly ChildSpec[];
  readonly facts: Facts;
}

/** Children of one supervisor at most, more are refused: spawn and stop cost O(children) in XState. */
export const MAX_CHILDREN = 64;

type SupervisorEvent =
  | ChildReport
  | { type: 'supervisor.stop' }
  | { type: `xstate.done.actor.${string}`; actorId: string; output: unknown }
  | { type: `xstate.error.actor.${string}`; actorId: string; error: unknown };

/** What a supervisor knows of its children. */
export interface SupervisorContext {
  readonly id: string;
  readonly specs: readonly ChildSpec[];
  readonly facts: Facts;
  /** Position of the child that is starting. */
  readonly index: number;
  readonly children: readonly ChildState[];
  /** Ids of children that run, in start order. */
  readonly live: readonly string[];
  readonly failure: { service: string; error: string } | null;
}

function withChild(
  children: readonly ChildState[],
  id: string,
  status: ChildState['status'],
  error: string | null
): readonly ChildState[] {
  return children.map((child) => (child.id === id ? { ...child, status, error } : child));
}

function without(live: readonly string[], id: string): readonly string[] {
  return live.filter((other) => other !== id);
}

/** Why these children cannot be supervised; null when they can. */
function impossibleIn(specs: readonly ChildSpec[]): string | null {
  if (specs.length > MAX_CHILDREN) {
    return `${String(specs.length)} children are more than the ${String(MAX_CHILDREN)} of one phase`;
  }
  const twice = specs.find((spec, index) => specs.findIndex(({ id }) => id === spec.id) !== index);
  return twice === undefined ? null : `two children have the id ${twice.id}`;
}

/** What has gone wrong with a child, when the event says so: its id and the reason. */
function lossIn(event: SupervisorEvent): { id: string; error: string | null } | null {
  if ('output' in event) return { id: event.actorId, error: failureOf(event.output) };
  if ('actorId' in event) return { id: event.actorId, error: reasonOf(event.error) };
  return null;
}

/** Chart of a supervisor over child specs. */
export const supervisorMachine = setup({
  types: {
    context: {} as SupervisorContext,
    input: {} as SupervisorInput,
    events: {} as SupervisorEvent,
    output: {} as SupervisorOutput
  },
  // Children come as data: their logic is in their specs, so no name is declared here.
  actors: {} as Record<string, AnyActorLogic>,
  delays: {
    startTimeout: ({ context }) => context.specs[context.index]?.startTimeoutMs ?? 0,
    shutdown: ({ context }) => {
      const last = context.live.at(-1);
      return context.specs.find((spec) => spec.id === last)?.shutdownMs ?? 0;
    }
  },
  guards: {
    hasStartedAll: ({ context }) => context.index >= context.specs.length,
    hasNothingLive: ({ context }) => context.live.length === 0,
    hasFailed: ({ context }) => context.failure !== null,
    isCurrent: ({ context, event }) =>
      event.type === 'child.ready' && event.id === context.specs[context.index]?.id,
    isCurrentRequired: ({ context }) => context.specs[context.index]?.required ?? false,
    isRequiredLoss: ({ context, event }) => {
      const loss = lossIn(event);
      return (
        loss !== null && (context.specs.find((spec) => spec.id === loss.id)?.required ?? false)
      );
    },
    isCurrentLoss: ({ context, event }) => lossIn(event)?.id === context.specs[context.index]?.id,
    isLastLoss: ({ context, event }) => lossIn(event)?.id === context.live.at(-1)
  },
  actions: {
    startCurrent: enqueueActions(({ context, enqueue }) => {
      const spec = context.specs[context.index];
      if (spec === undefined) return;
      enqueue.stopChild(spec.id);
      const input: ChildInput = { ...spec.input, id: spec.id, facts: context.facts };
      enqueue.spawnChild(spec.logic, { id: spec.id, input });
      enqueue.assign({
        live: [...without(context.live, spec.id), spec.id],
        children: withChild(context.children, spec.id, 'starting', null)
      });
    }),
    noteReady: assign(({ context, event }) => {
      if (event.type !== 'child.ready') return {};
      return {
        index: context.index + 1,
        children: withChild(context.children, event.id, 'ready', null),
        facts: event.facts ?? context.facts
      };
    }),
    noteLateReady: assign(({ context, event }) =>
      event.type === 'child.ready'
        ? { children: withChild(context.children, event.id, 'ready', null) }
        : {}
    ),
    noteReport: assign(({ context, event }) => {
      if (event.type === 'child.degraded') {
        return { children: withChild(context.children, event.id, 'degraded', event.error) };
      }
      if (event.type === 'child.recovered') {
        return { children: withChild(context.children, event.id, 'ready', null) };
      }
      return {};
    }),
    noteLoss: enqueueActions(({ context, event, enqueue }) => {
      const loss = lossIn(event);
      if (loss === null) return;
      enqueue.stopChild(loss.id);
      const error = loss.error ?? 'ended by itself';
      enqueue.assign({
        live: without(context.live, loss.id),
        children: withChild(context.children, loss.id, 'failed', error)
      });
    }),
    noteFatalLoss: assign(({ event }) => {
      const loss = lossIn(event);
      if (loss === null) return {};
      return { failure: { service: loss.id, error: loss.error ?? 'ended by itself' } };
    }),
    skipCurrent: assign(({ context }) => ({ index: context.index + 1 })),
    noteTimeout: assign(({ context }) => {
      const spec = context.specs[context.index];
      if (spec === undefined) return {};
      const error = `did not start within ${String(spec.startTimeoutMs)} ms`;
      return {
        children: withChild(context.children, spec.id, 'failed', error),
        failure: spec.required ? { service: spec.id, error } : context.failure
      };
    }),
    askLastToStop: enqueueActions(({ context, enqueue }) => {
      const last = context.live.at(-1);
      if (last === undefined) return;
      const stop: ChildStop = { type: 'child.stop' };
      enqueue.sendTo(last, stop);
    }),
    noteStopped: enqueueActions(({ context, event, enqueue }) => {
      const loss = lossIn(event);
      const id = loss?.id ?? context.live.at(-1);
      if (id === undefined) return;
      enqueue.stopChild(id);
      const before = context.children.find((child) => child.id === id);
      enqueue.assign({
        live: without(context.live, id),
        children:
          before?.status === 'failed'
            ? context.children
            : withChild(context.children, id, 'stopped', loss?.error ?? null)
      });
    }),
    reportReady: sendParent(({ context }): SupervisorReport => ({
      type: 'phase.ready',
      phase: context.id,
      facts: context.facts,
      children: context.children
    })),
    reportChanged: sendParent(({ context }): SupervisorReport => ({
      type: 'phase.changed',
      phase: context.id,
      children: context.children
    }))
  }
}).createMachine({
  id: 'supervisor',
  context: ({ input }) => {
    const error = impossibleIn(input.children);
    return {
      id: input.id,
      specs: input.children,
      facts: input.facts,
      index: 0,
      children: input.children.map((spec) => ({
        id: spec.id,
        required: spec.required,
        status: 'waiting',
        error: null
      })),
      live: [],
      failure: error === null ? null : { service: input.id, error }
    };
  },
  initial: 'checking',
  on: {
    'child.degraded': { actions: ['noteReport', 'reportChanged'] },
    'child.recovered': { actions: ['noteReport', 'reportChanged'] }
  },
  states: {
    checking: {
      tags: 'initializing',
      always: [
        { guard: 'hasFailed', target: 'failed' },
        { guard: 'hasStartedAll', target: 'running' },
        { target: 'starting' }
      ]
    },
    starting: {
      tags: 'initializing',
      entry: 'startCurrent',
      on: {
        'supervisor.stop': 'stopping',
        'child.ready': [
          { guard: 'isCurrent', target: 'checking', actions: 'noteReady' },
          { actions: ['noteLateReady', 'reportChanged'] }
        ],
        'xstate.done.actor.*': [
          { guard: 'isRequiredLoss', target: 'stopping', actions: ['noteLoss', 'noteFatalLoss'] },
          { guard: 'isCurrentLoss', target: 'checking', actions: ['noteLoss', 'skipCurrent'] },
          { actions: ['noteLoss', 'reportChanged'] }
        ],
        'xstate.error.actor.*': [
          { guard: 'isRequiredLoss', target: 'stopping', actions: ['noteLoss', 'noteFatalLoss'] },
          { guard: 'isCurrentLoss', target: 'checking', actions: ['noteLoss', 'skipCurrent'] },
          { actions: ['noteLoss', 'reportChanged'] }
        ]
      },
      after: {
        startTimeout: [
          { guard: 'isCurrentRequired', target: 'stopping', actions: 'noteTimeout' },
          // It stays alive and may still become ready behind: being late is not being dead.
          { target: 'checking', actions: ['noteTimeout', 'skipCurrent'] }
        ]
      }
    },
    running: {
      tags: 'ready',
      entry: 'reportReady',
      on: {
        'supervisor.stop': 'stopping',
        'child.ready': { actions: ['noteLateReady', 'reportChanged'] },
        'xstate.done.actor.*': [
          { guard: 'isRequiredLoss', target: 'stopping', actions: ['noteLoss', 'noteFatalLoss'] },
          { actions: ['noteLoss', 'reportChanged'] }
        ],
        'xstate.error.actor.*': [
          { guard: 'isRequiredLoss', target: 'stopping', actions: ['noteLoss', 'noteFatalLoss'] },
          { actions: ['noteLoss', 'reportChanged'] }
        ]
      }
    },
    stopping: {
      tags: 'draining',
      initial: 'choosing',
      states: {
        choosing: {
          always: [{ guard: 'hasNothingLive', target: 'done' }, { target: 'waiting' }]
        },
        waiting: {
          entry: 'askLastToStop',
          on: {
            // Another child may end meanwhile: the one that was asked keeps its deadline and is not asked again.
            'xstate.done.actor.*': [
              { guard: 'isLastLoss', target: 'choosing', actions: 'noteStopped' },
              { actions: 'noteStopped' }
            ],
            'xstate.error.actor.*': [
              { guard: 'isLastLoss', target: 'choosing', actions: 'noteStopped' },
              { actions: 'noteStopped' }
            ]
          },
          after: { shutdown: { target: 'choosing', actions: 'noteStopped' } }
        },
        done: { type: 'final' }
      },
      onDone: [{ guard: 'hasFailed', target: 'failed' }, { target: 'stopped' }]
    },
    stopped: { type: 'final', tags: 'draining' },
    failed: { type: 'final', tags: 'failed' }
  },
  output: ({ context }) =>
    context.failure === null
      ? { status: 'stopped' }
      : { status: 'failed', service: context.failure.service, error: context.failure.error }
});
