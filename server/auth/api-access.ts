/** Finds out who sent a request to the HTTP API: a backend (API key) or a user (token). */
import { isGrantedEverywhere } from '../access/grants.js';
import { BACKEND, type BackendCaller, type Identity } from '../access/identity.js';
import type { Scope } from '../access/scopes.js';
import type { ApiKeys, FoundKey } from './api-keys.js';
import { AuthError, bearerOf, type Authenticator, type AuthRefusal } from './auth.js';
import type { ErrorCode } from '../../protocol/errors.js';
import type { TransportRequest } from '../transport/transport.js';

/** The request was refused; `code` is one of the error table. */
export class AccessError extends Error {
  readonly code: AuthRefusal | Extract<ErrorCode, 'forbidden'>;
  constructor(code: AccessError['code'], message: string) {
    super(message);
    this.name = 'AccessError';
    this.code = code;
  }
}

const NO_OPERATOR =
  'this is for operators: it needs an API key, or a token that names * with manage in its threads';

/** Decides who sent a request. */
export class ApiAccess {
  private readonly keys: Pick<ApiKeys, 'find' | 'areSet'>;
  private readonly auth: Authenticator;
  /** Whether everybody is a backend, since there is no key in development. */
  readonly isOpen: boolean;

  /** Without a key the API is open in development and answers 403 elsewhere. */
  constructor(keys: Pick<ApiKeys, 'find' | 'areSet'>, auth: Authenticator, isDevelopment: boolean) {
    this.keys = keys;
    this.auth = auth;
    this.isOpen = !keys.areSet && isDevelopment;
  }

  /**
   * Accepts API keys with a scope only.
   * @throws {AccessError} `forbidden` when no key is configured, or the key lacks the scope; `unauthorized` when the
   * request has no key or a wrong one; `expired` when it has ended
   */
  backend(request: TransportRequest, scope: Scope): BackendCaller {
    if (this.isOpen) return BACKEND;
    if (!this.keys.areSet) {
      throw new AccessError(
        'forbidden',
        'the server API is off: set API_KEY or API_KEYS_FILE to use it'
      );
    }
    const shown = credentials(request);
    const found = shown === null ? null : this.keys.find(shown);
    if (found !== null && found.caller !== null) {
      const lack = scopeLack(found.caller, scope);
      if (lack === null) return found.caller;
      throw new AccessError('forbidden', lack);
    }
    if (found !== null && found.expired !== null) {
      throw new AccessError('expired', `the API key ${found.expired} has ended`);
    }
    throw new AccessError(
      'unauthorized',
      'send the API key as "Authorization: Bearer …" or "X-API-Key"'
    );
  }

  /**
   * Accepts API keys with a scope, and users' tokens.
   * @throws {AccessError} `unauthorized` or `forbidden` when neither is valid; `unavailable` when the keys for the
   * token could not be fetched
   */
  async reader(request: TransportRequest, scope: Scope): Promise<Identity> {
    try {
      return this.backend(request, scope);
    } catch (error) {
      const shown = credentials(request);
      if (!this.auth.isRequired || shown === null) throw error;
      // A key that was found is no token.
      if (isKnown(this.keys.find(shown))) throw error;
      try {
        return { kind: 'user', ...(await this.auth.verify(shown)) };
      } catch (refusal) {
        // What was sent as a key is refused as a key.
        const isKey = bearerOf(request) === null;
        if (refusal instanceof AuthError && refusal.code === 'unauthorized' && isKey) throw error;
        if (refusal instanceof AuthError) throw new AccessError(refusal.code, refusal.message);
        throw new AccessError('unauthorized', 'the token is not valid');
      }
    }
  }

  /**
   * Accepts API keys with a scope, and tokens of users who may manage every thread (`{"*":["manage"]}`).
   * @throws {AccessError} as {@link reader}; `forbidden` when the user may not
   */
  async operator(request: TransportRequest, scope: Scope): Promise<Identity> {
    const caller = await this.reader(request, scope);
    if (caller.kind === 'backend') return caller;
    if (caller.grants !== null && isGrantedEverywhere(caller.grants, 'manage')) return caller;
    throw new AccessError('forbidden', NO_OPERATOR);
  }

  /**
   * Accepts what {@link reader} accepts. A valid token makes a user also while everybody is a backend: what stays open
   * is counted for its user.
   * @throws {AccessError} as {@link reader}
   */
  async listener(request: TransportRequest, scope: Scope): Promise<Identity> {
    const caller = await this.reader(request, scope);
    const shown = credentials(request);
    if (!this.isOpen || !this.auth.isRequired || shown === null) return caller;
    try {
      return { kind: 'user', ...(await this.auth.verify(shown)) };
    } catch {
      return caller;
    }
  }
}

function isKnown(found: FoundKey): boolean {
  return found.caller !== null || found.expired !== null;
}

/** Returns which scope a caller lacks, as a sentence; null when it has it. */
export function scopeLack({ key }: BackendCaller, scope: Scope): string | null {
  if (key === undefined || key.scopes.has(scope)) return null;
  return `the API key ${key.name} lacks the scope ${scope}`;
}

/** Returns the key or token of a request; null when it has none. */
export function credentials(request: TransportRequest): string | null {
  return bearerOf(request) ?? request.header('x-api-key') ?? null;
}
