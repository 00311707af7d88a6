/**
 * Every setting of the server. Parsing, `rollcall check`, `--help`, `.env.example` and docs/configuration.md all use
 * this table.
 */
import { LIMIT_SETTINGS } from './limit-settings.js';
import { TIME_MAX_MS } from './setting-bounds.js';
import { AGENT_SETTINGS } from './agent-settings.js';
import { CLUSTER_SETTINGS } from './cluster-settings.js';
import { WEBHOOK_SETTINGS } from './webhook-settings.js';
import { ACCESS_MODES } from '../access/authorize.js';
import { TEST_THREAD_PREFIXES } from '../../machines/delivery/test-thread.js';
import { THREAD_ID_MAX } from '../../protocol/frames.js';
import {
  choice,
  filePath,
  flag,
  httpUrl,
  integer,
  list,
  optionalInteger,
  secret,
  text,
  type Setting,
  share
} from './setting.js';

const AUTHORIZE_TTL_MIN_MS = 100; // an answer must hold until the request that it was asked for is done
const AUTHORIZE_TTL_MAX_MS = 3_600_000; // whoever loses a right keeps it for as long

const CLICKHOUSE_TIMEOUT_MAX_MS = 600_000; // limit of one attempt at startup; a longer one would hide an outage from the operator

/** Signatures of tokens that can be checked: with a shared secret, and with public keys. */
export const JWT_ALGORITHMS = [
  ...['HS256', 'HS384', 'HS512'],
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
] as const;

const CLAIM_ALLOWED = 'a comma list of names or URLs without white space';

/** The settings by their key in the configuration, in documented order. */
export const SETTINGS = {
  environment: choice(['development', 'staging', 'production'], {
    name: 'ENVIRONMENT',
    doc: 'where this runs; decides defaults and what is refused',
    fallback: 'development'
  }),
  host: text(/^[A-Za-z0-9._:%-]{1,255}$/, 'a host name or an IP address', {
    name: 'HOST',
    doc: 'address to listen on',
    fallback: '127.0.0.1'
  }),
  port: integer(
    { min: 0, max: 65_535 },
    { name: 'PORT', doc: 'port to listen on; 0 takes a free one and prints it', fallback: 8080 }
  ),
  dataDir: text(/^[^\0]+$/, 'a path', {
    name: 'DATA_DIR',
    doc: 'thread log and embedded ClickHouse; one process at a time',
    fallback: './data'
  }),
  transport: choice(['auto', 'uws', 'ws'], {
    name: 'TRANSPORT',
    doc: 'WebSocket engine; auto = uws where its binary loads, else ws',
    fallback: 'auto'
  }),
  trustProxy: flag({
    name: 'TRUST_PROXY',
    doc: 'read the client’s address from X-Forwarded-For; only behind a proxy that sets it',
    fallback: false
  }),
  allowedOrigins: list(
    readOrigin,
    'a comma list of origins like https://chat.example or capacitor://localhost, or *',
    {
      name: 'ALLOWED_ORIGINS',
      doc: 'origins whose pages may use this server, instead of those of the same host; * only in development',
      fallback: [],
      fallbackText: 'same host'
    }
  ),
  authJwtSecret: secret({
    name: 'AUTH_JWT_SECRET',
    doc: 'secret of HS256 tokens, at least 32 bytes outside development; not with AUTH_JWKS_URL'
  }),
  authJwksUrl: httpUrl({
    name: 'AUTH_JWKS_URL',
    doc: 'where the public keys of tokens are, outside development by https or on this machine; with neither, authentication is off (development only)',
    form: 'an http(s) URL',
    fallbackText: 'none'
  }),
  authJwtAlgorithms: list(
    (item) => JWT_ALGORITHMS.find((known) => known === item),
    `a comma list of ${JWT_ALGORITHMS.join(', ')}`,
    {
      name: 'AUTH_JWT_ALGORITHMS',
      doc: 'signatures that tokens may have; HS… belong to AUTH_JWT_SECRET, the others to AUTH_JWKS_URL',
      fallback: [],
      fallbackText: 'HS256, or with AUTH_JWKS_URL RS256, ES256, EdDSA'
    }
  ),
  authJwtAudience: list(readClaim, CLAIM_ALLOWED, {
    name: 'AUTH_JWT_AUDIENCE',
    doc: 'a token must name one of these as aud; without it, tokens that name any are refused',
    fallback: [],
    fallbackText: 'none'
  }),
  authJwtIssuer: list(readClaim, CLAIM_ALLOWED, {
    name: 'AUTH_JWT_ISSUER',
    doc: 'a token must name one of these as iss',
    fallback: [],
    fallbackText: 'any'
  }),
  authLoginUrl: httpUrl({
    name: 'AUTH_LOGIN_URL',
    doc: 'page where people sign in, which sends them back with #token=…; the chat page offers it',
    form: 'an https URL, or an http URL of this machine',
    fallbackText: 'none'
  }),
  apiKey: secret({
    name: 'API_KEY',
    doc: 'key of the HTTP server API that may do everything; without it and API_KEYS_FILE it answers 403 outside development'
  }),
  apiKeysFile: filePath({
    name: 'API_KEYS_FILE',
    doc: 'file of API keys with names, scopes and expiry; it is read again when it changes'
  }),
  allowOpen: flag({
    name: 'ALLOW_OPEN',
    doc: 'development only: whether everybody who reaches HOST from other machines may use what has no key or token',
    fallback: false
  }),
  access: choice(ACCESS_MODES, {
    name: 'ACCESS',
    doc: 'what users may do whose token names no threads: open = use every thread, members = those whose record names the user, token = nothing',
    fallback: {
      text: 'development: open, else members',
      of: ({ environment }) => (environment === 'development' ? 'open' : 'members')
    }
  }),
  accessCreate: flag({
    name: 'ACCESS_CREATE',
    doc: 'whether users may create a thread by writing to it, which makes them its owner; with ACCESS=open only in development',
    fallback: true
  }),
  authorizeUrl: httpUrl({
    name: 'AUTHORIZE_URL',
    doc: 'asked by POST what a user may do whose token names no threads, in place of ACCESS; outside development by https or on this machine',
    form: 'an http(s) URL',
    fallbackText: 'none'
  }),
  authorizeTtlMs: integer(
    { min: AUTHORIZE_TTL_MIN_MS, max: AUTHORIZE_TTL_MAX_MS, unit: 'ms' },
    {
      name: 'AUTHORIZE_TTL_MS',
      doc: 'how long an answer of AUTHORIZE_URL holds; open subscriptions are asked about again as often',
      fallback: 30_000
    }
  ),
  clickhouseUrl: httpUrl({
    name: 'CLICKHOUSE_URL',
    doc: 'unset = embedded; off = no ClickHouse; else the server to use',
    form: 'http(s)://user:password@host:port/database',
    fallbackText: 'embedded',
    keywords: ['off']
  }),
  clickhouseRequired: flag({
    name: 'CLICKHOUSE_REQUIRED',
    doc: 'whether start-up fails without ClickHouse',
    fallback: {
      text: 'production: true, else false',
      of: ({ environment }) => environment === 'production'
    }
  }),
  clickhouseTimeoutMs: integer(
    { min: 1, max: CLICKHOUSE_TIMEOUT_MAX_MS, unit: 'ms' },
    {
      name: 'CLICKHOUSE_TIMEOUT_MS',
      doc: 'time for one attempt to connect, at start-up and after an outage; embedded: for the first, each further one gets twice as long, up to a minute',
      fallback: 10_000
    }
  ),
  clickhouseRetryMaxMs: integer(
    { min: 500, max: CLICKHOUSE_TIMEOUT_MAX_MS, unit: 'ms' },
    {
      name: 'CLICKHOUSE_RETRY_MAX_MS',
      doc: 'longest wait between two attempts while ClickHouse is away; waits start at 500 ms and double',
      fallback: 30_000
    }
  ),
  clickhouseTtlDays: optionalInteger(
    { min: 1, max: 36_500, unit: 'days' },
    {
      name: 'CLICKHOUSE_TTL_DAYS',
      doc: 'days a row is kept in ClickHouse; the thread log has its own retention',
      fallbackText: 'unlimited'
    }
  ),
  ...CLUSTER_SETTINGS,
  handlerGraceMs: integer(
    { min: 0, max: TIME_MAX_MS, unit: 'ms' },
    {
      name: 'HANDLER_GRACE_MS',
      doc: 'how long zero handlers is initializing and not an error',
      fallback: 10_000
    }
  ),
  deliveryGraceMs: integer(
    { min: 0, max: TIME_MAX_MS, unit: 'ms' },
    {
      name: 'DELIVERY_GRACE_MS',
      doc: 'how long a message may wait for a subscriber before it is reported undeliverable',
      fallback: 10_000
    }
  ),
  testThreadPrefixes: list(readPrefix, 'a comma list of the beginnings of thread ids', {
    name: 'TEST_THREAD_PREFIXES',
    doc: 'a thread whose id begins with one of these is a test thread',
    fallback: TEST_THREAD_PREFIXES,
    fallbackText: TEST_THREAD_PREFIXES.join(',')
  }),
  reservedThreads: choice(['refuse', 'allow'], {
    name: 'RESERVED_THREADS',
    doc: 'clients’ use of thread ids with a test prefix',
    fallback: {
      text: 'production: refuse, else allow',
      of: ({ environment }) => (environment === 'production' ? 'refuse' : 'allow')
    }
  }),
  durability: choice(['disk', 'process'], {
    name: 'DURABILITY',
    doc: 'what an ack promises: survives the death of the machine, or of the process only',
    fallback: 'disk'
  }),
  retentionMessages: optionalInteger(
    { min: 1, max: 1_000_000_000_000 },
    {
      name: 'RETENTION_MESSAGES',
      doc: 'newest messages kept per thread; trimming is told to clients as a gap',
      fallbackText: 'unlimited'
    }
  ),
  retentionDays: optionalInteger(
    { min: 1, max: 36_500, unit: 'days' },
    {
      name: 'RETENTION_DAYS',
      doc: 'days a message is kept; trimming is told to clients as a gap',
      fallbackText: 'unlimited'
    }
  ),
  ...LIMIT_SETTINGS,
  ...AGENT_SETTINGS,
  ...WEBHOOK_SETTINGS,
  logLevel: choice(['error', 'warn', 'info', 'debug'], {
    name: 'LOG_LEVEL',
    doc: 'least severe level that is logged',
    fallback: 'info'
  }),
  logFormat: choice(['pretty', 'json'], {
    name: 'LOG_FORMAT',
    doc: 'log lines for people or for collectors',
    fallback: {
      text: 'pretty on a terminal, else json',
      of: ({ isTerminal }) => (isTerminal ? 'pretty' : 'json')
    }
  }),
  inspect: choice(['on', 'off', 'token'], {
    name: 'INSPECT',
    doc: 'the inspector page; token asks for INSPECT_TOKEN',
    fallback: {
      text: 'development: on, else off',
      of: ({ environment }) => (environment === 'development' ? 'on' : 'off')
    }
  }),
  inspectToken: secret({ name: 'INSPECT_TOKEN', doc: 'what INSPECT=token asks for' }),
  inspectBodies: flag({
    name: 'INSPECT_BODIES',
    doc: 'whether the inspector shows the texts of messages',
    fallback: false
  }),
  metrics: choice(['on', 'off', 'token'], {
    name: 'METRICS',
    doc: 'figures for Prometheus at /metrics; token asks for the API key',
    fallback: {
      text: 'development: on, else token',
      of: ({ environment }) => (environment === 'development' ? 'on' : 'token')
    }
  }),
  shutdownMs: integer(
    { min: 0, max: TIME_MAX_MS, unit: 'ms' },
    { name: 'SHUTDOWN_MS', doc: 'time for the whole drain', fallback: 30_000 }
  ),
  otelExporterOtlpEndpoint: httpUrl({
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    doc: 'collector that traces are sent to by OTLP over HTTP, at /v1/traces below it; needs packages that are named when they are missing',
    form: 'an http(s) URL',
    fallbackText: 'none'
  }),
  otelTracesSamplerArg: share({
    name: 'OTEL_TRACES_SAMPLER_ARG',
    doc: 'share of the publishes without a traceparent that are traced; a traceparent says it itself',
    fallback: 0.01
  })
};

/** Token of the commands that connect to a server. It is no setting of the server, which ignores it. */
export const CLIENT_TOKEN = secret({
  name: 'ROLLCALL_TOKEN',
  doc: 'token that says who one is, where the server asks for one'
});

/** Key of a setting in the configuration. */
export type SettingKey = keyof typeof SETTINGS;

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** The configuration of a server, complete and checked. Times are milliseconds, limits of 0 mean none. */
export type Config = { readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> };

/** Returns the name of a setting's command line flag, without the leading dashes. */
export function flagName(settingName: string): string {
  return settingName.toLowerCase().replaceAll('_', '-');
}

/** Schemes of which no page has an origin that it could be told by. */
const NO_ORIGINS = new Set(['file:', 'ftp:', 'ws:', 'wss:', 'data:', 'blob:', 'javascript:']);

function readOrigin(item: string): string | undefined {
  if (item === '*') return item;
  // Apps have schemes of their own: capacitor://localhost, tauri://localhost, chrome-extension://….
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@*\s]+$/i.test(item) || !URL.canParse(item)) return undefined;
  const { origin, protocol } = new URL(item);
  if (protocol === 'http:' || protocol === 'https:') return origin;
  return NO_ORIGINS.has(protocol) ? undefined : item.toLowerCase();
}

function readClaim(item: string): string | undefined {
  return /^\S{1,255}$/.test(item) ? item : undefined;
}

function readPrefix(item: string): string | undefined {
  return /^[A-Za-z0-9._:@-]+$/.test(item) && item.length <= THREAD_ID_MAX ? item : undefined;
}
