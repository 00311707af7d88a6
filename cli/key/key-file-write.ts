/**
 * Replaces a key file as a whole: a server that reads it at the same time sees the old text or the new one. Only one
 * process changes it at a time. Only its owner may read a new file.
 */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs';
import { codeOf } from '../../machines/error-code.js';
import { reasonOf } from '../../machines/reason.js';
import type { EditedKeys } from '../../server/access/key-entry.js';

/** Permission bits of a new file. */
export const KEY_FILE_MODE = 0o600;

/** Permission bits that an existing file keeps: its group may go on reading it. */
const MODE_MAX = 0o640;

/** Returns the text of a key file; undefined when there is none. @throws {Error} when it cannot be read */
export function readKeys(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Changes the file at a path. `change` gets its text, or undefined when there is no file.
 * @returns everything that prevented the change, as sentences; the file is then unchanged
 */
export function changeKeys(
  path: string,
  change: (text: string | undefined) => EditedKeys
): readonly string[] {
  let target: string;
  let next: string;
  let file: number;
  try {
    // Replace the file behind a symbolic link, not the link.
    target = statSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path);
    next = `${target}.next`;
    file = openSync(next, 'wx', KEY_FILE_MODE);
  } catch (error) {
    return [
      codeOf(error) === 'EEXIST'
        ? `another process is changing it; if there is none, remove ${path}.next`
        : `it cannot be changed (${reasonOf(error)})`
    ];
  }
  let isRenamed = false;
  try {
    const edited = change(readKeys(target));
    if (!edited.ok) return edited.faults;
    const old = statSync(target, { throwIfNoEntry: false });
    // A server of another user must still be able to read it.
    if (old !== undefined) fchownSync(file, old.uid, old.gid);
    fchmodSync(file, old === undefined ? KEY_FILE_MODE : (old.mode & MODE_MAX) | KEY_FILE_MODE);
    writeFileSync(file, edited.text);
    fsyncSync(file);
    renameSync(next, target);
    isRenamed = true;
    return [];
  } catch (error) {
    return [`it cannot be changed (${reasonOf(error)})`];
  } finally {
    closeSync(file);
    // After the rename, a file with this name would belong to another process.
    if (!isRenamed) rmSync(next, { force: true });
  }
}
