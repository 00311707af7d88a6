/** Names who a request comes from, for the audit log. */
import type { AuditActor } from '../../../../actors/upkeep/audit.js';
import type { Identity } from '../../../access/identity.js';

/** Returns the user or the API key of a caller. */
export function actorOf(caller: Identity): AuditActor {
  return caller.kind === 'user'
    ? { user: caller.user, key: null }
    : { user: null, key: caller.key?.name ?? null };
}
