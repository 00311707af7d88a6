/** Refuses tokens that have been revoked, at whatever door they are shown. */
import type { UserIdentity } from '../access/identity.js';
import type { Revocations } from '../access/revocations.js';
import { AuthError, type Authenticator } from './auth.js';

/** Makes an authenticator that takes what another one takes, but for what is revoked. */
export function revocable(
  auth: Authenticator,
  revocations: Pick<Revocations, 'isRevoked'>
): Authenticator {
  return {
    isRequired: auth.isRequired,
    verify: async (token) => {
      const identity = await auth.verify(token);
      if (isRevoked(revocations, identity)) {
        throw new AuthError('the token has been revoked', 'revoked');
      }
      return identity;
    }
  };
}

/** Returns whether a token is revoked, or the log that says so cannot be read. */
export function isRevokedOrUnknown(
  revocations: Pick<Revocations, 'isRevoked'>,
  identity: UserIdentity
): boolean {
  try {
    return revocations.isRevoked(identity);
  } catch {
    return true;
  }
}

function isRevoked(revocations: Pick<Revocations, 'isRevoked'>, identity: UserIdentity): boolean {
  try {
    return revocations.isRevoked(identity);
  } catch {
    // While the log cannot be read, nobody knows.
    throw new AuthError('whether the token is revoked cannot be known now', 'unavailable');
  }
}
