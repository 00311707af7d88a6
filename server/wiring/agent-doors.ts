/** The doors for clients that other people have written: they follow runs of agents by one feed. */
import type { LogReader } from '../../actors/log/log-reader.js';
import type { Incidents } from '../../actors/monitor/incidents.js';
import type { Runs } from '../../actors/agents/runs.js';
import type { UserIdentity } from '../access/identity.js';
import { AiDoor, type AiDoorOptions } from '../ai/ai-door.js';
import { createAiRoutes } from '../ai/ai-routes.js';
import type { ApiAccess } from '../auth/api-access.js';
import type { Connection } from '../chat/connection.js';
import { RunFeed } from '../chat/runs/run-feed.js';
import type { StreamOpener } from '../chat/streams/stream-opener.js';
import type { Route } from '../http/route-table.js';
import type { NoteLimited } from '../limits/limited.js';
import type { FanOut } from '../transport/fan-out.js';

/** Options of {@link createAgentDoors}. */
export interface AgentDoorsOptions extends Omit<AiDoorOptions, 'feed' | 'ports' | 'access'> {
  readonly access: ApiAccess;
  readonly log: LogReader;
  readonly runs: Runs;
  readonly opener: StreamOpener;
  readonly fanOut: FanOut<Connection>;
  /** Returns whether a token has been revoked, or nobody knows. */
  readonly isRevoked: (identity: UserIdentity) => boolean;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** The doors. */
export interface AgentDoors {
  readonly feed: RunFeed;
  readonly ai: AiDoor;
  readonly routes: readonly Route[];
}

/** Makes the doors. */
export function createAgentDoors(options: AgentDoorsOptions): AgentDoors {
  const { log, runs, opener, fanOut } = options;
  const ports = { log, runs };
  const feed = new RunFeed({ ...ports, opener, fanOut });
  const door = new AiDoor({ ...options, feed, ports });
  return { feed, ai: door, routes: createAiRoutes({ ...options, door }) };
}
