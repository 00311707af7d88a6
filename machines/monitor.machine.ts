/**
 * The monitor's life, and how bad what it has found is. It gets the handler list as its input and cannot start without
 * one: a monitor that watches nothing would call every silence an outage. What is found outlives it, so one that is
 * started again stands at once where the last one stood.
 */
import { fromCallback, sendParent, setup, type EventObject } from 'xstate';
import type { ChildInput, ChildOutput, ChildReport, ChildStop } from './supervision/child.js';
import type { MonitorLevel } from './finding.js';

/** What reaches the chart: an order, and the worst level of what is found now. */
export type MonitorEvent = ChildStop | { type: 'findings.changed'; level: MonitorLevel };

/**
 * Chart of the monitor. Give it `watch` by `.provide()`: it tells the level at once and whenever it changes. Without it
 * there is nothing to find.
 */
export const monitorMachine = setup({
  types: {
    context: {} as ChildInput,
    input: {} as ChildInput,
    events: {} as MonitorEvent,
    output: {} as ChildOutput
  },
  actors: { watch: fromCallback<EventObject>(() => undefined) },
  guards: {
    hasHandlers: ({ context }) => context.results.handlers.length > 0,
    isLevel: ({ event }, level: MonitorLevel) =>
      event.type === 'findings.changed' && event.level === level
  },
  actions: {
    reportReady: sendParent(({ context }): ChildReport => ({
      type: 'child.ready',
      id: context.id,
      results: context.results
    }))
  }
}).createMachine({
  id: 'monitor',
  context: ({ input }) => input,
  initial: 'checking',
  states: {
    checking: {
      tags: 'initializing',
      always: [{ guard: 'hasHandlers', target: 'watching' }, { target: 'refused' }]
    },
    watching: {
      tags: 'ready',
      entry: 'reportReady',
      invoke: { id: 'watch', src: 'watch' },
      on: {
        'child.stop': 'stopped',
        'findings.changed': [
          { guard: { type: 'isLevel', params: 'failed' }, target: '.failed' },
          { guard: { type: 'isLevel', params: 'critical' }, target: '.critical' },
          { guard: { type: 'isLevel', params: 'warning' }, target: '.warning' },
          { guard: { type: 'isLevel', params: 'healthy' }, target: '.healthy' }
        ]
      },
      initial: 'healthy',
      states: { healthy: {}, warning: {}, critical: {}, failed: {} }
    },
    refused: { type: 'final', tags: 'failed' },
    stopped: { type: 'final', tags: 'draining' }
  },
  output: ({ context }) =>
    context.results.handlers.length > 0
      ? { status: 'stopped' }
      : { status: 'failed', error: 'the monitor was given no handlers to watch' }
});
