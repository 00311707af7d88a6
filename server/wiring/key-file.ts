/** Reads the file of `API_KEYS_FILE` from the disk, and logs the names of its keys. */
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Logger } from '../../actors/log-line.js';
import type { KeyFile, KeyFileState } from '../auth/api-keys.js';

/** Logs which keys have come into use, and which are no longer accepted. */
export function logKeys({ added, removed }: KeyFileState, logger: Pick<Logger, 'info'>): void {
  const changes = [
    added.length === 0 ? '' : `now in use: ${added.join(', ')}`,
    removed.length === 0 ? '' : `no longer: ${removed.join(', ')}`
  ].filter((text) => text !== '');
  if (changes.length > 0) logger.info(`API keys ${changes.join('; ')}`, { actor: 'chat' });
}

/** Returns the file of a path. */
export function keyFileAt(path: string): KeyFile {
  return {
    path,
    readNow: () => readFileSync(path, 'utf8'),
    read: () => readFile(path, 'utf8'),
    stamp: async () => {
      const { ino, size, mtimeMs } = await stat(path);
      return [ino, size, mtimeMs].join(' ');
    }
  };
}
