/** HTTP API of the audit log, for operators. */
import { AUDIT_PAGE_MAX, type Audit } from '../../../../actors/upkeep/audit.js';
import type { Incidents } from '../../../../actors/monitor/incidents.js';
import type { ApiAccess } from '../../../auth/api-access.js';
import type { NoteLimited } from '../../../limits/limited.js';
import { json, problem } from '../../../transport/problem.js';
import { guarded, type Route } from '../../route-table.js';
import { requestFaults } from '../request-faults.js';

/** Entries of a page when none are asked for. */
const PAGE_DEFAULT = 50;

/** Options of {@link createAuditApi}. */
export interface AuditApiOptions {
  readonly access: Pick<ApiAccess, 'operator'>;
  readonly audit: Audit;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Returns the route `/api/audit`. */
export function createAuditApi(options: AuditApiOptions): Route[] {
  const { access, audit } = options;
  return [
    guarded({
      methods: ['GET'],
      path: '/api/audit',
      scope: 'audit',
      access: (request, scope) => access.operator(request, scope),
      handler: ({ request }) => {
        const query = new URLSearchParams(request.query);
        const limit = countOf(query.get('limit') ?? String(PAGE_DEFAULT));
        const before = countOf(query.get('before') ?? String(Number.MAX_SAFE_INTEGER));
        if (limit === null || limit > AUDIT_PAGE_MAX) {
          return problem('bad_frame', `limit must be 1 to ${String(AUDIT_PAGE_MAX)}`);
        }
        if (before === null) return problem('bad_frame', 'before must be the seq of an entry');
        return json(200, audit.page(before, limit));
      },
      failed: requestFaults(options)
    })
  ];
}

function countOf(text: string): number | null {
  const count = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(count) && count > 0 ? count : null;
}
