/** Who a caller is. Authentication makes identities; {@link authorize} says what they may do. */
import type { Grants } from './grants.js';

/** A user, as a token says, or in development the name that the client gave. */
export interface UserIdentity {
  readonly user: string;
  /** When the token ends, Unix milliseconds; null means never. */
  readonly expiresAt: number | null;
  /** Whether it may use reserved test threads. */
  readonly isProbe: boolean;
  /** What the token allows by name; null when it names no threads, and `ACCESS` decides. */
  readonly grants: Grants | null;
}

/** A caller that is one user. */
export type UserCaller = { readonly kind: 'user' } & UserIdentity;

/** A caller: a backend with the API key (or anybody in development), or one user. */
export type Identity = { readonly kind: 'backend' } | UserCaller;

/** The caller with every right. */
export const BACKEND: Identity = Object.freeze({ kind: 'backend' });

/** Returns the identity of a user without a token. */
export function tokenless(user: string, isProbe = false): UserCaller {
  return { kind: 'user', user, expiresAt: null, isProbe, grants: null };
}
