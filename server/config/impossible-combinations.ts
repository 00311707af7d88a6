/**
 * Combinations of settings that are refused: each setting is valid alone, but not together, or not in this environment.
 */
import { isIP } from 'node:net';
import { isPrivateAddress } from '../../actors/webhooks/private-address.js';
import { hasKeys, isLoopback, openDoors } from './open-doors.js';
import type { Config } from './settings.js';

/** Shortest HS256 secret outside development, in bytes. */
export const JWT_SECRET_MIN_BYTES = 32; // RFC 7518 §3.2: a key as long as the hash, or it can be guessed offline

/** Shortest API key and INSPECT_TOKEN outside development, in characters: with fewer they may be guessed. */
export const API_KEY_MIN_CHARS = 24;

/** Words of secrets that are copied from an example. */
const PLACEHOLDER =
  /change.?(me|this)|replace.?(me|this)|your.?(jwt.?|api.?)?(secret|key)|placeholder/i;

const NEW_SECRET = 'make one with `openssl rand -base64 48`';

/** Returns one sentence for each refused combination: the settings by name, why, and what to do. */
export function impossibleCombinations(config: Config): string[] {
  if (config.environment !== 'development') {
    return Object.values(OUTSIDE_RULES).flatMap((rule) => rule(config));
  }
  return [...openToOthers(config), ...tokenFaults(config), ...otherFaults(config)];
}

/** Development checks less, which is safe only when other machines cannot reach the server. */
function openToOthers(config: Config): string[] {
  if (config.allowOpen || isLoopback(config.host)) return [];
  const open = openDoors(config);
  if (open.length === 0) return [];
  return [
    `HOST: other machines reach ${config.host}, and these are open to everybody: ${open.join(', ')}. Close them, or set HOST=127.0.0.1, or set ALLOW_OPEN=true if everybody may`
  ];
}

/**
 * What is refused outside development, each rule with a row of its own in the checklist of production. A rule returns one
 * sentence for each fault.
 */
export const OUTSIDE_RULES = {
  authentication: (config) =>
    hasKeys(config)
      ? []
      : [
          `AUTH_JWT_SECRET or AUTH_JWKS_URL: one of them is needed in ${config.environment}; authentication may be off in development only`
        ],
  tokenKeys: ({ environment, authJwtSecret, authJwksUrl }) => [
    ...(authJwtSecret !== undefined && Buffer.byteLength(authJwtSecret) < JWT_SECRET_MIN_BYTES
      ? [
          `AUTH_JWT_SECRET: shorter than ${String(JWT_SECRET_MIN_BYTES)} bytes, which is refused in ${environment}; ${NEW_SECRET}`
        ]
      : []),
    ...(authJwtSecret !== undefined && PLACEHOLDER.test(authJwtSecret)
      ? [
          `AUTH_JWT_SECRET: it is the text of an example, which is refused in ${environment}; ${NEW_SECRET}`
        ]
      : []),
    ...(authJwksUrl !== undefined && isReadable(authJwksUrl)
      ? [
          `AUTH_JWKS_URL: over plain http others may answer with keys of their own, which is refused in ${environment}; use https, or a server on this machine`
        ]
      : [])
  ],
  apiKey: ({ environment, apiKey }) => guessable('API_KEY', apiKey, environment),
  inspector: ({ environment, inspect, inspectToken }) => [
    ...(inspect === 'on'
      ? [
          `INSPECT: on lets everybody look into the server, which is refused in ${environment}; set INSPECT=off, or token with INSPECT_TOKEN`
        ]
      : []),
    ...(inspect === 'off' ? [] : guessable('INSPECT_TOKEN', inspectToken, environment))
  ],
  testThreads: ({ environment, reservedThreads }) =>
    environment === 'production' && reservedThreads === 'allow'
      ? [
          'RESERVED_THREADS: allow lets users into threads that nobody watches, which is refused in production; set RESERVED_THREADS=refuse or unset it'
        ]
      : [],
  application: ({ environment, authorizeUrl }) =>
    authorizeUrl !== undefined && isReadable(authorizeUrl)
      ? [
          `AUTHORIZE_URL: over plain http others may read the claims and answer in its place, which is refused in ${environment}; use https, or a server on this machine`
        ]
      : [],
  webhooks: ({ environment, webhookUrl, webhookSecret }) => [
    ...(webhookUrl !== undefined && isReadable(webhookUrl)
      ? [
          `WEBHOOK_URL: over plain http others can read what is sent, which is refused in ${environment}; use https, or a server on this machine`
        ]
      : []),
    ...(webhookSecret === undefined ? [] : guessable('WEBHOOK_SECRET', webhookSecret, environment))
  ],
  origins: ({ environment, allowedOrigins }) =>
    allowedOrigins.includes('*')
      ? [
          `ALLOWED_ORIGINS: * is allowed in development only, not in ${environment}; name the origins`
        ]
      : [],
  allowOpen: ({ environment, allowOpen }) =>
    allowOpen ? [`ALLOW_OPEN: it is for development only, not for ${environment}; unset it`] : [],
  combinations: (config) => [...tokenFaults(config), ...otherFaults(config)]
} as const satisfies Record<string, (config: Config) => readonly string[]>;

/** Name of a rule of {@link OUTSIDE_RULES}. */
export type OutsideRule = keyof typeof OUTSIDE_RULES;

/** Returns the faults of a key that is sent with requests, and so can be guessed online. */
function guessable(name: string, key: string | undefined, environment: string): string[] {
  if (key === undefined) return [];
  const remedy = 'make one with `openssl rand -base64 24`';
  if (key.length < API_KEY_MIN_CHARS) {
    return [
      `${name}: shorter than ${String(API_KEY_MIN_CHARS)} characters, which is refused in ${environment}; ${remedy}`
    ];
  }
  return PLACEHOLDER.test(key)
    ? [`${name}: it is the text of an example, which is refused in ${environment}; ${remedy}`]
    : [];
}

/** Returns whether what is sent there passes through a network in plain text. */
function isReadable({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !isLoopback(hostname);
}

function tokenFaults(config: Config): string[] {
  const { authJwtSecret, authJwksUrl, authJwtAlgorithms } = config;
  if (authJwtSecret !== undefined && authJwksUrl !== undefined) {
    return [
      'AUTH_JWT_SECRET and AUTH_JWKS_URL: both are set; unset the one that tokens are not signed with'
    ];
  }
  if (!hasKeys(config)) {
    const unread = [
      config.access === 'token' ? ['ACCESS'] : [],
      config.authorizeUrl === undefined ? [] : ['AUTHORIZE_URL'],
      authJwtAlgorithms.length > 0 ? ['AUTH_JWT_ALGORITHMS'] : [],
      config.authJwtAudience.length > 0 ? ['AUTH_JWT_AUDIENCE'] : [],
      config.authJwtIssuer.length > 0 ? ['AUTH_JWT_ISSUER'] : [],
      config.authLoginUrl === undefined ? [] : ['AUTH_LOGIN_URL']
    ].flat();
    return unread.map(
      (name) =>
        `${name}: no token is checked without AUTH_JWT_SECRET or AUTH_JWKS_URL; set one of them`
    );
  }
  if (config.authorizeUrl !== undefined && config.access === 'token') {
    return [
      'ACCESS and AUTHORIZE_URL: with ACCESS=token only tokens give rights, and with AUTHORIZE_URL your application does; unset one of them'
    ];
  }
  // A public key must never be used as a shared secret, nor a secret as a public key.
  const wrong = authJwtAlgorithms.filter(
    (name) => name.startsWith('HS') !== (authJwtSecret !== undefined)
  );
  if (wrong.length === 0) return [];
  const keys = authJwtSecret === undefined ? 'the public keys of AUTH_JWKS_URL' : 'AUTH_JWT_SECRET';
  return [`AUTH_JWT_ALGORITHMS: ${wrong.join(', ')} cannot be checked with ${keys}`];
}

/** Every visitor is sent there and learns the whole address, and the answer holds a token. */
function loginFaults({ authLoginUrl }: Config): string[] {
  if (authLoginUrl === undefined) return [];
  const { username, password, hash } = authLoginUrl;
  const why = [
    isReadable(authLoginUrl)
      ? ['over plain http others can read the tokens; use https, or a page on this machine']
      : [],
    username === '' && password === '' ? [] : ['all visitors would learn its user and password'],
    hash === '' ? [] : ['it has a fragment (#…), which no server is sent']
  ].flat();
  return why.map((each) => `AUTH_LOGIN_URL: ${each}`);
}

/** The agent `openai` needs an address and a model; without that agent these settings are refused, since nobody reads them. */
function agentFaults(config: Config): string[] {
  const { agents, agentUrl, agentKey, agentModel, environment } = config;
  const given = [
    ['AGENT_URL', agentUrl],
    ['AGENT_MODEL', agentModel]
  ] as const;
  if (!agents.includes('openai')) {
    return [...given, ['AGENT_KEY', agentKey] as const]
      .filter(([, value]) => value !== undefined)
      .map(
        ([name]) => `${name}: only the agent openai reads it; add openai to AGENTS, or unset it`
      );
  }
  const faults = given
    .filter(([, value]) => value === undefined)
    .map(([name]) => `${name}: AGENTS names openai, which needs it; set it, or take openai away`);
  if (agentUrl === undefined) return faults;
  if (agentUrl.username !== '' || agentUrl.password !== '') {
    faults.push('AGENT_URL: it has a user or password; give the key as AGENT_KEY');
  }
  if (environment !== 'development' && agentKey !== undefined && isReadable(agentUrl)) {
    faults.push(
      `AGENT_URL: over plain http others can read AGENT_KEY, which is refused in ${environment}; use https, or a server on this machine`
    );
  }
  return faults;
}

function clusterFaults(config: Config): string[] {
  const { natsUrl, retentionMessages, retentionDays } = config;
  if (natsUrl.length === 0) return [];
  const isTrimmed = retentionMessages !== undefined || retentionDays !== undefined;
  return isTrimmed
    ? [
        'RETENTION_MESSAGES, RETENTION_DAYS: several nodes (NATS_URL) keep everything so far; unset them'
      ]
    : [];
}

/** What is sent is signed, and settings that nobody reads are refused. */
function webhookFaults(config: Config): string[] {
  const { webhookUrl, webhookSecret, webhookAllowPrivate } = config;
  if (webhookUrl === undefined) {
    const unread = [
      ...(webhookSecret === undefined ? [] : ['WEBHOOK_SECRET']),
      ...(config.webhookEvents.length === 0 ? [] : ['WEBHOOK_EVENTS']),
      ...(config.webhookThreads.length === 0 ? [] : ['WEBHOOK_THREADS'])
    ];
    return unread.map(
      (name) => `${name}: nothing is sent without WEBHOOK_URL; set it, or unset ${name}`
    );
  }
  const faults: string[] = [];
  if (webhookSecret === undefined) {
    faults.push(
      `WEBHOOK_SECRET: WEBHOOK_URL needs it, since receivers tell by it who sends; ${NEW_SECRET}`
    );
  }
  if (webhookUrl.username !== '' || webhookUrl.password !== '') {
    faults.push('WEBHOOK_URL: it has a user or password; receivers check the signature instead');
  }
  if (
    !webhookAllowPrivate &&
    isIP(bareHost(webhookUrl)) !== 0 &&
    isPrivateAddress(bareHost(webhookUrl))
  ) {
    faults.push(
      `WEBHOOK_URL: ${webhookUrl.hostname} is no address of the public internet; set WEBHOOK_ALLOW_PRIVATE=true if it may be`
    );
  }
  return faults;
}

function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function otherFaults(config: Config): string[] {
  const faults = [
    ...loginFaults(config),
    ...agentFaults(config),
    ...clusterFaults(config),
    ...webhookFaults(config)
  ];
  if (config.inspect === 'token' && config.inspectToken === undefined) {
    faults.push('INSPECT_TOKEN: INSPECT=token needs it; set it, or set INSPECT to on or off');
  }
  if (config.clickhouseRequired && config.clickhouseUrl === 'off') {
    faults.push(
      'CLICKHOUSE_REQUIRED and CLICKHOUSE_URL: ClickHouse cannot be required (the default of production) and off; set CLICKHOUSE_REQUIRED=false or give a URL'
    );
  }
  return faults;
}
