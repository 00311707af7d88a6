/**
 * The monitor's life. It gets the handler list as its input and cannot start without one: a monitor that watches
 * nothing would call every silence an outage.
 */
import { sendParent, setup } from 'xstate';
import type { ChildInput, ChildOutput, ChildReport, ChildStop } from './child.js';

/** Chart of the monitor. */
export const monitorMachine = setup({
  types: {
    context: {} as ChildInput,
    input: {} as ChildInput,
    events: {} as ChildStop,
    output: {} as ChildOutput
  },
  guards: { hasHandlers: ({ context }) => context.facts.handlers.length > 0 }
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
      entry: sendParent(({ context }): ChildReport => ({
        type: 'child.ready',
        id: context.id,
        facts: context.facts
      })),
      on: { 'child.stop': 'stopped' }
    },
    refused: { type: 'final', tags: 'failed' },
    stopped: { type: 'final', tags: 'draining' }
  },
  output: ({ context }) =>
    context.facts.handlers.length > 0
      ? { status: 'stopped' }
      : { status: 'failed', error: 'the monitor was given no handlers to watch' }
});
