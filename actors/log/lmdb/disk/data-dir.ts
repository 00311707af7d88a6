/**
 * Claims the data directory for one process at a time: makes it, checks that it can be written to, and locks it with
 * a file that names the holder. A lock whose holder has ended is taken over.
 */
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  linkSync,
  writeFileSync
} from 'node:fs';
import { join } from 'node:path';
import { OPERATOR_ERRORS, type OperatorErrorCode } from '../../../operator-errors.js';
import { reasonOf } from '../../../../machines/reason.js';

/** Name of the lock file. */
export const LOCK_FILE = 'rollcall.lock';

/** Size of the test write at the claim: what the engines need to open at all. */
const PROBE_BYTES = 65_536;

/** Attempts at a lock that other processes take and release meanwhile. */
const CLAIM_ATTEMPTS = 5;

type DataDirCode = Extract<OperatorErrorCode, `data_dir${string}`>;

/** Thrown when the directory cannot be used; the message is one line that says what to do. */
export class DataDirError extends Error {
  readonly code: DataDirCode;
  /** `detail` follows the words of the code. */
  constructor(dir: string, code: DataDirCode, detail = '') {
    const { message, action } = OPERATOR_ERRORS[code];
    super(`the data directory ${dir} ${message}${detail}: ${action}`);
    this.name = 'DataDirError';
    this.code = code;
  }
}

/** Thrown when another process holds the directory. */
export class DataDirInUseError extends DataDirError {
  /** Process id of the holder. */
  readonly pid: number;
  constructor(dir: string, pid: number) {
    super(dir, 'data_dir_in_use', ` ${String(pid)}`);
    this.name = 'DataDirInUseError';
    this.pid = pid;
  }
}

/** A claim on the directory; it holds until `release`. */
export interface DataDirClaim {
  readonly dir: string;
  /** Removes the lock; safe to call more than once. */
  release(): void;
}

/**
 * The holder of a lock. The system reuses process ids, so one is compared together with the time when its process
 * began.
 */
interface Holder {
  readonly pid: number;
  /** Start time in the system's own ticks; null where the system does not report it. */
  readonly started: string | null;
}

/**
 * Makes the directory when it is absent, checks that it can be written to, and locks it.
 * @throws {DataDirInUseError} another live process has it
 * @throws {DataDirError} it is no directory, cannot be written to, or its disk is full
 */
export function claimDataDir(dir: string): DataDirClaim {
  makeWritable(dir);
  const path = join(dir, LOCK_FILE);
  const holder: Holder = { pid: process.pid, started: startOf(process.pid) };
  const text = `${JSON.stringify(holder)}\n`;
  for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt += 1) {
    if (create(dir, path, text)) {
      let held = true;
      return {
        dir,
        release: () => {
          if (held && read(path) === text) unlinkSync(path);
          held = false;
        }
      };
    }
    const found = read(path);
    if (found === null) continue;
    const other = parse(found);
    if (other !== null && isAlive(other)) throw new DataDirInUseError(dir, other.pid);
    discard(path, found);
  }
  throw new DataDirError(dir, 'data_dir_contended', ` (${path})`);
}

/** Process id of the live process that holds the directory; null when none does. Changes nothing. */
export function holderOf(dir: string): number | null {
  const found = read(join(dir, LOCK_FILE));
  const holder = found === null ? null : parse(found);
  return holder !== null && isAlive(holder) ? holder.pid : null;
}

function makeWritable(dir: string): void {
  const probe = join(dir, `.probe-${String(process.pid)}`);
  try {
    if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw new DataDirError(dir, 'data_dir_no_directory');
    }
    mkdirSync(dir, { recursive: true });
    const file = openSync(probe, 'w');
    try {
      writeFileSync(file, Buffer.alloc(PROBE_BYTES));
      fdatasyncSync(file);
    } finally {
      closeSync(file);
      unlinkSync(probe);
    }
  } catch (error) {
    throw explained(dir, error);
  }
}

/** Creates the lock with its content in one step, so that nobody reads half of it; false when a lock exists. */
function create(dir: string, path: string, text: string): boolean {
  const own = `${path}.${String(process.pid)}`;
  try {
    writeFileSync(own, text);
    try {
      linkSync(own, path);
    } finally {
      unlinkSync(own);
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error))) {
      return createWithoutLinks(dir, path, text);
    }
    throw explained(dir, error);
  }
}

/** Creates the lock on file systems without hard links. */
function createWithoutLinks(dir: string, path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw explained(dir, error);
  }
}

/**
 * Removes a stale lock. It is moved first and then read: when another process was quicker and the lock is already its
 * own, it is moved back.
 */
function discard(path: string, stale: string): void {
  const aside = `${path}.stale-${String(process.pid)}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== stale) linkSync(aside, path);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(codeOf(error))) throw error;
  }
  try {
    unlinkSync(aside);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function parse(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' &&
      value !== null &&
      'pid' in value &&
      typeof value.pid === 'number' &&
      Number.isSafeInteger(value.pid) &&
      value.pid > 0 &&
      'started' in value &&
      (value.started === null || typeof value.started === 'string')
      ? { pid: value.pid, started: value.started }
      : null;
  } catch {
    return null;
  }
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    if (codeOf(error) !== 'EPERM') return false;
  }
  const now = startOf(pid);
  return started === null || now === null || started === now;
}

/** Start time of a process in the system's own ticks; null where `/proc` does not report it. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The second field is the name in brackets and may hold anything: fields are counted from after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

function explained(dir: string, error: unknown): Error {
  if (error instanceof DataDirError) return error;
  const code = codeOf(error);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new DataDirError(dir, 'data_dir_permission', ` (${code})`);
    case 'EROFS':
      return new DataDirError(dir, 'data_dir_read_only', ` (${code})`);
    case 'ENOTDIR':
    case 'EEXIST':
      return new DataDirError(dir, 'data_dir_no_directory');
    case 'ENOSPC':
    case 'EDQUOT':
      return new DataDirError(dir, 'data_dir_full', ` (${code})`);
    default:
      return new DataDirError(dir, 'data_dir', ` (${reasonOf(error)})`);
  }
}
