/** The version of the running Rollcall, from its package.json. */
import { createRequire } from 'node:module';

/** Version of the package; `0.0.0` when the manifest has none. */
export const VERSION: string = readVersion();

function readVersion(): string {
  // By the package's own name, since the path to package.json differs between the sources and dist.
  const manifest: unknown = createRequire(import.meta.url)('rollcall/package.json');
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isManifest && typeof manifest.version === 'string' ? manifest.version : '0.0.0';
}
