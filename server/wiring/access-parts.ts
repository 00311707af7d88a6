/** The parts of the access rules that are made from the configuration alone. */
import type { Clock } from '../../actors/clock.js';
import type { Monitor } from '../../actors/monitor/monitor.js';
import { Authority, AUTHORIZE_BYTES_MAX, AUTHORIZE_TIMEOUT_MS } from '../access/authority.js';
import type { AccessSettings } from '../access/authorize.js';
import { askJson } from '../auth/bounded-json.js';
import { KeySet, keysFrom } from '../auth/key-set.js';
import type { Config } from '../config/settings.js';
import type { NoteLimited } from '../limits/limited.js';

/** Returns the access settings of the configuration. */
export function accessSettings({ access, accessCreate, environment }: Config): AccessSettings {
  return {
    mode: access,
    mayCreate: accessCreate,
    ownsOpenThreads: environment === 'development'
  };
}

/** Returns the keys of `AUTH_JWKS_URL`, whose first fetch begins; null without that setting. */
export function keySetOf(
  { authJwksUrl }: Config,
  clock: Clock,
  monitor: Pick<Monitor, 'tokenKeys'>
): KeySet | null {
  if (authJwksUrl === undefined) return null;
  const keys = new KeySet({
    clock,
    fetch: keysFrom(authJwksUrl),
    onFetched: (state) => {
      monitor.tokenKeys(state);
    }
  });
  keys.sweep();
  return keys;
}

/** Returns the application of `AUTHORIZE_URL`; null without that setting. */
export function authorityOf(
  { authorizeUrl: url, authorizeTtlMs: keepMs }: Config,
  clock: Clock,
  monitor: Pick<Monitor, 'authorize'>,
  limited: NoteLimited
): Authority | null {
  if (url === undefined) return null;
  return new Authority({
    clock,
    keepMs,
    onFull: () => {
      limited('questions_server');
    },
    ask: (body) =>
      askJson({ url, body, timeoutMs: AUTHORIZE_TIMEOUT_MS, bytesMax: AUTHORIZE_BYTES_MAX }),
    onAsked: (fault) => {
      monitor.authorize(fault);
    }
  });
}
