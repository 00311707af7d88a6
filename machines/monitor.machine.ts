/**
 * Chart of the monitor; its state is the worst level of the open findings. It fails without handlers: a monitor that
 * watches nothing would report every silence as an outage. The findings are kept outside of the chart, so a restarted
 * monitor continues with the same level.
 */
import { fromCallback, sendParent, setup, type EventObject } from 'xstate';
import type { ChildInput, ChildOutput, ChildReport, ChildStop } from './supervision/child.js';
import type { MonitorLevel } from './finding.js';

/** Events of the chart; `level` is the worst level of the open findings. */
export type MonitorEvent = ChildStop | { type: 'findings.changed'; level: MonitorLevel };

/**
 * Chart of the monitor. `.provide()` must give it `watch`, which sends the level at once and then whenever it changes.
 * Without `watch` the level stays healthy.
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
