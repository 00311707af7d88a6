/**
 * Who may look through the inspector: nobody when it is off; everybody who reaches the server when it is on; the holder
 * of the token when it asks for one.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { bearerOf } from '../auth.js';
import { isOriginAllowed } from '../chat.js';
import type { TransportRequest } from '../transport/transport.js';

/** What decides. */
export interface InspectAccessOptions {
  /** Null = no token is asked for. */
  readonly token: string | null;
  readonly allowedOrigins: readonly string[];
}

/** Why somebody is not let in. */
export interface InspectRefusal {
  readonly code: 'unauthorized' | 'forbidden';
  readonly detail: string;
}

/** Decides about requests and upgrades. */
export class InspectAccess {
  private readonly tokenHash: Buffer | null;
  private readonly allowedOrigins: readonly string[];

  constructor({ token, allowedOrigins }: InspectAccessOptions) {
    this.tokenHash = token === null ? null : hash(token);
    this.allowedOrigins = allowedOrigins;
  }

  /** Why a request is refused; null when it may look. */
  refusal(request: TransportRequest): InspectRefusal | null {
    const origin = request.header('origin');
    if (
      origin !== undefined &&
      !isOriginAllowed(origin, request.header('host'), this.allowedOrigins)
    ) {
      return { code: 'forbidden', detail: 'this origin may not look through the inspector' };
    }
    if (this.tokenHash === null) return null;
    const shown = tokenOf(request);
    // Hashes have one length, so comparing them tells nothing of the token's.
    if (shown !== null && timingSafeEqual(hash(shown), this.tokenHash)) return null;
    const detail =
      shown === null ? 'the inspector asks for INSPECT_TOKEN' : 'this is not the INSPECT_TOKEN';
    return { code: 'unauthorized', detail };
  }
}

/** Subprotocols that an upgrade offers. */
export function offeredProtocols(request: TransportRequest): string[] {
  const header = request.header('sec-websocket-protocol') ?? '';
  return header.split(',').map((name) => name.trim());
}

/** A browser can send no header with an upgrade, and a viewer of others not even a subprotocol. */
function tokenOf(request: TransportRequest): string | null {
  const offered = offeredProtocols(request).find((name) => name.startsWith('bearer.'));
  return (
    bearerOf(request) ??
    offered?.slice('bearer.'.length) ??
    new URLSearchParams(request.query).get('token')
  );
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
