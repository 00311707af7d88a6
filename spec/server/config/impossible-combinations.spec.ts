import { expect } from 'chai';
import { isLoopback } from '../../../server/config/open-doors.js';
import { loadConfig } from '../../../server/config/config.js';

const SECRET = 's'.repeat(32);

function faultsOf(env: Record<string, string>): readonly string[] {
  const loaded = loadConfig({ env });
  return loaded.ok ? [] : loaded.faults;
}

describe('isLoopback', () => {
  const cases: [string, boolean][] = [
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['[::1]', true],
    ['0:0:0:0:0:0:0:1', true],
    ['localhost', true],
    ['LOCALHOST', true],
    ['a.localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.2', false],
    ['128.0.0.1', false],
    ['notlocalhost', false],
    ['chat.example', false]
  ];
  for (const [host, answer] of cases) {
    it(`answers ${String(answer)} for ${host}`, () => {
      expect(isLoopback(host)).to.equal(answer);
    });
  }
});

describe('a HOST that other machines reach, in development', () => {
  it('is refused by default, with all that is open and the ways out', () => {
    const [fault, ...others] = faultsOf({ HOST: '0.0.0.0' });
    expect(others).to.eql([]);
    expect(fault).to.match(/^HOST: other machines reach 0\.0\.0\.0/);
    for (const name of [
      'AUTH_JWT_SECRET',
      'AUTH_JWKS_URL',
      'API_KEY',
      'INSPECT',
      'ALLOW_OPEN=true'
    ])
      expect(fault).to.include(name);
  });

  const closed = { AUTH_JWT_SECRET: SECRET, API_KEY: 'k'.repeat(24), INSPECT: 'off' };
  it('is taken when nothing is open', () => {
    expect(faultsOf({ HOST: '0.0.0.0', ...closed })).to.eql([]);
    expect(faultsOf({ HOST: '::', ...closed, INSPECT: 'token', INSPECT_TOKEN: 't' })).to.eql([]);
  });

  const open: [string, Record<string, string>][] = [
    ['the chat', { AUTH_JWT_SECRET: '' }],
    ['the server API', { API_KEY: '' }],
    ['the inspector', { INSPECT: 'on' }]
  ];
  for (const [what, env] of open) {
    it(`is refused when only ${what} is open, and nothing else is named`, () => {
      const [fault = ''] = faultsOf({ HOST: 'chat.example', ...closed, ...env });
      expect(open.map(([name]) => name).filter((name) => fault.includes(name))).to.eql([what]);
    });
  }

  it('is taken with ALLOW_OPEN=true, which is refused elsewhere', () => {
    expect(faultsOf({ HOST: '0.0.0.0', ALLOW_OPEN: 'true' })).to.eql([]);
    const production = { ENVIRONMENT: 'production', CLICKHOUSE_REQUIRED: 'false', ...closed };
    expect(faultsOf({ HOST: '0.0.0.0', ...production })).to.eql([]);
    expect(faultsOf({ ...production, ALLOW_OPEN: 'true' })[0]).to.match(/^ALLOW_OPEN: /);
  });
});

describe('settings of tokens', () => {
  it('are refused when no token is checked', () => {
    const env = {
      ACCESS: 'token',
      AUTH_JWT_ALGORITHMS: 'RS256',
      AUTH_JWT_AUDIENCE: 'a',
      AUTH_JWT_ISSUER: 'b',
      AUTH_LOGIN_URL: 'https://login.example/'
    };
    expect(faultsOf(env).map((fault) => fault.split(':')[0])).to.eql(Object.keys(env));
    expect(faultsOf({ ...env, AUTH_JWKS_URL: 'http://keys/' })).to.eql([]);
    const asks = { AUTHORIZE_URL: 'http://shop.example/rights' };
    expect(faultsOf(asks).map((fault) => fault.split(':')[0])).to.eql(['AUTHORIZE_URL']);
    expect(faultsOf({ ...asks, AUTH_JWT_SECRET: SECRET })).to.eql([]);
  });

  it('do not say both that only tokens give rights and that the application does', () => {
    const env = { AUTH_JWT_SECRET: SECRET, AUTHORIZE_URL: 'http://shop.example/rights' };
    expect(faultsOf({ ...env, ACCESS: 'members' })).to.eql([]);
    expect(faultsOf({ ...env, ACCESS: 'token' }).join()).to.match(/^ACCESS and AUTHORIZE_URL: /);
  });

  it('send nobody to sign in where others read along, or with a password that all visitors would see', () => {
    const at = (url: string): readonly string[] =>
      faultsOf({ AUTH_JWKS_URL: 'https://keys/', AUTH_LOGIN_URL: url });
    for (const url of ['https://login.example/in?app=1', 'http://localhost:9/', 'http://[::1]/']) {
      expect(at(url), url).to.eql([]);
    }
    for (const url of [
      'http://login.example/',
      'http://127.0.0.1.example/',
      'https://ada@login.example/',
      'https://:pw@login.example/',
      'https://login.example/#in'
    ]) {
      expect(at(url), url).to.have.length(1);
      expect(at(url)[0])
        .to.match(/^AUTH_LOGIN_URL: /)
        .and.not.include('pw');
    }
  });

  it('take no public-key algorithm with a secret, and no shared-secret one with public keys', () => {
    const secret = { AUTH_JWT_SECRET: SECRET };
    const keys = { AUTH_JWKS_URL: 'http://keys/' };
    expect(faultsOf({ ...secret, AUTH_JWT_ALGORITHMS: 'HS256, HS512' })).to.eql([]);
    expect(faultsOf({ ...secret, AUTH_JWT_ALGORITHMS: 'HS256,RS256' })).to.eql([
      'AUTH_JWT_ALGORITHMS: RS256 cannot be checked with AUTH_JWT_SECRET'
    ]);
    expect(faultsOf({ ...keys, AUTH_JWT_ALGORITHMS: 'ES256,HS256' })).to.eql([
      'AUTH_JWT_ALGORITHMS: HS256 cannot be checked with the public keys of AUTH_JWKS_URL'
    ]);
    expect(faultsOf({ ...keys, AUTH_JWT_ALGORITHMS: 'none' })).to.have.lengthOf(1);
  });
});

describe('settings of the agent openai', () => {
  const url = { AGENT_URL: 'http://models.example/v1' };
  const whole = { AGENTS: 'echo,openai', ...url, AGENT_MODEL: 'm' };
  const names = (env: Record<string, string>): string[] =>
    faultsOf(env).map((fault) => fault.split(':')[0] ?? '');

  it('are refused when one that it needs is missing, and when nobody reads them', () => {
    expect(names(whole)).to.eql([]);
    expect(names({ AGENTS: 'openai' })).to.eql(['AGENT_URL', 'AGENT_MODEL']);
    expect(names({ AGENTS: 'openai', ...url })).to.eql(['AGENT_MODEL']);
    expect(names({ ...url, AGENT_MODEL: 'm', AGENT_KEY: 'k' })).to.eql([
      'AGENT_URL',
      'AGENT_MODEL',
      'AGENT_KEY'
    ]);
  });

  it('have the key in no address, and do not send it where others read along', () => {
    expect(names({ ...whole, AGENT_URL: 'https://ada:pw@models.example' })).to.eql(['AGENT_URL']);
    const production = { ENVIRONMENT: 'production', CLICKHOUSE_REQUIRED: 'false', ...whole };
    const closed = { ...production, AUTH_JWT_SECRET: SECRET };
    expect(names(closed)).to.eql([]);
    expect(names({ ...closed, AGENT_KEY: 'k' })).to.eql(['AGENT_URL']);
    const local = { AGENT_URL: 'http://127.0.0.1:11434/v1', AGENT_KEY: 'k' };
    expect(names({ ...closed, ...local })).to.eql([]);
  });
});
