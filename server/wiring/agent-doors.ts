/** The doors for clients that other people have written: they follow runs of agents by one feed. */
import type { LogReader } from '../../actors/log/log-reader.js';
import type { Memory } from '../../actors/memory/memory.js';
import type { Incidents } from '../../actors/monitor/incidents.js';
import { reasonOf } from '../../machines/reason.js';
import type { Runs } from '../../actors/agents/runs.js';
import type { UserIdentity } from '../access/identity.js';
import { AiDoor, type AiDoorOptions } from '../ai/ai-door.js';
import { createAiRoutes } from '../ai/ai-routes.js';
import type { ApiAccess } from '../auth/api-access.js';
import type { Connection } from '../chat/connection.js';
import { RunFeed } from '../chat/runs/run-feed.js';
import type { StreamOpener } from '../chat/streams/stream-opener.js';
import { unreadable } from '../chat/unreadable.js';
import { createAgUiApi } from '../http/agui/agui-api.js';
import { AgUiStreams } from '../http/agui/agui-stream.js';
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
  readonly memory: Pick<Memory, 'refusesPages'>;
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
  const { log, runs, opener, fanOut, incidents } = options;
  const ports = { log, runs };
  const feed = new RunFeed({ ...ports, opener, fanOut });
  const door = new AiDoor({ ...options, feed, ports });
  const streams = new AgUiStreams({
    ...ports,
    feed,
    damaged: (why) => {
      unreadable(why, incidents);
    },
    failed: (why) => {
      if (unreadable(why, incidents) !== null) return;
      const fields = { actor: 'handlers', reason: reasonOf(why) };
      incidents.note('a stream of a run failed; it was closed', fields);
    }
  });
  const agUi = createAgUiApi({ ...options, feed, streams, bodyBytes: options.messageBytes });
  return { feed, ai: door, routes: [...createAiRoutes({ ...options, door }), ...agUi] };
}
