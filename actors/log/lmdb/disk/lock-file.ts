/**
 * Two ways to hold a lock file: by a lock of the kernel on it, or, where there are no such locks, by its being there
 * and renewed. Each removes the file at its release.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync
} from 'node:fs';
import { codeOf } from '../../../../machines/error-code.js';
import type { Clock } from '../../../clock.js';
import type { TryLock } from './kernel-lock.js';
import { lifeOf, parseHolder, thisHolder, type LockHolder } from './lock-holder.js';

/** How often a holder without a kernel lock renews the time of its file. */
export const RENEW_MS = 10_000;

/** Age of a file at which its holder is taken for dead: six times not renewed. */
export const RENEWED_MAX_MS = 60_000;

/** Only the user of the server may read the lock. */
const FILE_MODE = 0o600;

/** Gives a lock back. */
export type Release = () => void;

/**
 * Locks the file by the kernel and writes this process into it. Returns null when another has the lock, and the holder
 * when one that the kernel has no lock for may still run. `now`: time of the disk, Unix milliseconds.
 */
export function lockFile(path: string, tryLock: TryLock, now: number): Release | LockHolder | null {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, FILE_MODE);
  let isKept = false;
  try {
    // The last holder may have removed this very file between the two calls.
    if (tryLock(fd, 'exclusive') !== true || !isAt(path, fd)) return null;
    const found = parseHolder(readFileSync(fd, 'utf8'));
    if (found?.kernel === false && mayRun(found, path, now)) return found;
    ftruncateSync(fd);
    writeSync(fd, textOf(thisHolder(true, fstatSync(fd).ino)), 0);
    isKept = true;
    return () => {
      if (isAt(path, fd)) unlinkSync(path);
      closeSync(fd);
    };
  } finally {
    if (!isKept) closeSync(fd);
  }
}

function isAt(path: string, fd: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;
}

/**
 * Creates the file with its content in one step, so that nobody reads half of it, and renews it until the release;
 * null when there is one.
 */
export function createFile(path: string, clock: Clock): Release | null {
  const own = `${path}.${String(process.pid)}`;
  const text = writeHolder(own, 'w');
  try {
    linkSync(own, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return null;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error))) throw error;
    return createWithoutLinks(path, clock);
  } finally {
    unlinkSync(own);
  }
  return renewed(path, text, clock);
}

/** Creates the file where the file system has no hard links. */
function createWithoutLinks(path: string, clock: Clock): Release | null {
  try {
    return renewed(path, writeHolder(path, 'wx'), clock);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return null;
    throw error;
  }
}

function writeHolder(path: string, flag: 'w' | 'wx'): string {
  const fd = openSync(path, flag, FILE_MODE);
  try {
    const text = textOf(thisHolder(false, fstatSync(fd).ino));
    writeSync(fd, text);
    return text;
  } finally {
    closeSync(fd);
  }
}

function renewed(path: string, text: string, clock: Clock): Release {
  let timer: unknown = null;
  const renewLater = (): void => {
    timer = clock.setTimeout(() => {
      try {
        const now = new Date(clock.now());
        if (readLock(path) === text) utimesSync(path, now, now);
      } catch {
        // The log reports a disk that fails. The next round renews the file.
      }
      renewLater();
    }, RENEW_MS);
  };
  renewLater();
  return () => {
    clock.clearTimeout(timer);
    if (readLock(path) === text) unlinkSync(path);
  };
}

/**
 * Whether a holder on whose file the kernel has no lock may still run. `now`: time by the clock of the disk, Unix
 * milliseconds; a network file system has its own.
 */
export function mayRun(holder: LockHolder, path: string, now: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  // Another inode: a copy of the directory.
  if (stat === undefined || (holder.file !== null && holder.file !== stat.ino)) return false;
  const life = lifeOf(holder);
  if (life !== 'unknown') return life === 'alive';
  return holder.kernel || now - stat.mtimeMs < RENEWED_MAX_MS;
}

/**
 * Removes the file of a dead holder. It is moved first and then read: when another process was quicker and the file is
 * already its own, it is moved back.
 */
export function discardFile(path: string, stale: string): void {
  const aside = `${path}.stale-${String(process.pid)}`;
  try {
    renameSync(path, aside);
    if (readLock(aside) !== stale) linkSync(aside, path);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(codeOf(error))) throw error;
  }
  try {
    unlinkSync(aside);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** Text of a lock file; null when there is none. */
export function readLock(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function textOf(holder: LockHolder): string {
  return `${JSON.stringify(holder)}\n`;
}
