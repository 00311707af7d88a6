/** Lets the monitor follow the startup: which parts there are, and when it judges. */
import type { Actor } from 'xstate';
import type { Monitor } from '../../../actors/monitor/monitor.js';
import type { StartupMachine } from '../../../machines/startup.machine.js';
import type { Supervision } from './supervision.js';

/** Passes the states of the parts to the monitor, which judges while the server serves. */
export function monitorStartup(
  root: Actor<StartupMachine>,
  monitor: Monitor,
  supervision: Supervision
): void {
  root.on('children.changed', () => {
    monitor.follow(supervision.follow(root.getSnapshot().context.states));
  });
  root.on('startup.completed', () => {
    monitor.begin();
  });
  root.on('draining', () => {
    monitor.rest();
  });
}
