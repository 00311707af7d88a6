import type { ClientState } from '../../../sdk/client.js';

type Closed = Pick<Extract<ClientState, { name: 'closed' }>, 'cause' | 'code' | 'reason'>;

/** Returns what the sign-in dialog says about a token that the server did not accept, or no longer accepts. */
export function signInWords({ cause, reason }: Closed): string {
  if (cause === 'revoked') {
    return 'Your token has been withdrawn, so you were signed out. Sign in with a new one.';
  }
  if (cause === 'expired') {
    return 'Your token has expired, so you were signed out. Sign in with a new one.';
  }
  return `The token was not accepted: ${reason}. Sign in with another one.`;
}

/** Returns what the banner says about a connection that has ended for good. */
export function endWords({ cause, code, reason }: Closed): string {
  switch (cause) {
    case 'revoked':
      return 'Signed out: your token has been withdrawn.';
    case 'expired':
      return 'Signed out: your token has expired.';
    case 'unauthorized':
      return 'Not signed in: the server asks for another token.';
    case 'forbidden':
      return 'This server does not let you in: ask its operator.';
    case 'kicked':
      return 'An operator has ended your connection.';
    case 'closed':
      return 'Signed out.';
    case 'other':
      return `Disconnected: ${reason === '' ? `code ${String(code)}` : reason}.`;
  }
}
