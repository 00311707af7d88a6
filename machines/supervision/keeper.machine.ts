/**
 * Chart around one supervised child: it starts the child when the supervisor orders it, reports up when the child does,
 * stops the child with a deadline, and reports down when the child has ended. It decides nothing; the supervisor
 * decides what an end means. A child that does not start in time is stopped like any other, so that nothing of it is
 * left when it starts again.
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

/** Orders of a supervisor: start the child · stop it · report after `delayMs` milliseconds. */
export type KeeperOrder =
  | { type: 'keeper.start'; results: StartResults }
  | { type: 'keeper.stop' }
  | { type: 'keeper.wait'; delayMs: number };

/**
 * Reports to the supervisor.
 * - `keeper.up`: the child is up
 * - `keeper.waiting`: the start waits for something
 * - `keeper.degraded`, `keeper.recovered`: the child reports a fault, or its end
 * - `keeper.settled`: the child has been up for `settledMs`
 * - `keeper.down`: the child ended without an order, or could not start
 * - `keeper.stopped`: the child ended as ordered
 * - `keeper.due`: the wait is over
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
  /** What the child says that its start waits for. */
  readonly waitingOn: string | null;
  /** Why the child is down; null when no fault is known. */
  readonly reason: string | null;
  readonly isFailure: boolean;
  readonly wasUp: boolean;
  /** Whether the supervisor ordered the stop, so that the end is no loss. */
  readonly isOrdered: boolean;
  readonly delayMs: number;
}

/** Builds the chart around one child. After `settledMs` milliseconds up, it reports the child as settled. */
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
        // When the child was late, that is the reason, whatever it says at its end.
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
