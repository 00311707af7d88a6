/** Picks the bus to the other nodes. */
import type { Incidents } from '../../../actors/monitor/incidents.js';
import type { Nats } from '../../../actors/nats/nats.js';
import { NatsNodeBus } from '../../../actors/nodes/nats-node-bus.js';
import type { NodeBus } from '../../../actors/nodes/node-bus.js';
import type { Config } from '../../config/settings.js';

/** Name of the cluster in the subjects. The streams have none either: an account of the brokers has one cluster. */
const CLUSTER = 'main';

/** Returns the bus over the brokers; null for a single node. */
export function pickNodeBus(
  config: Pick<Config, 'clusterPartitions'>,
  node: string,
  nats: Pick<Nats, 'onChange'> | null,
  incidents: Pick<Incidents, 'note'>
): NodeBus | null {
  if (nats === null) return null;
  return new NatsNodeBus({
    nats,
    cluster: CLUSTER,
    node,
    partitions: config.clusterPartitions,
    onLost: (reason) => {
      incidents.note('a message between nodes was lost', { actor: 'nodes', reason });
    }
  });
}
