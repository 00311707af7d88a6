/**
 * Root chart of the server. Phases run in order, each a supervisor whose guard must hold before the next starts:
 * infrastructure → handlers → monitoring → services → health → serving; then draining → stopped, or failed. However it
 * ends, it stops what has started, in reverse order.
 */
import { assign, emit, enqueueActions, setup, type PromiseActorLogic } from 'xstate';
import type { ChildSpec, RestartPolicy } from './supervision/child-spec.js';
import { isMissed, type ChildState, type SupervisionReport } from './supervision/child-state.js';
import { reasonOf } from './reason.js';
import { NO_RESULTS, type ChildStop, type StartResults } from './supervision/child.js';
import type {
  SupervisorInput,
  SupervisorOutput,
  SupervisorReport,
  SupervisorSettings
} from './supervision/supervisor-context.js';
import { createSupervisorMachine } from './supervision/supervisor.machine.js';

/** The phases that start children, in order. */
export const PHASES = ['infrastructure', 'handlers', 'monitoring', 'services', 'health'] as const;

/** One of {@link PHASES}. */
export type Phase = (typeof PHASES)[number];

/** Why the server did not start, or had to end. */
export interface Failure {
  readonly phase: Phase;
  readonly service: string;
  readonly error: string;
  /** The supervisor's report on the child; null when the supervisor itself ended. */
  readonly report: SupervisionReport | null;
}

/** Children and restart policy of one phase. */
export interface PhaseSpec {
  readonly children: readonly ChildSpec[];
  readonly policy: RestartPolicy;
}

/** Input of {@link createStartupMachine}. */
export interface StartupInput {
  readonly phases: Readonly<Record<Phase, PhaseSpec>>;
  /** Limit of drain and stop together. */
  readonly shutdownMs: number;
}

/** How the root ended. `forced`: the limit passed before everything had stopped. */
export type StartupOutput =
  { status: 'stopped'; forced: boolean } | { status: 'failed'; forced: boolean; failure: Failure };

/** Events that the root emits, during the transition itself. */
export type StartupEmitted =
  | { type: 'phase.started'; phase: Phase }
  | { type: 'phase.completed'; phase: Phase }
  | { type: 'startup.completed' }
  | { type: 'startup.failed'; failure: Failure }
  | { type: 'children.changed' }
  | { type: 'draining' };

type StartupEvent =
  | SupervisorReport
  | { type: 'server.stop' }
  | { type: `xstate.done.actor.${string}`; actorId: string; output: SupervisorOutput }
  | { type: `xstate.error.actor.${string}`; actorId: string; error: unknown };

/** Context of the root. */
export interface StartupContext extends StartupInput {
  readonly results: StartResults;
  readonly states: Readonly<Partial<Record<Phase, readonly ChildState[]>>>;
  /** Phases whose supervisor runs, in start order. */
  readonly live: readonly Phase[];
  readonly failure: Failure | null;
  /** The child that the current phase waits for, and why; null when there is none. */
  readonly waitingOn: string | null;
  /** Whether the server ever reached `serving`. */
  readonly served: boolean;
  readonly forced: boolean;
}

function isPhase(id: string): id is Phase {
  return PHASES.some((phase) => phase === id);
}

function phaseOf(event: StartupEvent): Phase | null {
  if ('id' in event) return isPhase(event.id) ? event.id : null;
  if ('actorId' in event) return isPhase(event.actorId) ? event.actorId : null;
  return null;
}

/** Returns the failure when the event says that a phase's supervisor ended; null for other events. */
function failureIn(event: StartupEvent): Failure | null {
  const phase = phaseOf(event);
  if (phase === null || !('actorId' in event)) return null;
  if ('error' in event)
    return { phase, service: phase, error: reasonOf(event.error), report: null };
  return event.output.status === 'failed'
    ? {
        phase,
        service: event.output.service,
        error: event.output.error,
        report: event.output.report
      }
    : { phase, service: phase, error: 'ended by itself', report: null };
}

/** Returns whether the event says that this phase is ready. */
function isReady(
  event: StartupEvent,
  phase: Phase
): event is SupervisorReport & { type: 'child.ready' } {
  return event.type === 'child.ready' && event.id === phase;
}

function missed({ states }: StartupContext): readonly ChildState[] {
  return Object.values(states).flat().filter(isMissed);
}

/** Builds the root chart. `.provide()` must give it `drain`. */
export function createStartupMachine(settings: SupervisorSettings) {
  return setup({
    types: {
      context: {} as StartupContext,
      input: {} as StartupInput,
      events: {} as StartupEvent,
      emitted: {} as StartupEmitted,
      output: {} as StartupOutput
    },
    actors: {
      supervisor: createSupervisorMachine(settings),
      drain: {} as PromiseActorLogic<void>
    },
    delays: { shutdown: ({ context }) => context.shutdownMs },
    guards: {
      isPhaseReady: ({ event }, phase: Phase) => isReady(event, phase),
      hasHandlers: ({ event }) => isReady(event, 'handlers') && event.results.handlers.length > 0,
      hasWatchedHandlers: ({ context, event }) =>
        isReady(event, 'monitoring') &&
        event.results.handlers.length > 0 &&
        event.results.handlers.length === context.results.handlers.length,
      hasRequiredServices: ({ event }) =>
        isReady(event, 'services') &&
        event.children.every((child) => !child.required || !isMissed(child)),
      isPhaseEnd: ({ event }) => phaseOf(event) !== null,
      isLastEnd: ({ context, event }) => phaseOf(event) === context.live.at(-1),
      hasNothingLive: ({ context }) => context.live.length === 0,
      hasFailed: ({ context }) => context.failure !== null,
      isImpaired: ({ context }) => missed(context).some(({ required }) => required),
      hasDegraded: ({ context }) => missed(context).length > 0
    },
    actions: {
      startPhase: enqueueActions(({ context, enqueue }, phase: Phase) => {
        enqueue.stopChild(phase);
        // Before the children start: what they do at once belongs to the time of the phase.
        enqueue.emit({ type: 'phase.started', phase });
        const input: SupervisorInput = {
          id: phase,
          ...context.phases[phase],
          results: context.results
        };
        enqueue.spawnChild('supervisor', { id: phase, input });
        enqueue.assign({ live: [...context.live, phase] });
      }),
      noteStates: assign(({ context, event }) => {
        if (event.type !== 'child.ready' && event.type !== 'child.changed') return {};
        const phase = phaseOf(event);
        return phase === null ? {} : { states: { ...context.states, [phase]: event.children } };
      }),
      completePhase: enqueueActions(({ event, enqueue }) => {
        const phase = phaseOf(event);
        if (event.type !== 'child.ready' || phase === null) return;
        enqueue.assign({ results: event.results, waitingOn: null });
        enqueue.emit({ type: 'phase.completed', phase });
      }),
      refuseFacts: assign(({ event }) => {
        const phase = phaseOf(event);
        if (phase === null) return {};
        const error = 'the phase said that it is ready, but its guard does not hold';
        return { failure: { phase, service: phase, error, report: null } };
      }),
      noteFailure: enqueueActions(({ context, event, enqueue }) => {
        const failure = failureIn(event);
        if (failure === null) return;
        enqueue.stopChild(failure.phase);
        enqueue.assign({
          failure: context.failure ?? failure,
          live: context.live.filter((phase) => phase !== failure.phase)
        });
      }),
      notePhaseEnd: enqueueActions(({ context, event, enqueue }) => {
        const phase = phaseOf(event);
        if (phase === null) return;
        enqueue.stopChild(phase);
        enqueue.assign({ live: context.live.filter((other) => other !== phase) });
      }),
      askLastToStop: enqueueActions(({ context, enqueue }) => {
        const last = context.live.at(-1);
        const stop: ChildStop = { type: 'child.stop' };
        if (last !== undefined) enqueue.sendTo(last, stop);
      }),
      announceFailure: enqueueActions(({ context, enqueue }) => {
        if (context.failure !== null) {
          enqueue.emit({ type: 'startup.failed', failure: context.failure });
        }
      })
    }
  }).createMachine({
    id: 'startup',
    context: ({ input }) => ({
      ...input,
      results: NO_RESULTS,
      states: {},
      live: [],
      failure: null,
      waitingOn: null,
      served: false,
      forced: false
    }),
    initial: 'starting',
    on: {
      'child.changed': { actions: ['noteStates', emit({ type: 'children.changed' })] }
    },
    states: {
      starting: {
        tags: 'initializing',
        initial: 'infrastructure',
        on: {
          'server.stop': 'ending.stopping',
          'child.waiting': { actions: assign(({ event }) => ({ waitingOn: event.on })) },
          // Reached only when the guard of the current phase, below, did not hold.
          'child.ready': { target: 'ending.stopping', actions: ['noteStates', 'refuseFacts'] },
          'xstate.done.actor.*': {
            guard: 'isPhaseEnd',
            target: 'ending.stopping',
            actions: 'noteFailure'
          },
          'xstate.error.actor.*': {
            guard: 'isPhaseEnd',
            target: 'ending.stopping',
            actions: 'noteFailure'
          }
        },
        states: {
          infrastructure: {
            entry: { type: 'startPhase', params: 'infrastructure' },
            on: {
              'child.ready': {
                guard: { type: 'isPhaseReady', params: 'infrastructure' },
                target: 'handlers',
                actions: ['noteStates', 'completePhase']
              }
            }
          },
          handlers: {
            entry: { type: 'startPhase', params: 'handlers' },
            on: {
              'child.ready': {
                guard: 'hasHandlers',
                target: 'monitoring',
                actions: ['noteStates', 'completePhase']
              }
            }
          },
          monitoring: {
            entry: { type: 'startPhase', params: 'monitoring' },
            on: {
              'child.ready': {
                guard: 'hasWatchedHandlers',
                target: 'services',
                actions: ['noteStates', 'completePhase']
              }
            }
          },
          services: {
            entry: { type: 'startPhase', params: 'services' },
            on: {
              'child.ready': {
                guard: 'hasRequiredServices',
                target: 'health',
                actions: ['noteStates', 'completePhase']
              }
            }
          },
          health: {
            entry: { type: 'startPhase', params: 'health' },
            on: {
              'child.ready': {
                guard: { type: 'isPhaseReady', params: 'health' },
                target: '#startup.serving',
                actions: ['noteStates', 'completePhase', assign({ served: true })]
              }
            }
          }
        }
      },
      serving: {
        tags: 'serving',
        entry: emit({ type: 'startup.completed' }),
        initial: 'judging',
        on: {
          'server.stop': 'ending.draining',
          'child.changed': {
            target: '.judging',
            actions: ['noteStates', emit({ type: 'children.changed' })]
          },
          'xstate.done.actor.*': {
            guard: 'isPhaseEnd',
            target: 'ending.draining',
            actions: 'noteFailure'
          },
          'xstate.error.actor.*': {
            guard: 'isPhaseEnd',
            target: 'ending.draining',
            actions: 'noteFailure'
          }
        },
        states: {
          judging: {
            always: [
              { guard: 'isImpaired', target: 'impaired' },
              { guard: 'hasDegraded', target: 'degraded' },
              { target: 'ready' }
            ]
          },
          ready: { tags: 'ready' },
          degraded: { tags: 'degraded' },
          // A required child is down and being restarted. Open chats go on; a load balancer should send new traffic
          // elsewhere.
          impaired: { tags: 'failed' }
        }
      },
      ending: {
        tags: 'draining',
        // Announced before the drain, which may take until the limit, so that a failure is always reported.
        entry: 'announceFailure',
        after: { shutdown: { target: 'ended', actions: assign({ forced: true }) } },
        onDone: 'ended',
        initial: 'draining',
        on: {
          'xstate.done.actor.*': { guard: 'isPhaseEnd', actions: 'notePhaseEnd' },
          'xstate.error.actor.*': { guard: 'isPhaseEnd', actions: 'notePhaseEnd' }
        },
        states: {
          draining: {
            entry: emit({ type: 'draining' }),
            invoke: { src: 'drain', onDone: 'stopping', onError: 'stopping' }
          },
          stopping: {
            initial: 'choosing',
            onDone: 'allStopped',
            states: {
              choosing: {
                always: [{ guard: 'hasNothingLive', target: 'done' }, { target: 'waiting' }]
              },
              waiting: {
                entry: 'askLastToStop',
                // Another phase may end at the same time. The handler above notes that; the stop is not sent again to
                // the phase that has it.
                on: {
                  'xstate.done.actor.*': {
                    guard: 'isLastEnd',
                    target: 'choosing',
                    actions: 'notePhaseEnd'
                  },
                  'xstate.error.actor.*': {
                    guard: 'isLastEnd',
                    target: 'choosing',
                    actions: 'notePhaseEnd'
                  }
                }
              },
              done: { type: 'final' }
            }
          },
          allStopped: { type: 'final' }
        }
      },
      ended: { always: [{ guard: 'hasFailed', target: 'failed' }, { target: 'stopped' }] },
      stopped: { type: 'final', tags: 'draining' },
      failed: { type: 'final', tags: 'failed' }
    },
    output: ({ context }) =>
      context.failure === null
        ? { status: 'stopped', forced: context.forced }
        : { status: 'failed', forced: context.forced, failure: context.failure }
  });
}

/** The chart of {@link createStartupMachine}. */
export type StartupMachine = ReturnType<typeof createStartupMachine>;
