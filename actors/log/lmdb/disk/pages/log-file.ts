/**
 * Checks the data file before the storage engine maps it. The engine trusts the file: one that is not its own, or is
 * shorter than its header says, ends the process with a signal instead of an error.
 */
import { accessSync, appendFileSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../../../../machines/error-code.js';
import { reasonOf } from '../../../../../machines/reason.js';
import { LogOpenError } from '../../../log-errors.js';
import { findHeader, newestHeaderOf, type FileHeader } from './headers.js';

/** Name of the data file in the log's directory. */
export const DATA_FILE = 'data.mdb';

/** Name of the engine's own file beside it, which it makes when there is none. */
const LOCK_FILE = 'lock.mdb';

const PAD_CHUNK_BYTES = 1_048_576;

/** What the header says: `missingBytes` is how much shorter the file is than it should be. */
export type DataFile =
  | { readonly state: 'absent' }
  | { readonly state: 'foreign'; readonly what: string }
  | { readonly state: 'known'; readonly missingBytes: number };

/**
 * Reads the header of the data file in a log's directory; changes nothing.
 * @throws {LogOpenError} the file system refuses access
 */
export function inspectDataFile(dir: string): DataFile {
  try {
    return inspect(dir);
  } catch (error) {
    throw new LogOpenError(dir, reasonOf(error));
  }
}

function inspect(dir: string): DataFile {
  const path = join(dir, DATA_FILE);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { state: 'absent' };
  if (!stat.isFile()) return { state: 'foreign', what: `${DATA_FILE} is not a file` };
  if (stat.size === 0) return { state: 'foreign', what: `${DATA_FILE} is empty` };
  const header = withDataFile(dir, findHeader)?.header ?? null;
  if (header === null) {
    return { state: 'foreign', what: `${DATA_FILE} does not begin like a log` };
  }
  // The size is read after the header: a file that is being written only grows.
  const { size } = statSync(path);
  return {
    state: 'known',
    missingBytes: Math.max(0, (header.lastPage + 1) * header.pageBytes - size)
  };
}

/** The newer of the two headers of a data file whose pages have been checked; null when it has none. */
export function newestHeader(dir: string): FileHeader | null {
  return withDataFile(dir, newestHeaderOf);
}

/** Opens the data file of a directory for one reading. Throws the system's errors. */
export function withDataFile<T>(dir: string, read: (file: number) => T): T {
  const file = openSync(join(dir, DATA_FILE), 'r');
  try {
    return read(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Fills a short data file up with zeros, so that reading the missing part is an error and does not end the process.
 * It only appends: a file in use is not harmed.
 */
export function padDataFile(dir: string, missingBytes: number): void {
  const path = join(dir, DATA_FILE);
  for (let left = missingBytes; left > 0; left -= PAD_CHUNK_BYTES) {
    appendFileSync(path, Buffer.alloc(Math.min(left, PAD_CHUNK_BYTES)));
  }
}

/**
 * Throws when the engine could not open its files, because then it ends the process. They are not opened here: closing
 * the lock file would release the engine's locks on it, if this process has them.
 */
export function refuseFiles(dir: string, isReadOnly: boolean): void {
  for (const name of [DATA_FILE, LOCK_FILE]) {
    const path = join(dir, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (!stat.isFile()) throw new Error(`${name} is not a file`);
    const mode =
      isReadOnly && name === DATA_FILE ? constants.R_OK : constants.R_OK | constants.W_OK;
    try {
      accessSync(path, mode);
    } catch (error) {
      // On a disk that takes no writes, the engine reads without its lock file.
      if (!isReadOnly || codeOf(error) !== 'EROFS') throw error;
    }
  }
}
