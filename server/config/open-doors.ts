/**
 * Which parts of a server need neither key nor token, and who reaches them.
 */
import { BlockList, isIP } from 'node:net';
import type { Config } from './settings.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Returns whether tokens are checked. */
export function hasKeys(config: Config): boolean {
  return config.authJwtSecret !== undefined || config.authJwksUrl !== undefined;
}

/** Returns whether the server API asks for a key where it is on. */
export function hasApiKeys(config: Pick<Config, 'apiKey' | 'apiKeysFile'>): boolean {
  return config.apiKey !== undefined || config.apiKeysFile !== undefined;
}

/** Returns the name of each part that needs neither key nor token, and how to close it. */
export function openDoors(config: Config): string[] {
  return [
    hasKeys(config) ? [] : ['the chat (set AUTH_JWT_SECRET or AUTH_JWKS_URL)'],
    hasApiKeys(config) ? [] : ['the server API (set API_KEY)'],
    config.inspect === 'on' ? ['the inspector (set INSPECT=off, or token with INSPECT_TOKEN)'] : []
  ].flat();
}

/**
 * Returns whether the chat or the server API is open without ALLOW_OPEN. Outside development neither ever is.
 */
export function isOpenToAll(config: Config): boolean {
  const { environment, allowOpen } = config;
  return environment === 'development' && !allowOpen && (!hasKeys(config) || !hasApiKeys(config));
}

/** Returns whether a server that listens on this host can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const family = isIP(bare);
  if (family === 0) return bare === 'localhost' || bare.endsWith('.localhost');
  return LOOPBACK.check(bare, family === 6 ? 'ipv6' : 'ipv4');
}
