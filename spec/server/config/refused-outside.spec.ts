import { expect } from 'chai';
import { judgeChecklist } from '../../../server/config/checklist/checklist.js';
import { loadConfig, readConfig } from '../../../server/config/config.js';

const ENVIRONMENTS = ['staging', 'production'] as const;

/** Settings with which a server starts in every environment. */
const WHOLE = {
  AUTH_JWT_SECRET: 'GdUDq5qk8sDdrWzWcGzJ4R8hT2m6Xx0Q',
  API_KEY: 'wZ3kq9Xb7Lr2Vn5Tt8Yc1Md4',
  ALLOWED_ORIGINS: 'https://chat.example',
  CLICKHOUSE_REQUIRED: 'false',
  INSPECT: 'token',
  INSPECT_TOKEN: 'a-token-of-the-inspector',
  RESERVED_THREADS: 'refuse'
};

/** Settings that are refused outside development, with the setting that the message names and its remedy. */
const REFUSED: readonly (readonly [
  what: string,
  env: Record<string, string>,
  named: string,
  remedy: RegExp,
  where?: readonly string[]
])[] = [
  ['no authentication', { AUTH_JWT_SECRET: '' }, 'AUTH_JWT_SECRET or AUTH_JWKS_URL', /needed/],
  [
    'a secret of 31 bytes',
    { AUTH_JWT_SECRET: WHOLE.AUTH_JWT_SECRET.slice(1) },
    'AUTH_JWT_SECRET',
    /openssl rand/
  ],
  [
    'the secret of an example',
    { AUTH_JWT_SECRET: 'your-secret-that-is-longer-than-32-bytes' },
    'AUTH_JWT_SECRET',
    /openssl rand/
  ],
  ['every origin', { ALLOWED_ORIGINS: '*' }, 'ALLOWED_ORIGINS', /name the origins/],
  ['TESTING', { TESTING: '0' }, 'TESTING', /unset it/],
  ['TEST_MODE', { TEST_MODE: 'false' }, 'TEST_MODE', /unset it/],
  ['an open inspector', { INSPECT: 'on' }, 'INSPECT', /INSPECT=off, or token/],
  [
    'test threads for users',
    { RESERVED_THREADS: 'allow' },
    'RESERVED_THREADS',
    /RESERVED_THREADS=refuse/,
    ['production']
  ],
  ['an API key of 23 characters', { API_KEY: WHOLE.API_KEY.slice(1) }, 'API_KEY', /openssl rand/],
  [
    'the API key of an example',
    { API_KEY: 'changeme-changeme-changeme' },
    'API_KEY',
    /openssl rand/
  ],
  [
    'an inspector token of 23 characters',
    { INSPECT_TOKEN: WHOLE.INSPECT_TOKEN.slice(1) },
    'INSPECT_TOKEN',
    /openssl rand/
  ],
  [
    'questions over plain http',
    { AUTHORIZE_URL: 'http://shop.example/rights' },
    'AUTHORIZE_URL',
    /use https/
  ],
  ['ALLOW_OPEN', { ALLOW_OPEN: 'true' }, 'ALLOW_OPEN', /unset it/]
];

const MACHINE = {
  dataDirMode: null,
  envFileMode: null,
  keysFile: null,
  openFiles: null,
  containerBytes: null,
  nowMs: 0,
  newestFileMs: null
};

function faultsOf(env: Record<string, string>): readonly string[] {
  const loaded = loadConfig({ env });
  return loaded.ok ? [] : loaded.faults;
}

for (const environment of ENVIRONMENTS) {
  const base = { ...WHOLE, ENVIRONMENT: environment };
  describe(`a start in ${environment}`, () => {
    it('goes on with a secret of 32 bytes, a key of 24 characters and nothing open', () => {
      expect(faultsOf(base)).to.deep.equal([]);
    });

    for (const [what, env, named, remedy, where = ENVIRONMENTS] of REFUSED) {
      const isRefused = where.includes(environment);
      it(`${isRefused ? 'is refused' : 'goes on'} with ${what}`, () => {
        const faults = faultsOf({ ...base, ...env });
        expect(faults).to.have.lengthOf(isRefused ? 1 : 0);
        for (const fault of faults) expect(fault).to.match(remedy).and.satisfy(startsWith(named));
        for (const secret of Object.values(env).filter((text) => text.length > 5)) {
          expect(faults.join()).not.to.include(secret);
        }
      });
    }

    it('is refused with an address of keys over plain http, unless it is on this machine', () => {
      const keys = (url: string) => faultsOf({ ...base, AUTH_JWT_SECRET: '', AUTH_JWKS_URL: url });
      expect(keys('http://id.example/keys').join()).to.match(/^AUTH_JWKS_URL: .+ use https/);
      expect(keys('http://10.0.0.1/keys')).to.have.lengthOf(1);
      for (const url of [
        'https://id.example/keys',
        'http://localhost:9/keys',
        'http://[::1]/keys'
      ]) {
        expect(keys(url)).to.deep.equal([]);
      }
    });

    it('is refused what the checklist of production says is refused, in the same words', () => {
      const unfit = { CLICKHOUSE_REQUIRED: 'true', CLICKHOUSE_URL: 'off' };
      const all = [
        ...REFUSED.map(([what, env]) => [what, env] as const),
        ['unfit', unfit] as const,
        ['keys', { AUTH_JWT_SECRET: '', AUTH_JWKS_URL: 'http://id.example/keys' }] as const
      ];
      for (const [what, env] of all) {
        const { config, testSwitches, faults } = readConfig({ env: { ...base, ...env } });
        const rows = judgeChecklist({ config, environment, testSwitches, machine: MACHINE });
        const refused = rows.filter((row) => row.refused);
        expect(refused.map(({ said }) => said).join('. '), what).to.equal(faults.join('. '));
        for (const row of refused) expect(row, what).to.include({ mark: 'bad' });
      }
    });

    it('is told everything at once', () => {
      const all = Object.assign({}, base, ...REFUSED.map(([, env]) => env)) as typeof base;
      const names = new Set(REFUSED.filter(isRefusedIn(environment)).map(([, , named]) => named));
      names.delete('AUTH_JWT_SECRET or AUTH_JWKS_URL');
      const said = faultsOf(all).map((fault) => fault.split(':')[0]);
      expect(said).to.have.members([...names]);
    });
  });
}

describe('a start in development', () => {
  for (const [what, env] of REFUSED) {
    it(`goes on with ${what}`, () => {
      expect(faultsOf({ ...WHOLE, ...env })).to.deep.equal([]);
    });
  }
});

function startsWith(named: string): (fault: string) => boolean {
  return (fault) => fault.startsWith(`${named}: `);
}

function isRefusedIn(environment: string): (row: (typeof REFUSED)[number]) => boolean {
  return ([, , , , where = ENVIRONMENTS]) => where.includes(environment);
}
