/** HTTP API of the nodes of the cluster, for operators. A single node tells of itself. */
import type { Incidents } from '../../../../actors/monitor/incidents.js';
import type { NodeAbout } from '../../../../actors/nodes/node-message.js';
import type { LivingNode, Nodes } from '../../../../actors/nodes/nodes.js';
import type { ApiAccess } from '../../../auth/api-access.js';
import type { NoteLimited } from '../../../limits/limited.js';
import { json } from '../../../transport/problem.js';
import { guarded, type Route } from '../../route-table.js';
import { requestFaults } from '../request-faults.js';

/** Options of {@link createClusterApi}. */
export interface ClusterApiOptions {
  readonly access: Pick<ApiAccess, 'backend'>;
  readonly node: string;
  /** Returns what this node says of itself. */
  readonly about: () => NodeAbout;
  /** The other nodes; null on a single node. */
  readonly nodes: Pick<Nodes, 'living' | 'isSure'> | null;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Returns the route `/api/cluster`. */
export function createClusterApi(options: ClusterApiOptions): Route[] {
  const { access, node, about, nodes } = options;
  return [
    guarded({
      methods: ['GET'],
      path: '/api/cluster',
      scope: 'reports',
      access: (request, scope) => access.backend(request, scope),
      handler: () => {
        const own = { node, about: about(), silentMs: 0 };
        const all = [own, ...(nodes?.living() ?? [])].sort((one, other) =>
          one.node < other.node ? -1 : 1
        );
        return json(200, {
          node,
          several: nodes !== null,
          complete: nodes?.isSure ?? true,
          nodes: all.map((living) => rowOf(living))
        });
      },
      failed: requestFaults(options)
    })
  ];
}

/** A row of the answer. A node that was heard and has not greeted yet has only its id. */
function rowOf({ node, about, silentMs }: LivingNode): object {
  if (about === null) return { node, silentMs };
  const { startedAt, ...rest } = about;
  return { node, silentMs, startedAt: new Date(startedAt).toISOString(), ...rest };
}
