/**
 * Combinations of settings that are refused: each setting is valid alone, but not together, or not in this environment.
 */
import { hasKeys, isLoopback, openDoors } from './open-doors.js';
import type { Config } from './settings.js';

/** Shortest HS256 secret outside development, in bytes. */
export const JWT_SECRET_MIN_BYTES = 32; // RFC 7518 §3.2: a key as long as the hash, or it can be guessed offline

/** Shortest API key outside development, in characters: with fewer it may be guessed. */
export const API_KEY_MIN_CHARS = 24;

/** Words of secrets that are copied from an example. */
const PLACEHOLDER =
  /change.?(me|this)|replace.?(me|this)|your.?(jwt.?|api.?)?(secret|key)|placeholder/i;

/** Returns one sentence for each refused combination: the settings by name, why, and what to do. */
export function impossibleCombinations(config: Config): string[] {
  return [
    ...(config.environment === 'development' ? openToOthers(config) : faultsOutside(config)),
    ...tokenFaults(config),
    ...otherFaults(config)
  ];
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

function faultsOutside(config: Config): string[] {
  const { environment, authJwtSecret, apiKey } = config;
  const faults: string[] = [];
  if (!hasKeys(config)) {
    faults.push(
      `AUTH_JWT_SECRET or AUTH_JWKS_URL: one of them is needed in ${environment}; authentication may be off in development only`
    );
  }
  if (authJwtSecret !== undefined && Buffer.byteLength(authJwtSecret) < JWT_SECRET_MIN_BYTES) {
    faults.push(
      `AUTH_JWT_SECRET: shorter than ${String(JWT_SECRET_MIN_BYTES)} bytes, which is refused in ${environment}; make one with \`openssl rand -base64 48\``
    );
  }
  if (authJwtSecret !== undefined && PLACEHOLDER.test(authJwtSecret)) {
    faults.push(
      `AUTH_JWT_SECRET: it is the text of an example, which is refused in ${environment}; make one with \`openssl rand -base64 48\``
    );
  }
  if (apiKey !== undefined && apiKey.length < API_KEY_MIN_CHARS) {
    faults.push(
      `API_KEY: shorter than ${String(API_KEY_MIN_CHARS)} characters, which is refused in ${environment}; make one with \`openssl rand -base64 24\``
    );
  } else if (apiKey !== undefined && PLACEHOLDER.test(apiKey)) {
    faults.push(
      `API_KEY: it is the text of an example, which is refused in ${environment}; make one with \`openssl rand -base64 24\``
    );
  }
  if (config.inspect === 'on') {
    faults.push(
      `INSPECT: on lets everybody look into the server, which is refused in ${environment}; set INSPECT=off, or token with INSPECT_TOKEN`
    );
  }
  if (environment === 'production' && config.reservedThreads === 'allow') {
    faults.push(
      'RESERVED_THREADS: allow lets users into threads that nobody watches, which is refused in production; set RESERVED_THREADS=refuse or unset it'
    );
  }
  if (config.allowedOrigins.includes('*')) {
    faults.push(
      `ALLOWED_ORIGINS: * is allowed in development only, not in ${environment}; name the origins`
    );
  }
  const { authJwksUrl } = config;
  if (authJwksUrl !== undefined && isReadable(authJwksUrl)) {
    faults.push(
      `AUTH_JWKS_URL: over plain http others may answer with keys of their own, which is refused in ${environment}; use https, or a server on this machine`
    );
  }
  if (config.allowOpen) {
    faults.push(`ALLOW_OPEN: it is for development only, not for ${environment}; unset it`);
  }
  return faults;
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
      authJwtAlgorithms.length > 0 ? ['AUTH_JWT_ALGORITHMS'] : [],
      config.authJwtAudience.length > 0 ? ['AUTH_JWT_AUDIENCE'] : [],
      config.authJwtIssuer.length > 0 ? ['AUTH_JWT_ISSUER'] : []
    ].flat();
    return unread.map(
      (name) =>
        `${name}: no token is checked without AUTH_JWT_SECRET or AUTH_JWKS_URL; set one of them`
    );
  }
  // A public key must never be used as a shared secret, nor a secret as a public key.
  const wrong = authJwtAlgorithms.filter(
    (name) => name.startsWith('HS') !== (authJwtSecret !== undefined)
  );
  if (wrong.length === 0) return [];
  const keys = authJwtSecret === undefined ? 'the public keys of AUTH_JWKS_URL' : 'AUTH_JWT_SECRET';
  return [`AUTH_JWT_ALGORITHMS: ${wrong.join(', ')} cannot be checked with ${keys}`];
}

function otherFaults(config: Config): string[] {
  const faults: string[] = [];
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
