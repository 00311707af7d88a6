/**
 * Who may use the inspector: nobody when it is off; everybody who can reach the server when it is on; the holder of the
 * token when one is configured. Pages and names of the server are judged by the one rule of `auth/origins.ts`.
 */
import { bearerOf, offeredBearer } from '../auth/auth.js';
import type { Origins } from '../auth/origins.js';
import { Secret } from '../auth/secret.js';
import type { TransportRequest } from '../transport/transport.js';

/** Options of {@link InspectAccess}. */
export interface InspectAccessOptions {
  /** Null when no token is needed. */
  readonly token: string | null;
  readonly origins: Origins;
}

/** Why a request is refused. */
export interface InspectRefusal {
  readonly code: 'unauthorized' | 'forbidden';
  readonly detail: string;
}

/** Decides about requests and upgrades. */
export class InspectAccess {
  private readonly token: Secret | null;
  private readonly origins: Origins;

  constructor({ token, origins }: InspectAccessOptions) {
    this.token = token === null ? null : new Secret(token);
    this.origins = origins;
  }

  /** Returns why a request is refused; null when it is allowed. */
  refusal(request: TransportRequest): InspectRefusal | null {
    const foreign = this.origins.refusal(request, this.token === null ? 'known' : undefined);
    if (foreign !== null) return { code: 'forbidden', detail: foreign };
    if (this.token === null) return null;
    const shown = tokenOf(request);
    if (shown !== null && this.token.is(shown)) return null;
    const detail =
      shown === null ? 'the inspector asks for INSPECT_TOKEN' : 'this is not the INSPECT_TOKEN';
    return { code: 'unauthorized', detail };
  }
}

/**
 * A browser cannot send a header with an upgrade, and other viewers not even a subprotocol, so the query is read too.
 */
function tokenOf(request: TransportRequest): string | null {
  const inQuery = (): string | null => new URLSearchParams(request.query).get('token');
  return bearerOf(request) ?? offeredBearer(request) ?? inQuery();
}
