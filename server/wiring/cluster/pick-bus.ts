/** Picks the bus of what is not stored: to the nodes of the cluster, or to this node alone. */
import { awakeTimers } from '../../../actors/awake-timers.js';
import type { Bus } from '../../../actors/bus/bus.js';
import { ClusterBus, type ClusterNode } from '../../../actors/bus/cluster-bus.js';
import { LocalBus } from '../../../actors/bus/local-bus.js';
import type { Clock } from '../../../actors/clock.js';
import type { Connections } from '../../chat/connections.js';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import type { NodeBus } from '../../../actors/nodes/node-bus.js';
import type { NodeAbout } from '../../../actors/nodes/node-message.js';

/** Options of {@link pickBus}. */
export interface PickBusOptions {
  /** The bus to the other nodes; null on a single node. */
  readonly nodeBus: NodeBus | null;
  readonly clock: Clock;
  /** What this node can do for itself and for others. */
  readonly here: ClusterNode;
  /** Returns what this node says of itself. */
  readonly about: () => NodeAbout;
  readonly incidents: Incidents;
  /** The connections of this node; other nodes are told whose they are. */
  readonly connections: Pick<Connections, 'onUser'>;
}

/** Returns the bus, and the same with what it knows of other nodes; null on a single node. */
export function pickBus(options: PickBusOptions): {
  readonly bus: Bus;
  readonly cluster: ClusterBus | null;
} {
  const { nodeBus, clock, here, about, incidents, connections } = options;
  if (nodeBus === null) return { bus: new LocalBus(here), cluster: null };
  const cluster = new ClusterBus({
    bus: nodeBus,
    clock: awakeTimers(clock),
    node: here,
    about,
    onFault: (reason) => {
      incidents.note('a listener of the bus between nodes failed', { actor: 'nodes', reason });
    }
  });
  connections.onUser = (user, isHere) => {
    cluster.reachable(user, isHere);
  };
  return { bus: cluster, cluster };
}
