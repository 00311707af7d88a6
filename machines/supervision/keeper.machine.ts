/**
 * The life of one supervised child: started when the supervisor says so, up once the child says so, told to stop with
 * a deadline, and down when it has ended, however it ended. It decides nothing; what an end means is the supervisor's.
 * A child that does not start in time is stopped like any other, so that nothing of it is left when it is tried again.
 */
import { assign, sendParent, sendTo, setup } from 'xstate';
import type { ChildSpec } from './child-spec.js';
import { reasonOf } from '../reason.js';
import {
  failureOf,
  NO_RESULTS,
  type ChildInput,
  type ChildReport,
  type ChildStop,
  type StartResults
} from './child.js';

/** What a supervisor tells a keeper: start the child · stop it · say when so much time has passed. */
export type KeeperOrder =
  | { type: 'keeper.start'; results: StartResults }
  | { type: 'keeper.stop' }
  | { type: 'keeper.wait'; delayMs: number };

/**
 * What a keeper tells its supervisor of its child: it is up · how it feels has changed · it has been up for long
 * enough · it has ended, or could not be started · it has ended as ordered · the wait is over.
 */
export type KeeperReport =
  | { type: 'keeper.up'; id: string; results: StartResults | null }
  | { type: 'keeper.waiting'; id: string; on: string }
  | { type: 'keeper.degraded'; id: string; error: string }
  | { type: 'keeper.recovered'; id: string }
  | { type: 'keeper.settled'; id: string }
  | { type: 'keeper.down'; id: string; reason: string; isFailure: boolean; wasUp: boolean }
  | { type: 'keeper.stopped'; id: string; reason: string | null }
  | { type: 'keeper.due'; id: string };

interface KeeperContext {
  readonly results: StartResults;
  /** What the child's start waits for, by its own word. */
  readonly waitingOn: string | null;
  /** Why the child is down; null when nothing is known to be wrong. */
  readonly reason: string | null;
  readonly isFailure: boolean;
  readonly wasUp: boolean;
  /** The supervisor wants it stopped, so its end is no loss. */
  readonly isOrdered: boolean;
  readonly delayMs: number;
}

/** Builds the chart of one child; `settledMs` is how long it must be up to count as well. */
export function createKeeperMachine(spec: ChildSpec, settledMs: number) {
  const { id } = spec;
  const stopped = ({
    context: { isFailure, reason }
  }: {
    context: KeeperContext;
  }): KeeperReport => ({
    type: 'keeper.stopped',
    id,
    reason: isFailure ? reason : null
  });
  const down = ({ context }: { context: KeeperContext }): KeeperReport => ({
    type: 'keeper.down',
    id,
    reason: context.reason ?? 'ended by itself',
    isFailure: context.isFailure,
    wasUp: context.wasUp
  });
  const stop: ChildStop = { type: 'child.stop' };
  return setup({
    types: {
      context: {} as KeeperContext,
      events: {} as KeeperOrder | ChildReport
    },
    actors: { child: spec.logic },
    delays: {
      startTimeout: spec.startTimeoutMs,
      shutdown: spec.shutdownMs,
      settled: settledMs,
      wait: ({ context }) => context.delayMs
    },
    guards: { isOrdered: ({ context }) => context.isOrdered },
    actions: {
      order: assign({ isOrdered: true }),
      report: sendParent((_, what: KeeperReport) => what),
      noteEnd: assign(({ context }, failure: string | null) => ({
        // Being late is why it was stopped, whatever it says at its end.
        reason: context.reason ?? failure,
        isFailure: context.reason !== null || failure !== null
      }))
    }
  }).createMachine({
    id: 'keeper',
    context: {
      results: NO_RESULTS,
      waitingOn: null,
      reason: null,
      isFailure: false,
      wasUp: false,
      isOrdered: false,
      delayMs: 0
    },
    initial: 'idle',
    states: {
      idle: {
        on: {
          'keeper.start': {
            target: 'alive',
            actions: assign(({ event }) => ({
              results: event.results,
              waitingOn: null,
              reason: null,
              isFailure: false,
              wasUp: false,
              isOrdered: false
            }))
          },
          'keeper.wait': {
            target: 'waiting',
            actions: assign({ delayMs: ({ event }) => event.delayMs })
          },
          'keeper.stop': { actions: { type: 'report', params: stopped } }
        }
      },
      waiting: {
        after: {
          wait: { target: 'idle', actions: { type: 'report', params: { type: 'keeper.due', id } } }
        },
        on: { 'keeper.stop': { target: 'idle', actions: { type: 'report', params: stopped } } }
      },
      alive: {
        invoke: {
          id,
          src: 'child',
          input: ({ context }: { context: KeeperContext }): ChildInput => ({
            ...spec.input,
            id,
            results: context.results
          }),
          onDone: {
            target: 'judging',
            actions: { type: 'noteEnd', params: ({ event }) => failureOf(event.output) }
          },
          onError: {
            target: 'judging',
            actions: { type: 'noteEnd', params: ({ event }) => reasonOf(event.error) }
          }
        },
        initial: 'starting',
        on: { 'keeper.stop': { target: '.stopping', actions: 'order' } },
        states: {
          starting: {
            on: {
              'child.ready': {
                target: 'up',
                actions: {
                  type: 'report',
                  params: ({ event }) => ({ type: 'keeper.up', id, results: event.results ?? null })
                }
              },
              'child.waiting': {
                actions: [
                  assign({ waitingOn: ({ event }) => event.on }),
                  {
                    type: 'report',
                    params: ({ event }) => ({ type: 'keeper.waiting', id, on: event.on })
                  }
                ]
              }
            },
            after: {
              startTimeout: {
                target: 'stopping',
                actions: assign(({ context: { waitingOn } }) => ({
                  reason:
                    `did not start within ${String(spec.startTimeoutMs)} ms` +
                    (waitingOn === null ? '' : `: it waits for ${waitingOn}`)
                }))
              }
            }
          },
          up: {
            entry: assign({ wasUp: true }),
            after: {
              settled: { actions: { type: 'report', params: { type: 'keeper.settled', id } } }
            },
            on: {
              'child.degraded': {
                actions: {
                  type: 'report',
                  params: ({ event }) => ({ type: 'keeper.degraded', id, error: event.error })
                }
              },
              'child.recovered': {
                actions: { type: 'report', params: { type: 'keeper.recovered', id } }
              }
            }
          },
          stopping: {
            entry: sendTo(id, stop),
            on: { 'keeper.stop': { actions: 'order' } },
            after: {
              shutdown: {
                target: '#keeper.judging',
                actions: {
                  type: 'noteEnd',
                  params: `did not end within ${String(spec.shutdownMs)} ms and was cut off`
                }
              }
            }
          }
        }
      },
      judging: {
        always: [
          { guard: 'isOrdered', target: 'idle', actions: { type: 'report', params: stopped } },
          { target: 'idle', actions: { type: 'report', params: down } }
        ]
      }
    }
  });
}

/** The chart of {@link createKeeperMachine}. */
export type KeeperMachine = ReturnType<typeof createKeeperMachine>;
