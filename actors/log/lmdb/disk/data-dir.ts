/**
 * Claims the data directory for one process at a time: makes it, checks that it can be written to, and locks it. The
 * kernel holds the lock on a file that names the holder, so it ends with the process, is known in every container, and
 * is not copied with the directory. Where there are no such locks, the holder renews the time of the file, and a claim
 * is refused as long as the holder may still run.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync
} from 'node:fs';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../../clock.js';
import { codeOf } from '../../../../machines/error-code.js';
import { DataDirError, DataDirInUseError, explained } from './data-dir-error.js';
import { loadKernelLock, type TryLock } from './kernel-lock.js';
import { createFile, discardFile, lockFile, mayRun, readLock, type Release } from './lock-file.js';
import { nameOf, parseHolder, type LockHolder } from './lock-holder.js';

/** Name of the lock file. */
export const LOCK_FILE = 'rollcall.lock';

/** Size of the test write at the claim: what the engines need to open at all. */
const PROBE_BYTES = 65_536;

/** Attempts at a lock that other processes take and release meanwhile. */
const CLAIM_ATTEMPTS = 5;

/** Only the user of the server may read what is in a directory that the server makes. */
const DIR_MODE = 0o700;

/** A claim on the directory; it holds until `release`. */
export interface DataDirClaim {
  readonly dir: string;
  /** Removes the lock; safe to call more than once. */
  release(): void;
}

/** Options of {@link claimDataDir}. */
export interface ClaimOptions {
  /** Default: the kernel's. */
  readonly tryLock?: TryLock;
  readonly clock?: Clock;
}

/**
 * Makes the directory when it is absent, checks that it can be written to, and locks it.
 * @throws {DataDirInUseError} another process has it, or may have it
 * @throws {DataDirError} it is no directory, cannot be written to, or its disk is full
 */
export function claimDataDir(dir: string, options: ClaimOptions = {}): DataDirClaim {
  const { tryLock = loadKernelLock(), clock = systemClock } = options;
  try {
    const { canLock, now } = makeWritable(dir, tryLock);
    const path = join(dir, LOCK_FILE);
    for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt += 1) {
      const claim = canLock ? lockFile(path, tryLock, now) : createFile(path, clock);
      if (typeof claim === 'function') return claimOf(dir, claim);
      if (claim !== null) throw new DataDirInUseError(dir, claim);
      const text = readLock(path);
      const other = text === null ? null : parseHolder(text);
      if (other !== null && (canLock || mayRun(other, path, now))) {
        throw new DataDirInUseError(dir, other);
      }
      if (text !== null && !canLock) discardFile(path, text);
    }
    throw new DataDirError(dir, 'data_dir_contended', ` (${path})`);
  } catch (error) {
    throw explained(dir, error);
  }
}

function claimOf(dir: string, release: Release): DataDirClaim {
  let isHeld = true;
  return {
    dir,
    release: () => {
      if (isHeld) release();
      isHeld = false;
    }
  };
}

/** Names the process that holds the directory, or may hold it; null when none does. Changes nothing. */
export function holderOf(dir: string, tryLock: TryLock = loadKernelLock()): string | null {
  const path = join(dir, LOCK_FILE);
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw explained(dir, error);
  }
  try {
    const holder: LockHolder | null = parseHolder(readFileSync(fd, 'utf8'));
    const isFree = tryLock(fd, 'shared');
    if (isFree === false) return holder === null ? 'that has not said its id' : nameOf(holder);
    if (holder === null || (isFree === true && holder.kernel)) return null;
    return mayRun(holder, path, Date.now()) ? nameOf(holder) : null;
  } finally {
    closeSync(fd);
  }
}

/** Makes the directory and writes to it. Says whether the kernel locks files in it, and what time it is there. */
function makeWritable(dir: string, tryLock: TryLock): { canLock: boolean; now: number } {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new DataDirError(dir, 'data_dir_no_directory');
  }
  mkdirSync(dir, { recursive: true, mode: DIR_MODE });
  const probe = join(dir, `.probe-${String(process.pid)}`);
  const file = openSync(probe, 'w');
  try {
    writeFileSync(file, Buffer.alloc(PROBE_BYTES));
    fdatasyncSync(file);
    return { canLock: tryLock(file, 'exclusive') === true, now: fstatSync(file).mtimeMs };
  } finally {
    closeSync(file);
    unlinkSync(probe);
  }
}
