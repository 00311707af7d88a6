/** Who a caller is. Authentication makes identities; {@link authorize} says what they may do. */
import type { Grants } from './grants.js';
import type { Scope } from './scopes.js';

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

/** An API key of `API_KEYS_FILE`. */
export interface NamedKey {
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Threads that it is limited to; null for all. */
  readonly grants: Grants | null;
  /** When it ends, Unix milliseconds; null means never. */
  readonly expiresAt: number | null;
  /** Whether the file no longer has it. Then it has no rights, wherever it is still in use. */
  readonly isRetired: boolean;
}

/** A caller that is a backend, with an API key (or anybody in development). */
export interface BackendCaller {
  readonly kind: 'backend';
  /** Its key; absent when it has every right. */
  readonly key?: NamedKey;
}

/** A caller: a backend, or one user. */
export type Identity = BackendCaller | UserCaller;

/** A caller with every right. */
export const BACKEND: BackendCaller = Object.freeze({ kind: 'backend' });

/** Returns whether a caller is a backend that may use every thread. */
export function isOfAllThreads(caller: Identity): boolean {
  return caller.kind === 'backend' && (caller.key?.grants ?? null) === null;
}

/** Returns when the right of a caller ends, Unix milliseconds; null means never. */
export function endOf(caller: Identity): number | null {
  return caller.kind === 'user' ? caller.expiresAt : (caller.key?.expiresAt ?? null);
}

/** Returns the identity of a user without a token. */
export function tokenless(user: string, isProbe = false): UserCaller {
  return { kind: 'user', user, expiresAt: null, isProbe, grants: null };
}
