/**
 * An exclusive lock on a file that the kernel holds and gives back when its process ends, however it ends. It does not
 * depend on names such as a process id, which mean something else in each container.
 * @see https://github.com/holepunchto/fs-native-extensions `tryLock`; on Linux an open file description lock
 */
import { createRequire } from 'node:module';

/**
 * Tries to lock an open file, for one process or shared with others that look. Returns false when another open file
 * has the lock, and null where there are no such locks: the addon does not load, or the file system refuses.
 */
export type TryLock = (fd: number, kind: 'exclusive' | 'shared') => boolean | null;

/** The byte that is locked. It lies far behind the text of the file, which others read while it is locked. */
const LOCKED_BYTE = 1_073_741_824;

type NativeLock = (
  fd: number,
  offset: number,
  length: number,
  options: { shared: boolean }
) => unknown;

/** Loads the lock; what it returns answers null for each file where the addon does not load. */
export function loadKernelLock(load: () => unknown = loadAddon): TryLock {
  let native: NativeLock | null = null;
  try {
    native = nativeLockOf(load());
  } catch {
    // No binary for this platform: the caller has another way.
  }
  if (native === null) return () => null;
  const tryLock = native;
  return (fd, kind) => {
    try {
      return tryLock(fd, LOCKED_BYTE, 1, { shared: kind === 'shared' }) === true;
    } catch {
      return null;
    }
  };
}

function loadAddon(): unknown {
  return createRequire(import.meta.url)('fs-native-extensions');
}

function nativeLockOf(addon: unknown): NativeLock | null {
  if (typeof addon !== 'object' || addon === null || !('tryLock' in addon)) return null;
  const { tryLock } = addon;
  if (typeof tryLock !== 'function') return null;
  return (...args) => {
    const answer: unknown = tryLock.apply(addon, args);
    return answer;
  };
}
