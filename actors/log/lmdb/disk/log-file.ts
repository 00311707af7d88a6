/**
 * Checks the data file before the storage engine maps it. The engine trusts the file: one that is not its own, or is
 * shorter than its header says, ends the process with a signal instead of an error.
 */
import { appendFileSync, closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../../../machines/reason.js';
import { LogOpenError } from '../../log-errors.js';

/** Name of the data file in the log's directory. */
export const DATA_FILE = 'data.mdb';

const MAGIC = 0xbeefc0de;
const FILE_VERSION = 2;
const HEADER_BYTES = 160;
const AT = {
  magic: 0x18,
  version: 0x1c,
  pageBytes: 0x30,
  freeRoot: 0x58,
  rowsRoot: 0x88,
  lastPage: 0x90,
  transaction: 0x98
};
const PAD_CHUNK_BYTES = 1_048_576;

/** What the header says: `missingBytes` is how much shorter the file is than it should be. */
export type DataFile =
  | { readonly state: 'absent' }
  | { readonly state: 'foreign'; readonly what: string }
  | { readonly state: 'known'; readonly missingBytes: number };

/** What the header of a data file says. */
export interface FileHeader {
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: bigint;
  /** Page at which the free list begins, all ones when it is empty. */
  readonly freeRoot: bigint;
  /** Page at which the rows begin, all ones when there are none. */
  readonly rowsRoot: bigint;
}

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
  const header = newestHeader(dir);
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

/** The newer of the two headers that a data file begins with; null when it has none. */
export function newestHeader(dir: string): FileHeader | null {
  const file = openSync(join(dir, DATA_FILE), 'r');
  try {
    return newestHeaderOf(file);
  } finally {
    closeSync(file);
  }
}

/** The newer header of an open data file; null when it has none. */
export function newestHeaderOf(file: number): FileHeader | null {
  const first = readHeader(file, 0);
  const second = readHeader(file, first?.pageBytes ?? 4_096);
  if (first === null || second === null) return first ?? second;
  return second.transaction > first.transaction ? second : first;
}

/** How many bytes the data file is shorter than its header says; 0 when it is whole, absent or not a log. */
export function missingBytes(dir: string): number {
  const file = inspectDataFile(dir);
  return file.state === 'known' ? file.missingBytes : 0;
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

function readHeader(file: number, position: number): FileHeader | null {
  const bytes = Buffer.alloc(HEADER_BYTES);
  if (readSync(file, bytes, 0, HEADER_BYTES, position) < HEADER_BYTES) return null;
  if (bytes.readUInt32LE(AT.magic) !== MAGIC) return null;
  if (bytes.readUInt32LE(AT.version) !== FILE_VERSION) return null;
  const pageBytes = bytes.readUInt32LE(AT.pageBytes);
  if (pageBytes < 256 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) return null;
  return {
    pageBytes,
    lastPage: Number(bytes.readBigUInt64LE(AT.lastPage)),
    transaction: bytes.readBigUInt64LE(AT.transaction),
    freeRoot: bytes.readBigUInt64LE(AT.freeRoot),
    rowsRoot: bytes.readBigUInt64LE(AT.rowsRoot)
  };
}
