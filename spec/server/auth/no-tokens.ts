import { createAuthenticator } from '../../../server/auth/auth.js';

/** An authenticator with authentication off. */
export const NO_TOKENS = createAuthenticator({
  algorithms: [],
  audiences: [],
  issuers: [],
  mustExpire: false
});
