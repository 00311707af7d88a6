/** HTTP API that erases all messages of a user, for backends. */
import type { UserEraser, UserErasure } from '../../../../actors/upkeep/user-eraser.js';
import type { Incidents } from '../../../../actors/monitor/incidents.js';
import type { ApiAccess } from '../../../auth/api-access.js';
import type { NoteLimited } from '../../../limits/limited.js';
import { json } from '../../../transport/problem.js';
import { guarded, type Route } from '../../route-table.js';
import { notStored, requestFaults } from '../request-faults.js';
import { BAD_USER, userOf } from '../user-part.js';
import { actorOf } from './acting.js';

/** Options of {@link createUserEraseApi}. */
export interface UserEraseApiOptions {
  readonly access: Pick<ApiAccess, 'backend'>;
  readonly users: Pick<UserEraser, 'of' | 'start'>;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** What is answered where nothing was ever erased. */
const NONE = { state: 'none', startedAt: null, endedAt: null, threads: 0, messages: 0 } as const;

/** Returns the routes of `/api/users/{user}/erase`. */
export function createUserEraseApi(options: UserEraseApiOptions): Route[] {
  const { access, users } = options;
  return [
    guarded({
      methods: ['GET', 'POST'],
      path: '/api/users/{user}/erase',
      refuses: (asked) => (userOf(asked) === null ? BAD_USER : null),
      scope: 'erase',
      access: (request, scope) => access.backend(request, scope),
      handler: async (asked, caller) => {
        const user = userOf(asked) ?? '';
        if (asked.request.method !== 'POST') return json(200, told(user, users.of(user)));
        return json(202, told(user, await users.start(user, actorOf(caller))));
      },
      failed: requestFaults(options, notStored)
    })
  ];
}

function told(user: string, erasure: UserErasure | null): object {
  return { user, ...(erasure ?? NONE) };
}
