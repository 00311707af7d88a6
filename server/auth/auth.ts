/**
 * Authenticates users by token: HS256 with a shared secret, or asymmetric keys from a JWKS address. The algorithms are
 * fixed here and never taken from the token.
 */
import { createHash } from 'node:crypto';
import {
  errors,
  type CryptoKey,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyResult
} from 'jose';
import { grantsOf, GrantsError } from '../access/grants.js';
import type { TokenClaims, UserIdentity } from '../access/identity.js';
import type { ErrorCode } from '../../protocol/errors.js';
import { userNameFault } from '../../protocol/user-name.js';
import type { TransportRequest } from '../transport/transport.js';

/** Checks tokens. */
export interface Authenticator {
  /** Whether a token is needed at all. */
  readonly isRequired: boolean;
  /**
   * Checks a token and returns whose it is.
   * @throws {AuthError} when the token is missing, not valid, expired, or names no user
   */
  verify(token: string | undefined): Promise<UserIdentity>;
}

/** A code that a token is refused with. */
export type AuthRefusal = Extract<
  ErrorCode,
  'unauthorized' | 'expired' | 'revoked' | 'unavailable'
>;

/**
 * The token was refused; the message may be shown to whoever sent it. `unavailable` means that the keys could not be
 * fetched: the token may be valid.
 */
export class AuthError extends Error {
  readonly code: AuthRefusal;
  constructor(message: string, code: AuthRefusal = 'unauthorized') {
    super(message);
    this.name = 'AuthError';
    this.code = code;
  }
}

/** Algorithms accepted from a JWKS unless others are configured: asymmetric ones only, so that a public key can never be used as a shared secret. */
const JWKS_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];

/** Tolerated difference between the clocks of issuer and server: a token is accepted this much longer than it says. */
export const CLOCK_TOLERANCE_SECONDS = 5;

function identityOf(payload: JWTPayload, keepsClaims: boolean): UserIdentity {
  // The library checks the signature, but not the type of the claim.
  const user: unknown = payload.sub;
  if (typeof user !== 'string') throw new AuthError("the token's sub must name a user");
  const fault = userNameFault(user);
  if (fault !== null) throw new AuthError(`the token's sub ${fault}`);
  const scope = payload['scope'];
  return {
    user,
    expiresAt: payload.exp === undefined ? null : payload.exp * 1_000,
    isProbe: typeof scope === 'string' && scope.split(' ').includes('probe'),
    grants: grantsOf(payload['threads'], user),
    token: {
      issuedAt: payload.iat === undefined ? null : payload.iat * 1_000,
      id: payload.jti ?? null
    },
    ...(keepsClaims ? { claims: claimsOf(payload) } : {})
  };
}

function claimsOf(values: JWTPayload): TokenClaims {
  const digest = createHash('sha256').update(JSON.stringify(values)).digest('base64url');
  return { values, digest };
}

/** Returns what is wrong with a token, without repeating any part of it. */
function refusalOf(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  if (error instanceof GrantsError) return new AuthError(error.message);
  if (error instanceof errors.JWTExpired) return new AuthError('the token has expired', 'expired');
  if (error instanceof errors.JWTClaimValidationFailed) {
    const why = error.reason === 'missing' ? 'is missing' : 'is not what this server takes';
    return new AuthError(`the token is not valid: its ${error.claim} ${why}`);
  }
  if (error instanceof errors.JOSEError) {
    return new AuthError(`the token is not valid (${error.code})`);
  }
  return new AuthError('the keys to check the token with could not be had', 'unavailable');
}

/** Which tokens are taken. */
export interface TokenRules {
  /** Shared secret; with it `keys` is not called. Without either no token is needed. */
  readonly secret?: string | undefined;
  /** Returns the public key of a token; an {@link AuthError} that it throws refuses the token. */
  readonly keys?: JWTVerifyGetKey | undefined;
  /** Empty: HS256 with a secret, else {@link JWKS_ALGORITHMS}. */
  readonly algorithms: readonly string[];
  /** A token must name one of them as `aud`. Empty: a token that names any is for another service and refused. */
  readonly audiences: readonly string[];
  /** A token must name one of them as `iss`. Empty: any issuer that signs with the keys. */
  readonly issuers: readonly string[];
  /** Whether a token without `exp` is refused. */
  readonly mustExpire: boolean;
  /** Whether identities have all claims of the token. */
  readonly keepsClaims?: boolean;
}

/** Returns the keys of a secret, one for each algorithm, imported once: the library would import its bytes for each token. */
function secretKeys(secret: string): (header: { readonly alg?: string }) => Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  const keys = new Map<string, Promise<CryptoKey>>();
  return ({ alg = '' }) => {
    const known = keys.get(alg);
    if (known !== undefined) return known;
    const algorithm = { name: 'HMAC', hash: `SHA-${alg.slice('HS'.length)}` };
    const key = crypto.subtle.importKey('raw', bytes, algorithm, false, ['verify']);
    keys.set(alg, key);
    return key;
  };
}

/** Makes the authenticator for the configuration; with neither a secret nor keys, no token is needed. */
export function createAuthenticator(rules: TokenRules): Authenticator {
  const { secret, keys, algorithms, audiences, issuers } = rules;
  const options = {
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    ...(audiences.length === 0 ? {} : { audience: [...audiences] }),
    ...(issuers.length === 0 ? {} : { issuer: [...issuers] }),
    requiredClaims: rules.mustExpire ? ['exp'] : []
  };
  let check: ((token: string) => Promise<JWTVerifyResult>) | null = null;
  if (secret !== undefined) {
    const key = secretKeys(secret);
    const allowed = algorithms.length === 0 ? ['HS256'] : [...algorithms];
    check = (token) => jwtVerify(token, key, { ...options, algorithms: allowed });
  } else if (keys !== undefined) {
    const allowed = algorithms.length === 0 ? JWKS_ALGORITHMS : [...algorithms];
    check = (token) => jwtVerify(token, keys, { ...options, algorithms: allowed });
  }
  return {
    isRequired: check !== null,
    verify: async (token) => {
      if (check === null) throw new AuthError('authentication is off: no token can be checked');
      if (token === undefined || token === '') throw new AuthError('a token is needed');
      try {
        const { payload } = await check(token);
        // RFC 7519 §4.1.3: who is not named by the audience must refuse the token.
        if (audiences.length === 0 && payload.aud !== undefined) {
          throw new AuthError(
            'the token is for another service: its aud does not name this server'
          );
        }
        return identityOf(payload, rules.keepsClaims === true);
      } catch (error) {
        throw refusalOf(error);
      }
    }
  };
}

/** Returns the subprotocols that an upgrade offers. */
export function offeredProtocols(request: TransportRequest): string[] {
  const header = request.header('sec-websocket-protocol') ?? '';
  return header.split(',').map((name) => name.trim());
}

/**
 * Returns the token of the subprotocol `bearer.…` in an upgrade, since browsers cannot send a header there; null when
 * there is none.
 */
export function offeredBearer(request: TransportRequest): string | null {
  const offered = offeredProtocols(request).find((name) => name.startsWith('bearer.'));
  return offered?.slice('bearer.'.length) ?? null;
}

/** Returns the token of a request's `Authorization: Bearer …`; null when there is none. */
export function bearerOf(request: TransportRequest): string | null {
  return /^Bearer +(\S+)$/i.exec(request.header('authorization') ?? '')?.[1] ?? null;
}
