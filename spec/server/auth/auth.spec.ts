import { expect } from 'chai';
import { SignJWT, type JWTPayload } from 'jose';
import { AuthError, createAuthenticator, type TokenRules } from '../../../server/auth/auth.js';

const SECRET = 'a-secret-of-the-specs-that-is-longer-than-32-bytes';
const RULES: TokenRules = {
  secret: SECRET,
  algorithms: [],
  audiences: [],
  issuers: [],
  mustExpire: true
};

/** Returns the user of a token with these claims, or why the rules refuse it. */
async function verdict(
  claims: JWTPayload,
  rules: Partial<TokenRules> = {},
  alg = 'HS256'
): Promise<string> {
  const signer = new SignJWT({ sub: 'ada', ...claims }).setProtectedHeader({ alg });
  if (!('exp' in claims)) signer.setExpirationTime('1h');
  const token = await signer.sign(new TextEncoder().encode(SECRET));
  try {
    return (await createAuthenticator({ ...RULES, ...rules }).verify(token)).user;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    expect(error.message).to.not.include(token);
    return error.message;
  }
}

describe('createAuthenticator', () => {
  const forever = { exp: undefined } as unknown as JWTPayload;
  const nobody = { sub: undefined } as unknown as JWTPayload;
  const ours = { audiences: ['chat', 'https://chat.example'] };

  const cases: [string, Promise<string>, RegExp][] = [
    ['takes a token that names no audience when none is set', verdict({}), /^ada$/],
    ['refuses a token for any service when none is set', verdict({ aud: 'payments' }), /aud/],
    [
      'refuses a token for other services when one is set',
      verdict({ aud: ['x'] }, ours),
      /aud is not/
    ],
    ['refuses a token for no service when one is set', verdict({}, ours), /aud is missing/],
    ['takes a token for one of its names', verdict({ aud: ['x', 'chat'] }, ours), /^ada$/],
    ['takes any issuer when none is set', verdict({ iss: 'x' }), /^ada$/],
    ['refuses another issuer', verdict({ iss: 'x' }, { issuers: ['y'] }), /iss is not/],
    [
      'refuses a token without issuer when one is set',
      verdict({}, { issuers: ['y'] }),
      /iss is missing/
    ],
    ['takes its issuer', verdict({ iss: 'y' }, { issuers: ['x', 'y'] }), /^ada$/],
    ['refuses a token that never expires', verdict(forever), /exp is missing/],
    ['takes it where tokens need not expire', verdict(forever, { mustExpire: false }), /^ada$/],
    ['refuses a token of nobody', verdict(nobody), /sub must name a user/],
    ['refuses a token of the server', verdict({ sub: 'system' }), /sub must not be system/],
    ['refuses a name that hides a part', verdict({ sub: 'a\u202eb' }), /sub must not have/],
    ['refuses another algorithm', verdict({}, {}, 'HS512'), /not valid/],
    ['takes the algorithms that are set', verdict({}, { algorithms: ['HS512'] }, 'HS512'), /^ada$/],
    ['takes no other than those', verdict({}, { algorithms: ['HS512'] }), /not valid/]
  ];
  for (const [does, said, expected] of cases) {
    it(does, async () => {
      expect(await said).to.match(expected);
    });
  }
});

describe('createAuthenticator with a secret', () => {
  it('imports the secret once for each algorithm', async () => {
    const importKey = crypto.subtle.importKey.bind(crypto.subtle);
    let imports = 0;
    const token = (alg: string) =>
      new SignJWT({ sub: 'ada' })
        .setProtectedHeader({ alg })
        .setExpirationTime('1h')
        .sign(new TextEncoder().encode(SECRET));
    const [first, second] = [await token('HS256'), await token('HS512')];
    const auth = createAuthenticator({ ...RULES, algorithms: ['HS256', 'HS512'] });
    crypto.subtle.importKey = ((...all: Parameters<typeof importKey>) => {
      imports++;
      return importKey(...all);
    }) as typeof importKey;
    try {
      for (const one of [first, second, first, second]) await auth.verify(one);
    } finally {
      Reflect.deleteProperty(crypto.subtle, 'importKey');
    }
    expect(imports).to.equal(2);
  });
});
