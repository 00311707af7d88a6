/**
 * Who may look through the inspector: nobody when it is off; everybody who reaches the server when it is on; the holder
 * of the token when it asks for one. Without a token the server must have been called by an address, as localhost, or by
 * a name that ALLOWED_ORIGINS lists: a page from elsewhere whose own name was made to point here (DNS rebinding) is not
 * told apart by its origin.
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
    if (this.tokenHash === null) return this.refusalOfHost(request.header('host'));
    const shown = tokenOf(request);
    // Hashes have one length, so comparing them tells nothing of the token's.
    if (shown !== null && timingSafeEqual(hash(shown), this.tokenHash)) return null;
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

/** Whether a Host header names an address or localhost, which nobody can make to point elsewhere. */
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
