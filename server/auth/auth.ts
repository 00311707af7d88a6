/**
 * Who a token speaks for. HS256 with a shared secret, or asymmetric keys from a JWKS address; the algorithms are fixed
 * here and never taken from the token.
 */
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyResult } from 'jose';
import { USER_MAX } from '../../protocol/frames.js';
import type { TransportRequest } from '../transport/transport.js';

/** What a good token says. `expiresAt` is milliseconds since the Unix epoch; null = never. */
export interface Identity {
  readonly user: string;
  readonly expiresAt: number | null;
  /** Whether it may use reserved test threads. */
  readonly isProbe: boolean;
}

/** Checks tokens. */
export interface Authenticator {
  /** Whether a token is asked for at all. */
  readonly isRequired: boolean;
  /** @throws {AuthError} when the token is missing, not valid, expired, or names no user */
  verify(token: string | undefined): Promise<Identity>;
}

/**
 * A token that was not accepted; the message may be shown to its bearer. `unavailable` means that the keys could not be
 * had: the token may be good.
 */
export class AuthError extends Error {
  readonly code: 'unauthorized' | 'unavailable';
  constructor(message: string, code: 'unauthorized' | 'unavailable' = 'unauthorized') {
    super(message);
    this.name = 'AuthError';
    this.code = code;
  }
}

/** Algorithms accepted from a JWKS: asymmetric ones only, so that a public key can never be used as a shared secret. */
const JWKS_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];

/** Clocks of issuer and server may differ by this much. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** Codes of `jose` that blame the key server: no answer in time, no key set, and any status but 200. */
const KEY_SERVER_FAULTS: readonly string[] = [
  errors.JWKSTimeout.code,
  errors.JWKSInvalid.code,
  errors.JOSEError.code
];

function identityOf(payload: JWTPayload): Identity {
  // The library vouches for the signature, not for the type of the claim.
  const user: unknown = payload.sub;
  if (typeof user !== 'string' || user === '' || user.length > USER_MAX) {
    throw new AuthError(`the token's sub must name a user in 1 to ${String(USER_MAX)} characters`);
  }
  const scope = payload['scope'];
  return {
    user,
    expiresAt: payload.exp === undefined ? null : payload.exp * 1_000,
    isProbe: typeof scope === 'string' && scope.split(' ').includes('probe')
  };
}

/** Says what is wrong with a token without repeating any of it. */
function refusalOf(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  if (error instanceof errors.JWTExpired) return new AuthError('the token has expired');
  if (error instanceof errors.JOSEError && !KEY_SERVER_FAULTS.includes(error.code)) {
    return new AuthError(`the token is not valid (${error.code})`);
  }
  return new AuthError('the keys to check the token with could not be had', 'unavailable');
}

/** Makes the authenticator that the configuration asks for; with neither a secret nor an address none is needed. */
export function createAuthenticator(
  secret: string | undefined,
  jwksUrl: string | URL | undefined
): Authenticator {
  let check: ((token: string) => Promise<JWTVerifyResult>) | null = null;
  if (secret !== undefined) {
    const key = new TextEncoder().encode(secret);
    check = (token) =>
      jwtVerify(token, key, { algorithms: ['HS256'], clockTolerance: CLOCK_TOLERANCE_SECONDS });
  } else if (jwksUrl !== undefined) {
    const keys = createRemoteJWKSet(new URL(jwksUrl));
    check = (token) =>
      jwtVerify(token, keys, {
        algorithms: JWKS_ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS
      });
  }
  return {
    isRequired: check !== null,
    verify: async (token) => {
      if (check === null) throw new AuthError('authentication is off: no token can be checked');
      if (token === undefined || token === '') throw new AuthError('a token is needed');
      try {
        return identityOf((await check(token)).payload);
      } catch (error) {
        throw refusalOf(error);
      }
    }
  };
}

/** Subprotocols that an upgrade offers. */
export function offeredProtocols(request: TransportRequest): string[] {
  const header = request.header('sec-websocket-protocol') ?? '';
  return header.split(',').map((name) => name.trim());
}

/** The token that an upgrade offers as the subprotocol `bearer.…`, since browsers can send no header; null when none. */
export function offeredBearer(request: TransportRequest): string | null {
  const offered = offeredProtocols(request).find((name) => name.startsWith('bearer.'));
  return offered?.slice('bearer.'.length) ?? null;
}

/** The token of a request's `Authorization: Bearer …`; null when there is none. */
export function bearerOf(request: TransportRequest): string | null {
  return /^Bearer +(\S+)$/i.exec(request.header('authorization') ?? '')?.[1] ?? null;
}
