import { Origins, type OriginsOptions } from '../../../server/auth/origins.js';

/** Origins of a server on 127.0.0.1:8080 that always asks for a key or a token. No origin is listed. */
export function someOrigins(options: Partial<OriginsOptions> = {}): Origins {
  return new Origins({
    allowed: [],
    ownHost: '127.0.0.1',
    isOpen: false,
    port: () => 8080,
    onRefused: () => undefined,
    ...options
  });
}
