/** Who publishes by a request, and the reply when the message is refused: the same at every HTTP door. */
import { CallerRights, type Guard } from '../../access/guard.js';
import type { Identity } from '../../access/identity.js';
import { scopeLack, type ApiAccess } from '../../auth/api-access.js';
import type { Author, PublishRefusal } from '../../chat/publisher.js';
import type { KeyedBuckets } from '../../chat/work/keyed-buckets.js';
import { userNameFault } from '../../../protocol/user-name.js';
import { clientAddress } from '../../transport/client-address.js';
import { askAgain, problem } from '../../transport/problem.js';
import type { HttpReply, TransportRequest } from '../../transport/transport.js';

/** Options of {@link authorOf}. */
export interface AuthorOptions {
  readonly guard: Guard;
  /** How fast each user may publish over HTTP; the WebSockets have limits of their own. */
  readonly publishRates: KeyedBuckets;
  readonly trustProxy: boolean;
}

/** Who writes through a door for chat clients in development when no name is given. */
const GUEST = 'guest';

/** What a request says of who publishes where. */
export interface Signed {
  readonly thread: string;
  /** The author. A backend must name one; a user's token names its user. */
  readonly from?: string | { readonly user: string };
  /** The thread's owner, in place of its first publisher; for backends only. */
  readonly owner?: string;
}

/** Returns who is the author of a publish, or the reply to one that may not be its author. */
export function authorOf(
  { guard, publishRates, trustProxy }: AuthorOptions,
  request: TransportRequest,
  caller: Identity,
  { thread, from, owner }: Signed
): Author | HttpReply {
  const name = typeof from === 'object' ? from.user : from;
  const rights = new CallerRights(guard, caller);
  if (caller.kind === 'backend') {
    const lack = owner === undefined ? null : scopeLack(caller, 'manage');
    if (lack !== null) return problem('forbidden', `${lack}, which owner needs`);
    const refusal = owner === undefined ? null : guard.refusal(caller, 'manage', thread);
    if (refusal !== null) return problem(refusal);
    const fault = nameFault({ from: name, owner });
    return fault === null
      ? { user: name ?? '', rights, rate: null, address: null }
      : problem('bad_frame', fault);
  }
  const { user } = caller;
  if (name !== undefined && name !== user) {
    return problem('forbidden', 'from is another user than that of the token: leave it out');
  }
  if (owner !== undefined) {
    return problem('forbidden', 'only a backend may name the owner: leave it out');
  }
  const address = clientAddress(request, trustProxy);
  return { user, rights, rate: publishRates.of(user), address };
}

/**
 * Returns the name that a request through a door for chat clients gives. In development without an API key a name is as
 * optional as over WebSocket: the author is then a guest.
 */
export function nameOrGuest(
  { isOpen }: Pick<ApiAccess, 'isOpen'>,
  caller: Identity,
  from: Signed['from']
): Signed['from'] {
  return from === undefined && caller.kind === 'backend' && isOpen ? GUEST : from;
}

/** Returns what is wrong with the names of users in a publish, by their field; null when nothing is. */
function nameFault(names: Readonly<Record<string, string | undefined>>): string | null {
  for (const [field, name] of Object.entries(names)) {
    const fault = name === undefined ? null : userNameFault(name);
    if (fault !== null) return `/${field} ${fault}`;
  }
  return null;
}

/** Returns the HTTP reply to a publish that was refused. */
export function refusalReply({ code, reason, afterMs }: PublishRefusal): HttpReply {
  const reply = problem(code, reason);
  return afterMs === undefined ? reply : askAgain(reply, Math.ceil(afterMs / 1_000));
}
