/** How much room a disk has, and a watch that reports when it is too little. */
import { statfsSync } from 'node:fs';
import type { Clock } from '../../../clock.js';

/**
 * Free bytes below which the disk counts as low (a tenth of the disk, where that is less). The log then keeps nothing
 * for the analytics store: it deletes its facts, the oldest first, and no longer holds messages past the retention.
 * The file does not shrink, but new messages use the freed room: 1 GiB and the freed room hold over a million
 * messages, a day in which somebody can act. The server can do without the copy, but not without the chat.
 */
export const DISK_LOW_BYTES = 1_073_741_824;

/** How long one measurement of free space is used while messages are trimmed. */
export const DISK_LOOK_GOOD_MS = 1_000;

/** Whether a disk is low by {@link DISK_LOW_BYTES}; false when it cannot be measured. A spec may say how much is free. */
export function isDiskLow(dir: string, freeBytes?: number): boolean {
  if (freeBytes !== undefined) return freeBytes < DISK_LOW_BYTES;
  try {
    const { bavail, blocks, bsize } = statfsSync(dir);
    return bavail * bsize < Math.min(DISK_LOW_BYTES, (blocks * bsize) / 10);
  } catch {
    // The free space is not known; when a write fails, the log reports that itself.
    return false;
  }
}

/** Time between two checks of the disk; a store that can be reached has taken everything long before. */
export const DISK_LOOK_MS = 60_000;

/**
 * Bytes that this process may still write on the disk of a directory; throws the system's error when it cannot tell.
 */
export function freeBytesOf(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}

/** Says for an operator how much room the disk of a directory has. */
export function freeSpaceOf(dir: string): string {
  try {
    return `${String(freeBytesOf(dir))} bytes are free on its disk`;
  } catch {
    return 'its directory is gone';
  }
}

/** Options of {@link DiskWatch}. */
export interface DiskWatchOptions {
  readonly clock: Clock;
  readonly isLow: () => boolean;
  /** Whether there is still something that could be deleted. */
  readonly isNeeded: () => boolean;
  /** Called at each check that finds the disk low. */
  readonly onLow: () => void;
}

/** Checks a disk at intervals, as long as there is something to delete. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #timer: unknown = null;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Begins to check; does nothing when it already does. */
  start(): void {
    if (this.#timer !== null) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = null;
      if (!this.#options.isNeeded()) return;
      if (this.#options.isLow()) this.#options.onLow();
      this.start();
    }, DISK_LOOK_MS);
  }

  stop(): void {
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
