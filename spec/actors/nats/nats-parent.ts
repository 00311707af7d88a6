import { setup } from 'xstate';
import type { NatsMachine } from '../../../machines/nats/nats.machine.js';
import { NO_RESULTS } from '../../../machines/supervision/child.js';

/** A parent for the connection to the brokers, for specs that do not look at what it reports. */
export function serviceParent(logic: NatsMachine) {
  return setup({ actors: { child: logic } }).createMachine({
    invoke: { id: 'nats', src: 'child', input: { id: 'nats', results: NO_RESULTS } }
  });
}
