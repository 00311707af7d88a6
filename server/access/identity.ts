/** Who a caller is. Authentication makes identities; {@link authorize} says what they may do. */
import type { Grants } from './grants.js';

/** A user, named by a token, or in development by the client itself. */
export interface UserIdentity {
  readonly user: string;
  /** When the token ends, Unix milliseconds; null means never. */
  readonly expiresAt: number | null;
  /** Whether it may use reserved test threads. */
  readonly isProbe: boolean;
  /** Threads that the token names; null when it names none and `ACCESS` decides. */
  readonly grants: Grants | null;
  /** What names its token; absent where there is none. */
  readonly token?: TokenMarks;
  /** Claims of its token; only there with `AUTHORIZE_URL`. */
  readonly claims?: TokenClaims;
}

/** All claims of a token. */
export interface TokenClaims {
  readonly values: Readonly<Record<string, unknown>>;
  /** The same for equal claims only. */
  readonly digest: string;
}

/** What tells tokens of one user apart. */
export interface TokenMarks {
  /** When it was issued (`iat`), Unix milliseconds; null when it does not say. */
  readonly issuedAt: number | null;
  /** Its `jti`; null when it has none. */
  readonly id: string | null;
}

/** A caller that is one user. */
export type UserCaller = { readonly kind: 'user' } & UserIdentity;

/** A caller: a backend with the API key (or anybody in development), or one user. */
export type Identity = { readonly kind: 'backend' } | UserCaller;

/** A caller with every right. */
export const BACKEND: Identity = Object.freeze({ kind: 'backend' });

/** Returns the identity of a user without a token. */
export function tokenless(user: string, isProbe = false): UserCaller {
  return { kind: 'user', user, expiresAt: null, isProbe, grants: null };
}
