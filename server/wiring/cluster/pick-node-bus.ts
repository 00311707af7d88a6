/** Picks the bus to the other nodes. */
import type { Incidents } from '../../../actors/monitor/incidents.js';
import type { Replication } from '../../../actors/log/replica/replication.js';
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
  incidents: Pick<Incidents, 'note'>,
  replication: () => Pick<Replication, 'compare'> | null
): NodeBus | null {
  if (nats === null) return null;
  const bus = new NatsNodeBus({
    nats,
    cluster: CLUSTER,
    node,
    partitions: config.clusterPartitions,
    onLost: (reason) => {
      incidents.note('a message between nodes was lost', { actor: 'nodes', reason });
    }
  });
  return comparing(bus, replication);
}

/** Returns the bus, which also compares the replicas: each greeting says how far a node is, and with what. */
export function comparing(
  bus: NodeBus,
  replication: () => Pick<Replication, 'compare'> | null
): NodeBus {
  return {
    node: bus.node,
    toAll: (thread, message) => {
      bus.toAll(thread, message);
    },
    toNode: (node, message) => {
      bus.toNode(node, message);
    },
    listen: (ear) =>
      bus.listen({
        connected: (isConnected) => {
          ear.connected(isConnected);
        },
        heard: (from, message) => {
          if (message.type === 'hello') replication()?.compare(from, message.about.positions);
          ear.heard(from, message);
        }
      })
  };
}
