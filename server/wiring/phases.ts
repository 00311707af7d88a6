/**
 * Which part is supervised in which phase, and how: the supervision tree of a server in one expression.
 */
import type { HandlerRegistry } from '../../actors/handlers.js';
import type { Monitor } from '../../actors/monitor/monitor.js';
import { serviceLogic, type Service } from '../../actors/service.js';
import { NO_RESTARTS, RESTARTS, type ChildSpec } from '../../machines/supervision/child-spec.js';
import type { Phase, PhaseSpec } from '../../machines/startup.machine.js';

/** How long most children may take to start, and to stop. */
export const BOUNDS = {
  required: true,
  restart: 'permanent',
  startTimeoutMs: 30_000,
  shutdownMs: 5_000
} as const;

/** The parts of a server that are supervised. */
export interface Parts {
  readonly log: Service;
  readonly listener: Service;
  /** Builds what needs the open log, and the route table last. */
  readonly handlers: HandlerRegistry;
  readonly monitor: Monitor;
  readonly sweep: Service;
  /** What the chat does without; a service that is switched off may be left out. */
  readonly services: readonly ChildSpec[];
  readonly probe: Service;
}

// Everything above holds on to the one log, the one listener and the one route table: they cannot be swapped under a
// running chat, so their loss is the end, with the reason.
const once = (...children: ChildSpec[]): PhaseSpec => ({ children, policy: NO_RESTARTS });
const again = (...children: ChildSpec[]): PhaseSpec => ({ children, policy: RESTARTS });

/** Puts the parts under the supervisors of their phases. */
export function phasesOf(parts: Parts): Record<Phase, PhaseSpec> {
  return {
    infrastructure: once(
      { ...BOUNDS, id: 'thread-log', logic: serviceLogic(parts.log) },
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
