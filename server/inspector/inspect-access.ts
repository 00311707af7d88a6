/**
 * Who may use the inspector: nobody when it is off; everybody who can reach the server when it is on; the holder of the
 * token when one is configured. Without a token, the Host header must be an IP address, localhost, or a name that
 * ALLOWED_ORIGINS lists. This keeps out a foreign page whose own name was made to point here (DNS rebinding), which the
 * check of the origin does not notice.
 */
import { bearerOf, offeredBearer } from '../auth/auth.js';
import { isOriginAllowed } from '../chat/chat.js';
import { Secret } from '../auth/secret.js';
import type { TransportRequest } from '../transport/transport.js';

/** Options of {@link InspectAccess}. */
export interface InspectAccessOptions {
  /** Null when no token is needed. */
  readonly token: string | null;
  readonly allowedOrigins: readonly string[];
}

/** Why a request is refused. */
export interface InspectRefusal {
  readonly code: 'unauthorized' | 'forbidden';
  readonly detail: string;
}

/** Decides about requests and upgrades. */
export class InspectAccess {
  private readonly token: Secret | null;
  private readonly allowedOrigins: readonly string[];

  constructor({ token, allowedOrigins }: InspectAccessOptions) {
    this.token = token === null ? null : new Secret(token);
    this.allowedOrigins = allowedOrigins;
  }

  /** Returns why a request is refused; null when it is allowed. */
  refusal(request: TransportRequest): InspectRefusal | null {
    const origin = request.header('origin');
    if (
      origin !== undefined &&
      !isOriginAllowed(origin, request.header('host'), this.allowedOrigins)
    ) {
      return { code: 'forbidden', detail: 'this origin may not look through the inspector' };
    }
    if (this.token === null) return this.refusalOfHost(request.header('host'));
    const shown = tokenOf(request);
    if (shown !== null && this.token.is(shown)) return null;
    const detail =
      shown === null ? 'the inspector asks for INSPECT_TOKEN' : 'this is not the INSPECT_TOKEN';
    return { code: 'unauthorized', detail };
  }

  private refusalOfHost(host: string | undefined): InspectRefusal | null {
    if (host === undefined || isOwnName(host)) return null;
    const isListed = this.allowedOrigins.some(
      (origin) => origin === '*' || hostOf(origin) === host
    );
    if (isListed) return null;
    const detail =
      `the inspector is open to addresses and localhost, not to ${host.slice(0, 100)}: ` +
      'list its origin in ALLOWED_ORIGINS, or set INSPECT=token';
    return { code: 'forbidden', detail };
  }
}

/** Whether a Host header is an IP address or localhost, which nobody can make to point elsewhere. */
function isOwnName(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return (
    /^\d{1,3}(\.\d{1,3}){3}$/.test(name) ||
    /^\[[0-9a-f:.]+\]$/i.test(name) ||
    /^([a-z0-9-]+\.)*localhost$/i.test(name)
  );
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/**
 * A browser cannot send a header with an upgrade, and other viewers not even a subprotocol, so the query is read too.
 */
function tokenOf(request: TransportRequest): string | null {
  const inQuery = (): string | null => new URLSearchParams(request.query).get('token');
  return bearerOf(request) ?? offeredBearer(request) ?? inQuery();
}
