/** The supervision tree of a server in one expression: which part is supervised in which phase, and how. */
import type { HandlerRegistry } from '../../actors/handlers.js';
import type { Monitor } from '../../actors/monitor/monitor.js';
import { serviceLogic, type Service } from '../../actors/service.js';
import { NO_RESTARTS, RESTARTS, type ChildSpec } from '../../machines/supervision/child-spec.js';
import type { Phase, PhaseSpec } from '../../machines/startup.machine.js';

/** How long most children may take to start, and to stop, in milliseconds. */
export const BOUNDS = {
  required: true,
  restart: 'permanent',
  startTimeoutMs: 30_000,
  shutdownMs: 5_000
} as const;

/** How long a node may take until its replica has what the order has, in milliseconds. */
export const REPLICA_START_MS = 600_000;

/** The supervised parts of a server. */
export interface Parts {
  /** What sends traces; null when none are sent. */
  readonly traces: Service | null;
  /** The connection to the brokers; null for a single node. */
  readonly nats: ChildSpec['logic'] | null;
  readonly log: Service;
  readonly listener: Service;
  /** Makes the parts that need the open log, and the route table last. */
  readonly handlers: HandlerRegistry;
  readonly monitor: Monitor;
  readonly sweep: Service;
  /** Parts that the chat can run without; a service that is switched off may be missing. */
  readonly services: readonly ChildSpec[];
  readonly probe: Service;
}

// Other parts hold references to the log, the listener and the route table, which cannot be replaced under a running
// chat. Their loss ends the server, with the reason.
const once = (...children: ChildSpec[]): PhaseSpec => ({ children, policy: NO_RESTARTS });
const again = (...children: ChildSpec[]): PhaseSpec => ({ children, policy: RESTARTS });

/** Returns the children and the policy of each phase. */
export function phasesOf(parts: Parts): Record<Phase, PhaseSpec> {
  const { nats, traces } = parts;
  // A replica may have a long way to the newest message.
  const log = { ...BOUNDS, id: 'thread-log', logic: serviceLogic(parts.log) };
  return {
    infrastructure: once(
      // First: it stops last, when there are no more spans.
      ...(traces === null ? [] : [{ ...BOUNDS, id: 'traces', logic: serviceLogic(traces) }]),
      ...(nats === null
        ? [log]
        : [
            { ...BOUNDS, id: 'nats', logic: nats },
            { ...log, startTimeoutMs: REPLICA_START_MS, requires: ['nats'] }
          ]),
      { ...BOUNDS, id: 'listener', logic: serviceLogic(parts.listener), requires: ['thread-log'] }
    ),
    handlers: once({ ...BOUNDS, id: 'handler-registry', ...parts.handlers.child() }),
    monitoring: again(
      { ...BOUNDS, id: 'monitor', logic: parts.monitor.logic },
      { ...BOUNDS, id: 'sweep', logic: serviceLogic(parts.sweep) }
    ),
    services: again(...parts.services),
    health: once({ ...BOUNDS, id: 'loopback-probe', logic: serviceLogic(parts.probe) })
  };
}
