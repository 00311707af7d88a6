/** What a node says of itself to the others, from its report. */
import type { Replication } from '../../../actors/log/replica/replication.js';
import type { NodeAbout } from '../../../actors/nodes/node-message.js';
import type { StatusReport } from '../report/status-report.js';

/** Returns it, in the form in which nodes tell it. */
export function aboutNode(
  report: StatusReport,
  url: string,
  replication: Replication | null
): NodeAbout {
  const { since, version, status, connections, threads } = report;
  return {
    startedAt: Date.parse(since),
    version,
    url,
    status,
    connections: connections.open,
    threads: threads.active,
    lagMs: replication?.lagMs() ?? null,
    positions: replication?.positions() ?? []
  };
}
