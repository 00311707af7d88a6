import { RollcallError } from '../rollcall-error.js';

/** `disconnect` of a refused or revoked token. */
const BAD_TOKEN = 3500;

/** `disconnect` of a user whom an operator has sent away. */
const KICKED = 3503;

/** `disconnect` of a user who may not connect. */
const FORBIDDEN = 3507;

/**
 * Why a connection has ended for good: `closed` the application called `close()` · `revoked` the token was good and the
 * server has withdrawn it · `expired` the token has expired, and there was no fresh one · `unauthorized` the server does not
 * accept the token · `forbidden` the user may not connect · `kicked` an operator has sent the user away · `other` anything
 * else; the error says what.
 */
export type EndCause =
  'closed' | 'revoked' | 'expired' | 'unauthorized' | 'forbidden' | 'kicked' | 'other';

/** How a connection ended. */
export interface ConnectionEnd {
  readonly code: number;
  readonly isClosedByApplication: boolean;
  /** Whether the connection was established when the server ended it. */
  readonly wasConnected: boolean;
  /** Whether the connection before this attempt ended because its token had expired. */
  readonly hadExpired: boolean;
  /** Code of the error with which the server refused the token; null when it gave none. */
  readonly refusal: string | null;
}

/** Returns why a connection has ended for good. */
export function endCause(end: ConnectionEnd): EndCause {
  if (end.isClosedByApplication) return 'closed';
  if (end.code === FORBIDDEN) return 'forbidden';
  if (end.code === KICKED) return 'kicked';
  if (end.code !== BAD_TOKEN) return 'other';
  if (end.refusal === 'revoked' || end.refusal === 'expired') return end.refusal;
  // Of a connection that was let in, the token was good: it can only have been revoked.
  if (end.wasConnected) return 'revoked';
  return end.hadExpired ? 'expired' : 'unauthorized';
}

/** Returns the error of a connection that the server closed without an error frame. */
export function endError(cause: EndCause, code: number, reason: string): RollcallError {
  if (cause === 'revoked') {
    return new RollcallError('unauthorized', 'the token has been revoked: sign in again');
  }
  const words = reason === '' ? String(code) : reason;
  return new RollcallError(
    code === BAD_TOKEN ? 'unauthorized' : 'closed',
    `the server closed the connection for good: ${words}`
  );
}
