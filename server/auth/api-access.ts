/** Finds out who sent a request to the HTTP API: a backend (API key) or a user (token). */
import { BACKEND, type Identity } from '../access/identity.js';
import { AuthError, bearerOf, type Authenticator, type AuthRefusal } from './auth.js';
import type { ErrorCode } from '../../protocol/errors.js';
import { Secret } from './secret.js';
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

/** Decides who sent a request. */
export class ApiAccess {
  private readonly key: Secret | null;
  private readonly auth: Authenticator;
  /** Whether everybody is a backend, since there is no key in development. */
  readonly isOpen: boolean;

  /** Without a key the API is open in development and answers 403 elsewhere. */
  constructor(apiKey: string | undefined, auth: Authenticator, isDevelopment: boolean) {
    this.key = apiKey === undefined ? null : new Secret(apiKey);
    this.auth = auth;
    this.isOpen = apiKey === undefined && isDevelopment;
  }

  /**
   * Accepts the API key only.
   * @throws {AccessError} `forbidden` when no key is configured, `unauthorized` when the request has none or a wrong
   * one
   */
  backend(request: TransportRequest): Identity {
    if (this.isOpen) return BACKEND;
    if (this.key === null) {
      throw new AccessError('forbidden', 'the server API is off: set API_KEY to use it');
    }
    const shown = credentials(request);
    if (shown !== null && this.key.is(shown)) return BACKEND;
    throw new AccessError(
      'unauthorized',
      'send the API key as "Authorization: Bearer …" or "X-API-Key"'
    );
  }

  /**
   * Accepts the API key or a user's token.
   * @throws {AccessError} `unauthorized` or `forbidden` when neither is valid; `unavailable` when the keys for the
   * token could not be fetched
   */
  async reader(request: TransportRequest): Promise<Identity> {
    try {
      return this.backend(request);
    } catch (error) {
      const shown = credentials(request);
      if (!this.auth.isRequired || shown === null) throw error;
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
}

/** Returns the key or token of a request; null when it has none. */
export function credentials(request: TransportRequest): string | null {
  return bearerOf(request) ?? request.header('x-api-key') ?? null;
}
