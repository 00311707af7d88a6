/** Rows of the checklist about the settings. */
import { isLoopback } from '../open-doors.js';
import { SETTINGS, type SettingKey } from '../settings.js';
import type { ChecklistRow, Verdict } from './checklist-row.js';

const good = (said: string): Verdict => ({ mark: 'good', said });
const bad = (said: string): Verdict => ({ mark: 'bad', said });
const open = (said: string): Verdict => ({ mark: 'open', said });

/** The rows, in the order in which they are shown. */
export const SETTINGS_ROWS: readonly ChecklistRow[] = [
  {
    id: 'environment',
    title: 'Environment',
    good: '`ENVIRONMENT=production`, which decides defaults and what is refused',
    action: 'set ENVIRONMENT=production where the server starts',
    judge: ({ environment }) =>
      environment === 'production' ? good('production') : bad(`ENVIRONMENT is ${environment}`)
  },
  {
    id: 'combinations',
    title: 'Settings that fit together',
    good: 'no setting contradicts another one',
    action: 'change one of the settings that are named',
    rule: 'combinations',
    judge: () => good('none contradicts another one')
  },
  {
    id: 'test_switches',
    title: 'Test switches',
    good: '`TESTING`, `TEST_MODE` and `ALLOW_OPEN` are not set',
    action: 'unset them',
    rule: 'allowOpen',
    faults: ({ testSwitches }) => testSwitches,
    judge: () => good('none is set')
  },
  {
    id: 'test_threads',
    title: 'Test threads',
    good: '`RESERVED_THREADS=refuse`: users do not get into threads that nobody watches',
    action: 'set RESERVED_THREADS=refuse or unset it',
    rule: 'testThreads',
    judge: ({ config: { reservedThreads } }) =>
      reservedThreads === 'refuse' ? good('refused to users') : open('users may use them')
  },
  {
    id: 'authentication',
    title: 'Authentication',
    good: '`AUTH_JWT_SECRET` or `AUTH_JWKS_URL` is set; then a token without `exp` is refused',
    action: 'set AUTH_JWT_SECRET or AUTH_JWKS_URL',
    rule: 'authentication',
    judge: ({ config }) =>
      good(
        `on, by ${config.authJwtSecret === undefined ? 'AUTH_JWKS_URL' : 'AUTH_JWT_SECRET'}; tokens must have an exp`
      )
  },
  {
    id: 'token_keys',
    title: 'Keys of tokens',
    good: '`AUTH_JWT_SECRET` has 32 bytes or more and is no example; `AUTH_JWKS_URL` is `https`, or on this machine',
    action: 'make a secret with `openssl rand -base64 48`; give the key set an https address',
    rule: 'tokenKeys',
    judge: ({ config: { authJwtSecret, authJwksUrl: url } }) => {
      if (authJwtSecret !== undefined) return good('the secret is long enough');
      if (url === undefined) return open('there are none');
      return good(url.protocol === 'https:' ? 'fetched by https' : 'fetched from this machine');
    }
  },
  {
    id: 'token_claims',
    title: 'Tokens for this server only',
    good: '`AUTH_JWT_AUDIENCE` and `AUTH_JWT_ISSUER` are set',
    action:
      'set AUTH_JWT_AUDIENCE and AUTH_JWT_ISSUER, if the keys sign tokens for other services too',
    judge: ({ config: { authJwtAudience, authJwtIssuer, authJwksUrl } }) => {
      const missing = [
        ...(authJwtAudience.length === 0 ? ['AUTH_JWT_AUDIENCE'] : []),
        ...(authJwtIssuer.length === 0 ? ['AUTH_JWT_ISSUER'] : [])
      ];
      if (missing.length === 0) return good('aud and iss are checked');
      const said = `${missing.join(' and ')} not set`;
      return authJwksUrl === undefined ? open(said) : bad(said);
    }
  },
  {
    id: 'access',
    title: 'Access to threads',
    good: '`ACCESS` is `members` or `token`, or your application decides (`AUTHORIZE_URL`)',
    action: 'unset ACCESS, or set it to members or token, unless every user may read every thread',
    judge: ({ config: { access, authorizeUrl } }) => {
      if (authorizeUrl !== undefined) return good('your application is asked');
      return access === 'open' ? bad('every user may use every thread') : good(access);
    }
  },
  {
    id: 'application',
    title: 'Way to your application',
    good: '`AUTHORIZE_URL` is `https`, on this machine, or not set',
    action: 'use https: over plain http others may read claims and answer in its place',
    rule: 'application',
    judge: ({ config: { authorizeUrl: url } }) => {
      if (url === undefined) return good('AUTHORIZE_URL is not set');
      return good(url.protocol === 'https:' ? 'https' : 'on this machine');
    }
  },
  {
    id: 'webhooks',
    title: 'Webhooks',
    good: '`WEBHOOK_URL` is `https`, on this machine, or not set; `WEBHOOK_SECRET` has 24 characters or more and is no example',
    action: 'use https, and a secret made with `openssl rand -base64 24`',
    rule: 'webhooks',
    judge: ({ config: { webhookUrl: url } }) => {
      if (url === undefined) return good('WEBHOOK_URL is not set');
      return good(url.protocol === 'https:' ? 'https' : 'on this machine');
    }
  },
  {
    id: 'access_create',
    title: 'Who creates threads',
    good: '`ACCESS_CREATE=false`, or no `ACCESS=members`, or `AUTHORIZE_URL`',
    action:
      'set ACCESS_CREATE=false if your backend makes the threads: else a user can be the first in one',
    judge: ({ config: { access, accessCreate, authorizeUrl } }) => {
      if (authorizeUrl !== undefined) return good('nobody owns a thread by writing to it');
      if (access === 'open') return open('there are no owners with ACCESS=open');
      if (access === 'token') return good('only what a token names');
      return accessCreate ? open('users create threads by writing to them') : good('the backend');
    }
  },
  {
    id: 'api_key',
    title: 'API keys',
    good: '`API_KEY` has 24 characters or more and is no example, or there is none; better are keys with scopes (`API_KEYS_FILE`)',
    action: 'make one with `openssl rand -base64 24`',
    rule: 'apiKey',
    judge: ({ config: { apiKey, apiKeysFile } }) => {
      const ofFile = apiKeysFile === undefined ? '' : `those of ${apiKeysFile}`;
      if (apiKey !== undefined) {
        return good(ofFile === '' ? 'long enough' : `long enough, and ${ofFile}`);
      }
      return good(ofFile === '' ? 'none: the server API is off' : ofFile);
    }
  },
  {
    id: 'login',
    title: 'Sign-in page',
    good: '`AUTH_LOGIN_URL` is `https`, or not set',
    action: 'set it to the https address of a page that everybody reaches who signs in',
    judge: ({ config: { authLoginUrl: url } }) => {
      if (url === undefined) return good('AUTH_LOGIN_URL is not set');
      return url.protocol === 'https:' ? good(url.host) : bad('only this machine reaches it');
    }
  },
  {
    id: 'metrics',
    title: 'Metrics',
    good: '`METRICS` is `token`, the default, or `off`',
    action: 'unset METRICS; Prometheus sends an API key with the scope reports',
    judge: ({ config: { metrics } }) =>
      metrics === 'on'
        ? bad('everybody who reaches /metrics reads how much this server is used')
        : good(metrics === 'token' ? 'by API key' : 'off')
  },
  {
    id: 'inspector',
    title: 'Inspector',
    good: '`INSPECT` is `off`, or `token` with an `INSPECT_TOKEN` of 24 characters or more',
    action: 'set INSPECT=off, or make a token with `openssl rand -base64 24`',
    rule: 'inspector',
    judge: ({ config: { inspect, inspectBodies } }) =>
      inspect === 'token' && inspectBodies
        ? open('by token, and INSPECT_BODIES shows the texts of messages')
        : good(inspect === 'token' ? 'by token' : 'off')
  },
  {
    id: 'origins',
    title: 'Origins',
    good: '`ALLOWED_ORIGINS` names origins with `https`, or is not set: pages of the same host',
    action: 'name the origins of your pages, with https',
    rule: 'origins',
    judge: ({ config: { allowedOrigins } }) => {
      const plain = allowedOrigins.filter(
        (origin) => origin.startsWith('http:') && !isLoopback(new URL(origin).hostname)
      );
      if (plain.length > 0)
        return bad(`pages that come without TLS may use it: ${plain.join(', ')}`);
      return good(
        allowedOrigins.length === 0 ? 'pages of the same host' : allowedOrigins.join(', ')
      );
    }
  },
  {
    id: 'tls',
    title: 'TLS',
    good: '`TRUST_PROXY=true`, and the proxy reaches the server on this machine (`HOST=127.0.0.1`)',
    action:
      'put a proxy with TLS in front that replaces X-Forwarded-For and X-Forwarded-Proto, set TRUST_PROXY=true, and let nobody but it reach the port',
    judge: ({ config: { trustProxy, host } }) => {
      if (!trustProxy) return bad('TRUST_PROXY is false, and this server itself speaks no TLS');
      return isLoopback(host)
        ? good('by a proxy on this machine')
        : open(`by a proxy; whether others reach ${host} too cannot be seen from here`);
    }
  },
  {
    id: 'limits',
    title: 'Limits',
    good: 'no `LIMIT_…` that has a default is 0',
    action: 'unset them, or give them a number',
    judge: ({ config }) => {
      const none = KEYS.filter(
        (key) =>
          SETTINGS[key].name.startsWith('LIMIT_') &&
          SETTINGS[key].fallbackText !== '0' &&
          config[key] === 0
      ).map((key) => SETTINGS[key].name);
      return none.length === 0 ? good('each is set') : bad(`no limit: ${none.join(', ')}`);
    }
  },
  {
    id: 'durability',
    title: 'Durability',
    good: '`DURABILITY=disk`: what is acknowledged survives the death of the machine',
    action: 'set DURABILITY=disk, unless you may lose the last seconds with the machine',
    judge: ({ config: { durability } }) =>
      durability === 'disk' ? good('disk') : bad('an acknowledged message may be lost with power')
  },
  {
    id: 'retention',
    title: 'Retention',
    good: '`RETENTION_DAYS` or `RETENTION_MESSAGES` is set, and `CLICKHOUSE_TTL_DAYS` where ClickHouse is used',
    action: 'decide how long messages are kept, in the log and in ClickHouse',
    judge: ({ config }) => {
      const { retentionDays, retentionMessages, clickhouseTtlDays, clickhouseUrl } = config;
      const kept = [
        ...(retentionDays === undefined && retentionMessages === undefined ? ['the log'] : []),
        ...(clickhouseUrl !== 'off' && clickhouseTtlDays === undefined ? ['ClickHouse'] : [])
      ];
      return kept.length === 0 ? good('set') : open(`kept without end in ${kept.join(' and ')}`);
    }
  },
  {
    id: 'clickhouse',
    title: 'Way to ClickHouse',
    good: '`CLICKHOUSE_URL` is `https`, on this machine, embedded, or off',
    action: 'use https, or a network that nobody else is on: messages and a password go over it',
    judge: ({ config: { clickhouseUrl: url } }) => {
      if (url === undefined || url === 'off') return good(url ?? 'embedded');
      if (url.protocol === 'https:') return good('https');
      return isLoopback(url.hostname) ? good('on this machine') : open('http to another machine');
    }
  }
];

const KEYS = Object.keys(SETTINGS).filter((key): key is SettingKey => key in SETTINGS);
