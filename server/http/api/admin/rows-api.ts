/** HTTP API that lists the connections, users and threads of this node, for operators. */
import type { Clock } from '../../../../actors/clock.js';
import type { Incidents } from '../../../../actors/monitor/incidents.js';
import type { ThreadLog } from '../../../../actors/log/thread-log.js';
import type { Threads } from '../../../../actors/threads/threads.js';
import { THREAD_ID_MAX, USER_MAX } from '../../../../protocol/frames.js';
import { INSPECT_PAGE_MAX, type RowsPage } from '../../../../protocol/inspection.js';
import type { Revocations } from '../../../access/revocations.js';
import type { ApiAccess } from '../../../auth/api-access.js';
import type { Connections } from '../../../chat/connections.js';
import { ROWS_PER_POINT, THREAD_ROW_POINTS } from '../../../chat/work/costs.js';
import type { NoteLimited } from '../../../limits/limited.js';
import { connectionRows, threadRows } from '../../../rows/rows.js';
import { peopleOf } from '../../../rows/thread-people.js';
import { userRows, type UsersAsked } from '../../../rows/user-rows.js';
import { json, problem } from '../../../transport/problem.js';
import type { HttpCosts } from '../../http-costs.js';
import { guarded, type Route } from '../../route-table.js';
import { requestFaults } from '../request-faults.js';

/** Most rows of a page. */
export const ADMIN_PAGE_MAX = INSPECT_PAGE_MAX;

/** Rows of a page when none are asked for. */
const PAGE_DEFAULT = 20;

/** Longest text to search for, and longest key that a page begins after, in UTF-16 units: an emoji counts twice. */
const SEARCH_MAX = 2 * Math.max(USER_MAX, THREAD_ID_MAX);

/** Options of {@link createRowsApi}. */
export interface RowsApiOptions {
  readonly access: Pick<ApiAccess, 'operator'>;
  readonly node: string;
  readonly connections: Connections;
  readonly threads: Threads;
  readonly log: ThreadLog;
  readonly revocations: Pick<Revocations, 'of'>;
  readonly clock: Clock;
  readonly costs: HttpCosts;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Returns the routes `/api/admin/connections`, `…/users` and `…/threads`. */
export function createRowsApi(options: RowsApiOptions): Route[] {
  const { access, node, connections, threads, log, revocations, clock, costs } = options;
  /** `searched` is the number of items that a page is searched in. */
  const list = <Row extends object>(
    name: string,
    searched: () => number,
    rows: (asked: UsersAsked) => RowsPage<Row>
  ): Route =>
    guarded({
      methods: ['GET'],
      path: `/api/admin/${name}`,
      scope: 'admin',
      access: (request, scope) => access.operator(request, scope),
      handler: async ({ request }, caller) => {
        const asked = askedOf(new URLSearchParams(request.query));
        if (typeof asked === 'string') return problem('bad_frame', asked);
        const payer = costs.payer(request, caller);
        const points = asked.limit * THREAD_ROW_POINTS + searched() / (ROWS_PER_POINT * 10);
        const wait = await costs.admit(payer, points);
        if (wait !== null) return wait;
        costs.charge(payer, points);
        return json(200, { node, ...rows(asked) });
      },
      failed: requestFaults(options)
    });
  return [
    list(
      'connections',
      () => connections.open,
      (asked) => connectionRows(connections, clock, asked)
    ),
    list(
      'users',
      () => connections.open,
      (asked) => userRows(connections, clock, (user) => revocations.of(user), asked)
    ),
    list(
      'threads',
      () => threads.status().active,
      (asked) => {
        const page = threadRows(threads, connections, log, {
          ...asked,
          state: null,
          connection: null
        });
        const rows = page.rows.map((row) => ({ ...row, ...peopleOf(log, row.thread) }));
        return { ...page, rows };
      }
    )
  ];
}

/** Returns what a query asks for; a sentence when it is not valid. */
function askedOf(query: URLSearchParams): UsersAsked | string {
  const search = query.get('search') ?? '';
  const after = query.get('after');
  const limit = query.get('limit') ?? String(PAGE_DEFAULT);
  if (search.length > SEARCH_MAX) return `search has at most ${String(SEARCH_MAX)} characters`;
  if (after !== null && after.length > SEARCH_MAX) return 'after must be the next of a page';
  const count = /^\d{1,3}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > ADMIN_PAGE_MAX) return `limit must be 1 to ${String(ADMIN_PAGE_MAX)}`;
  return { search, after, limit: count };
}
