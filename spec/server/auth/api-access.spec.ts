import { expect } from 'chai';
import { tokenless, type Identity } from '../../../server/access/identity.js';
import type { Scope } from '../../../server/access/scopes.js';
import { AccessError, ApiAccess } from '../../../server/auth/api-access.js';
import { AuthError, type Authenticator } from '../../../server/auth/auth.js';
import type { TransportRequest } from '../../../server/transport/transport.js';
import { NO_TOKENS } from './no-tokens.js';
import { entryOf, FakeKeyFile, keysOf, onlyKey } from './some-keys.js';

const TOKENS: Authenticator = {
  isRequired: true,
  verify: (token) =>
    token === 'token'
      ? Promise.resolve(tokenless('ada'))
      : Promise.reject(new AuthError('the token is not valid'))
};

function request(shown?: string, header = 'authorization'): TransportRequest {
  const value = header === 'authorization' ? `Bearer ${shown ?? ''}` : shown;
  return {
    method: 'GET',
    path: '/',
    query: '',
    address: '::1',
    header: (name) => (name === header && shown !== undefined ? value : undefined),
    body: () => Promise.resolve('')
  };
}

/** Returns the name of the caller, or the code and message of the refusal. */
async function said(of: () => Identity | Promise<Identity>): Promise<string> {
  try {
    const caller = await of();
    return caller.kind === 'user' ? caller.user : (caller.key?.name ?? 'backend');
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

describe('ApiAccess', () => {
  const file = new FakeKeyFile(
    entryOf('shop', { scopes: ['publish'] }),
    entryOf('old', { expiresAt: '2000-01-01' })
  );
  const { keys, clock } = keysOf(file);
  clock.now = () => Date.UTC(2026, 0, 1);
  const access = new ApiAccess(keys, TOKENS, false);

  const cases: readonly [what: string, shown: string | undefined, Scope, RegExp][] = [
    ['a key that has the scope', 'shop', 'publish', /^shop$/],
    ['a key that lacks it', 'shop', 'read', /^forbidden: the API key shop lacks the scope read$/],
    ['a key that has ended', 'old', 'read', /^expired: the API key old has ended$/],
    ['nothing', undefined, 'read', /^unauthorized: send the API key/]
  ];
  for (const [what, shown, scope, expected] of cases) {
    it(`answers ${what} alike whether tokens are taken or not`, async () => {
      expect(await said(() => access.backend(request(shown), scope))).to.match(expected);
      expect(await said(() => access.reader(request(shown), scope))).to.match(expected);
    });
  }

  it('takes tokens where they are taken, whatever the scope', async () => {
    expect(await said(() => access.reader(request('token'), 'manage'))).to.equal('ada');
    expect(await said(() => access.backend(request('token'), 'manage'))).to.match(/^unauthorized/);
    expect(await said(() => access.reader(request('x'), 'read'))).to.match(/token is not valid/);
    const asKey = await said(() => access.reader(request('x', 'x-api-key'), 'read'));
    expect(asKey).to.match(/send the API key/);
  });

  it('is open in development without any key, and off elsewhere', async () => {
    const open = new ApiAccess(onlyKey(), NO_TOKENS, true);
    expect(await said(() => open.backend(request(), 'revoke'))).to.equal('backend');
    const off = new ApiAccess(onlyKey(), NO_TOKENS, false);
    expect(await said(() => off.backend(request(), 'revoke'))).to.match(
      /^forbidden: .*API_KEYS_FILE/
    );
    const closed = new ApiAccess(keys, NO_TOKENS, true);
    expect(closed.isOpen).to.equal(false);
  });
});
