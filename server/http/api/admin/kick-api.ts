/** HTTP API that closes connections with 3503, for operators. Each request is an entry of the audit log. */
import type { Bus, Kicked } from '../../../../actors/bus/bus.js';
import type { Incidents } from '../../../../actors/monitor/incidents.js';
import type { Audit } from '../../../../actors/upkeep/audit.js';
import type { Identity } from '../../../access/identity.js';
import type { ApiAccess } from '../../../auth/api-access.js';
import type { Connections } from '../../../chat/connections.js';
import type { NoteLimited } from '../../../limits/limited.js';
import { json, problem } from '../../../transport/problem.js';
import type { HttpReply } from '../../../transport/transport.js';
import { decodedPart, guarded, type Asked, type Route } from '../../route-table.js';
import { notStored, requestFaults } from '../request-faults.js';
import { actorOf } from '../upkeep/acting.js';
import { BAD_USER, userOf } from '../user-part.js';

/** Longest id of a connection, in characters. */
export const CONNECTION_ID_MAX = 64;

/** Options of {@link createKickApi}. */
export interface KickApiOptions {
  readonly access: Pick<ApiAccess, 'operator'>;
  readonly bus: Pick<Bus, 'kick'>;
  readonly connections: Pick<Connections, 'withId'>;
  readonly audit: Pick<Audit, 'note'>;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

const BAD_CONNECTION = problem(
  'bad_frame',
  `the id of a connection has 1 to ${String(CONNECTION_ID_MAX)} characters`
);

/** Returns the routes that close one connection, and all of a user. */
export function createKickApi(options: KickApiOptions): Route[] {
  const { access, connections } = options;
  const failed = requestFaults(options, notStored);
  return [
    guarded<Identity, 'admin'>({
      methods: ['POST'],
      path: '/api/admin/connections/{connection}/kick',
      refuses: (asked) => (connectionOf(asked) === null ? BAD_CONNECTION : null),
      scope: 'admin',
      access: (request, scope) => access.operator(request, scope),
      handler: (asked, caller) => {
        const connection = connectionOf(asked) ?? '';
        // Null also for a connection to another node.
        const user = connections.withId(connection)?.user ?? null;
        return kick(options, 'connection.kick', { connection, user }, { connection }, caller);
      },
      failed
    }),
    guarded<Identity, 'admin'>({
      methods: ['POST'],
      path: '/api/admin/users/{user}/kick',
      refuses: (asked) => (userOf(asked) === null ? BAD_USER : null),
      scope: 'admin',
      access: (request, scope) => access.operator(request, scope),
      handler: (asked, caller) => {
        const user = userOf(asked) ?? '';
        return kick(options, 'user.kick', { user }, { user }, caller);
      },
      failed
    })
  ];
}

/** Notes it first: nobody is kicked without an entry. */
async function kick(
  { audit, bus }: KickApiOptions,
  action: string,
  detail: Readonly<Record<string, string | null>>,
  whom: Kicked,
  caller: Identity
): Promise<HttpReply> {
  await audit.note({ action, by: actorOf(caller), detail });
  const closed = await new Promise<number>((resolve) => {
    bus.kick(whom, resolve);
  });
  return json(200, { ...detail, closed });
}

function connectionOf({ part }: Asked): string | null {
  const id = decodedPart(part('connection'));
  return id === null || id === '' || id.length > CONNECTION_ID_MAX ? null : id;
}
