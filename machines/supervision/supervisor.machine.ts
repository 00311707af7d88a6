/**
 * Supervisor over child specs, with the semantics of OTP. It starts its children in order, each after the one before is
 * up. It restarts those that go down, by the strategy, after the backoff and within the intensity. It stops them in
 * reverse order, each with its own deadline. Until it has been ready once, the loss of a required child ends it, and it
 * stops what had started. It never waits for an optional child and never gives one up. It never throws and never ends
 * in XState's `error` state: its output says how it ended.
 * @see keeper.machine.ts for the life of one child, child-spec.ts for the options
 */
import { assign, enqueueActions, sendParent, setup, type AnyActorLogic } from 'xstate';
import { fullJitterMs } from './backoff.js';
import { impossibleIn, startOrder } from './child-spec.js';
import { newChild, reportOf, withChanged, type ChildState } from './child-state.js';
import { createKeeperMachine, type KeeperOrder } from './keeper.machine.js';
import { attemptIn, NO_ATTEMPT } from './next-attempt.js';
import {
  childOf,
  groupOf,
  hasRequired,
  isToStayDown,
  isFatal,
  isFirst,
  isGroupLoss,
  lastOfGroup,
  restartsWith,
  specOf,
  type SupervisorContext,
  type SupervisorEvent,
  type SupervisorInput,
  type SupervisorOutput,
  type SupervisorReport,
  type SupervisorSettings
} from './supervisor-context.js';

const STOP: KeeperOrder = { type: 'keeper.stop' };

function startOrderOf({ results }: SupervisorContext): KeeperOrder {
  return { type: 'keeper.start', results };
}

/** Builds the chart; one set of settings may serve any number of supervisors. */
export function createSupervisorMachine({ now, elapsed, random }: SupervisorSettings) {
  const changed = (
    { children }: SupervisorContext,
    ids: readonly string[],
    change: (child: ChildState) => Partial<ChildState>
  ) => ({ children: withChanged(children, ids, now(), change) });
  const started = ({ starts }: ChildState): Partial<ChildState> => ({
    status: 'starting',
    starts: starts + 1,
    ...NO_ATTEMPT
  });
  const chart = setup({
    types: {
      context: {} as SupervisorContext,
      input: {} as SupervisorInput,
      events: {} as SupervisorEvent,
      output: {} as SupervisorOutput,
      tags: {} as 'initializing' | 'ready' | 'degraded' | 'draining' | 'failed'
    },
    // Children are data: their logic is in their specs, so no actor has a name here.
    actors: {} as Record<string, AnyActorLogic>,
    delays: { rest: ({ context }) => context.restMs },
    guards: {
      hasFailed: ({ context }) => context.failure !== null,
      isFirstRun: ({ context }) => context.queue.length === 0 && !context.hasRun,
      hasNoQueue: ({ context }) => context.queue.length === 0,
      isNextBlocked: ({ context: { queue }, context }) =>
        queue[0] !== undefined && !hasRequired(context, queue[0]),
      hasToStop: ({ context }) => lastOfGroup(context) !== undefined,
      isFirst: ({ context, event }) => isFirst(context, event),
      isNextOptional: ({ context: { queue }, context }) =>
        queue[0] !== undefined && specOf(context, queue[0])?.required === false,
      // The last case of judgingAlone, below, for the child that is starting. The cases before it must not apply.
      isStartingAlone: ({ context, event }) =>
        isFirst(context, event) &&
        !isFatal(context, event, elapsed()) &&
        !isToStayDown(context, event) &&
        !isGroupLoss(context, event),
      isInGroup: ({ context, event }) => 'id' in event && context.group.includes(event.id),
      isToStayDown: ({ context, event }) => isToStayDown(context, event),
      isFatal: ({ context, event }) => isFatal(context, event, elapsed()),
      isGroupLoss: ({ context, event }) => isGroupLoss(context, event)
    },
    actions: {
      spawnKeepers: enqueueActions(({ context, enqueue }) => {
        for (const spec of context.specs) {
          enqueue.spawnChild(createKeeperMachine(spec, context.policy.settledMs), { id: spec.id });
        }
      }),
      startFirst: enqueueActions(({ context, enqueue }) => {
        const [id] = context.queue;
        if (id === undefined) return;
        enqueue.sendTo(id, startOrderOf(context));
        enqueue.assign(changed(context, [id], started));
      }),
      /** Starts a child whose wait is over, or parks it until the children that it requires are up. */
      startDue: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'keeper.due') return;
        const isBlocked = !hasRequired(context, event.id);
        if (!isBlocked) enqueue.sendTo(event.id, startOrderOf(context));
        enqueue.assign(
          changed(context, [event.id], isBlocked ? () => ({ status: 'waiting' }) : started)
        );
      }),
      /** Starts the parked children whose requirements are up now. */
      startUnblocked: enqueueActions(({ context, enqueue }) => {
        const { children, queue, group } = context;
        const ids = children
          .filter(({ id, status }) => status === 'waiting' && !queue.includes(id))
          .map(({ id }) => id)
          .filter((id) => !group.includes(id) && hasRequired(context, id));
        for (const id of ids) enqueue.sendTo(id, startOrderOf(context));
        enqueue.assign(changed(context, ids, started));
      }),
      shiftQueue: assign(({ context }) => ({ queue: context.queue.slice(1) })),
      parkFirst: assign(({ context, context: { queue } }) => ({
        ...changed(context, queue.slice(0, 1), () => ({ status: 'waiting', ...NO_ATTEMPT })),
        queue: queue.slice(1)
      })),
      noteUp: assign(({ context, event }) =>
        event.type === 'keeper.up'
          ? {
              ...changed(context, [event.id], () => ({ status: 'ready', error: null })),
              results: event.results ?? context.results
            }
          : {}
      ),
      noteHealth: assign(({ context, event }) => {
        if (event.type === 'keeper.degraded') {
          const { id, error } = event;
          return changed(context, [id], () => ({ status: 'degraded', error }));
        }
        return event.type === 'keeper.recovered'
          ? changed(context, [event.id], () => ({ status: 'ready', error: null }))
          : {};
      }),
      noteSettled: assign(({ context, event }) =>
        event.type === 'keeper.settled' ? changed(context, [event.id], () => ({ losses: 0 })) : {}
      ),
      noteStaysDown: assign(({ context, event }) => {
        if (event.type !== 'keeper.down') return {};
        const { id, isFailure, reason } = event;
        const status = isFailure ? 'failed' : 'stopped';
        return changed(context, [id], () => ({ status, error: isFailure ? reason : null }));
      }),
      /** Notes a loss and plans the restart. When the child restarts alone, its keeper waits until then. */
      noteLoss: assign(({ context, event }) => {
        if (event.type !== 'keeper.down') return {};
        const { id, reason: error } = event;
        const losses = (childOf(context, id)?.losses ?? 0) + 1;
        const restMs = fullJitterMs(losses, random(), context.policy.backoff);
        const planned = attemptIn(restMs, { now, elapsed });
        return {
          ...changed(context, [id], () => ({ status: 'restarting', error, losses, ...planned })),
          restMs,
          restarts:
            specOf(context, id)?.required === true
              ? restartsWith(context, elapsed())
              : context.restarts
        };
      }),
      waitAlone: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'keeper.down') return;
        const order: KeeperOrder = { type: 'keeper.wait', delayMs: context.restMs };
        enqueue.sendTo(event.id, order);
      }),
      /** A child that goes down while its group is being stopped is part of the same loss. */
      noteDownInGroup: assign(({ context, event }) =>
        event.type === 'keeper.down'
          ? changed(context, [event.id], () => ({ status: 'restarting', error: event.reason }))
          : {}
      ),
      gatherGroup: assign(({ context, event }) => {
        if (event.type !== 'keeper.down') return {};
        const together = [...groupOf(context, event.id), ...context.group];
        const group = context.specs.map(({ id }) => id).filter((id) => together.includes(id));
        return { queue: [], group };
      }),
      gatherAll: assign(({ context }) => ({ queue: [], group: context.specs.map(({ id }) => id) })),
      askLastOfGroup: enqueueActions(({ context, enqueue }) => {
        const last = lastOfGroup(context);
        if (last === undefined) return;
        enqueue.sendTo(last.id, STOP);
        enqueue.assign(changed(context, [last.id], () => ({ status: 'stopping', ...NO_ATTEMPT })));
      }),
      noteStopped: assign(({ context, event }) =>
        event.type === 'keeper.stopped'
          ? changed(context, [event.id], ({ error }) => ({
              status: 'stopped',
              error: event.reason ?? error
            }))
          : {}
      ),
      /** Temporary children are not started again, not even with their group. */
      planRestart: assign(({ context }) => {
        const group = context.group.filter((id) => specOf(context, id)?.restart !== 'temporary');
        const planned = attemptIn(context.restMs, { now, elapsed });
        return {
          ...changed(context, group, () => ({ status: 'restarting', ...planned })),
          group
        };
      }),
      queueGroup: assign(({ context }) => ({ queue: context.group, group: [] })),
      noteFailure: assign(({ context, event }) => {
        if (event.type !== 'keeper.down') return {};
        const { restarts, withinMs } = context.policy.intensity;
        const limit = `restarted ${String(restarts)} times within ${String(withinMs)} ms, the most allowed`;
        const error = context.hasRun && restarts > 0 ? `${event.reason} (${limit})` : event.reason;
        const { children } = changed(context, [event.id], () => ({ status: 'failed', error }));
        const child = children.find(({ id }) => id === event.id);
        const report = child === undefined ? null : reportOf(child, elapsed(), 'escalated');
        return { children, failure: { status: 'failed', service: event.id, error, report } };
      }),
      noteRunning: assign({ hasRun: true }),
      reportReady: sendParent(({ context: { id, results, children } }): SupervisorReport => ({
        type: 'child.ready',
        id,
        results,
        children
      })),
      reportChanged: sendParent(({ context: { id, children } }): SupervisorReport => ({
        type: 'child.changed',
        id,
        children
      })),
      reportAwaited: sendParent(({ context: { id, queue } }): SupervisorReport => ({
        type: 'child.waiting',
        id,
        on: queue[0] ?? 'nothing'
      })),
      reportWaiting: sendParent(({ context: { id }, event }): SupervisorReport => ({
        type: 'child.waiting',
        id,
        on: event.type === 'keeper.waiting' ? `${event.id}: ${event.on}` : ''
      }))
    }
  });

  const judgingAlone = [
    { guard: 'isFatal', target: '#supervisor.stopping', actions: ['noteFailure', 'reportChanged'] },
    { guard: 'isToStayDown', actions: ['noteStaysDown', 'reportChanged'] },
    {
      guard: 'isGroupLoss',
      target: '#supervisor.working.regrouping',
      actions: ['noteLoss', 'gatherGroup']
    },
    { actions: ['noteLoss', 'waitAlone', 'reportChanged'] }
  ] as const;

  /**
   * Starts the queue one by one. A child that is lost meanwhile is judged like any loss; the queue does not wait for
   * it.
   */
  const startingQueue = chart.createStateConfig({
    initial: 'choosing',
    states: {
      choosing: {
        always: [
          {
            guard: 'isFirstRun',
            target: '#supervisor.working.running',
            actions: ['noteRunning', 'reportReady']
          },
          { guard: 'hasNoQueue', target: '#supervisor.working.running', actions: 'reportChanged' },
          { guard: 'isNextBlocked', target: 'choosing', actions: 'parkFirst' },
          {
            guard: 'isNextOptional',
            target: 'choosing',
            actions: ['startFirst', 'shiftQueue', 'reportChanged']
          },
          { target: 'awaiting' }
        ]
      },
      awaiting: {
        entry: ['startFirst', 'reportAwaited', 'reportChanged'],
        on: {
          'keeper.up': {
            guard: 'isFirst',
            target: 'choosing',
            actions: ['noteUp', 'shiftQueue', 'startUnblocked', 'reportChanged']
          },
          'keeper.down': [
            {
              guard: 'isStartingAlone',
              target: 'choosing',
              actions: ['noteLoss', 'waitAlone', 'shiftQueue', 'reportChanged']
            },
            ...judgingAlone
          ]
        }
      }
    }
  });

  return chart.createMachine({
    id: 'supervisor',
    context: ({ input: { id, children, results, policy } }) => {
      const faults = impossibleIn(children, policy);
      const specs = faults.length === 0 ? startOrder(children) : children;
      return {
        id,
        policy,
        specs,
        children: specs.map((spec) => newChild(spec, now())),
        results,
        queue: specs.map((spec) => spec.id),
        group: [],
        restMs: 0,
        restarts: [],
        failure:
          faults.length === 0
            ? null
            : { status: 'failed', service: id, error: faults.join('; '), report: null },
        hasRun: false
      };
    },
    initial: 'checking',
    states: {
      checking: {
        tags: 'initializing',
        always: [
          { guard: 'hasFailed', target: 'failed' },
          { target: 'working', actions: 'spawnKeepers' }
        ]
      },
      working: {
        initial: 'starting',
        on: {
          'child.stop': 'stopping',
          'keeper.up': { actions: ['noteUp', 'startUnblocked', 'reportChanged'] },
          'keeper.down': judgingAlone,
          'keeper.due': { actions: ['startDue', 'reportChanged'] },
          'keeper.waiting': { actions: 'reportWaiting' },
          'keeper.degraded': { actions: ['noteHealth', 'reportChanged'] },
          'keeper.recovered': { actions: ['noteHealth', 'reportChanged'] },
          'keeper.settled': { actions: ['noteSettled', 'reportChanged'] }
        },
        states: {
          starting: { tags: 'initializing', ...startingQueue },
          running: { tags: 'ready' },
          regrouping: {
            tags: 'degraded',
            initial: 'choosing',
            on: {
              'keeper.down': [
                { guard: 'isInGroup', actions: ['noteDownInGroup', 'reportChanged'] },
                ...judgingAlone
              ]
            },
            states: {
              choosing: {
                always: [{ guard: 'hasToStop', target: 'asking' }, { target: 'resting' }]
              },
              asking: {
                entry: ['askLastOfGroup', 'reportChanged'],
                on: { 'keeper.stopped': { target: 'choosing', actions: 'noteStopped' } }
              },
              resting: {
                entry: ['planRestart', 'reportChanged'],
                after: { rest: { target: '#supervisor.working.restarting', actions: 'queueGroup' } }
              }
            }
          },
          restarting: { tags: 'degraded', ...startingQueue }
        }
      },
      stopping: {
        tags: 'draining',
        entry: 'gatherAll',
        initial: 'choosing',
        on: { 'keeper.down': { actions: ['noteStaysDown', 'reportChanged'] } },
        states: {
          choosing: { always: [{ guard: 'hasToStop', target: 'asking' }, { target: 'done' }] },
          asking: {
            entry: ['askLastOfGroup', 'reportChanged'],
            on: { 'keeper.stopped': { target: 'choosing', actions: 'noteStopped' } }
          },
          done: { type: 'final' }
        },
        onDone: [{ guard: 'hasFailed', target: 'failed' }, { target: 'stopped' }]
      },
      stopped: { type: 'final', tags: 'draining' },
      failed: { type: 'final', tags: 'failed' }
    },
    output: ({ context }) => context.failure ?? { status: 'stopped' }
  });
}

/** The chart of {@link createSupervisorMachine}. */
export type SupervisorMachine = ReturnType<typeof createSupervisorMachine>;
