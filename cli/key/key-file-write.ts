/**
 * Changes a key file as a whole: a server that reads it meanwhile sees the old text or the new one. Only one process
 * changes it at a time. A new file may be read by its owner only.
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

/** What the owner of a new file may do with it. */
export const KEY_FILE_MODE = 0o600;

/** What others may still do with a file that is there already: a group may go on reading it. */
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
 * Changes the file at a path. The change gets its text, undefined when there is no file.
 * @returns everything that prevented it, as sentences; the file is then as it was
 */
export function changeKeys(
  path: string,
  change: (text: string | undefined) => EditedKeys
): readonly string[] {
  let target: string;
  let next: string;
  let file: number;
  try {
    // Through a link, the file behind it is replaced and not the link.
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
    // Once renamed, a file of this name would be another process's.
    if (!isRenamed) rmSync(next, { force: true });
  }
}
