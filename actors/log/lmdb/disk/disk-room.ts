/** How much room a disk has, and a watch that says when that is too little. */
import { statfsSync } from 'node:fs';
import type { Clock } from '../../../clock.js';

/**
 * With less than this free on its disk (a tenth of it, where that is less) the log keeps nothing for the analytics store:
 * it gives up its facts, the oldest first, and holds no message back from the retention. The file does not shrink, but
 * messages use the room again: 1 GiB and what was given up is over a million messages, a day in which somebody can
 * react. The copy can be done without, the chat cannot.
 */
export const DISK_LOW_BYTES = 1_073_741_824;

/** How long one look at the disk is good for when messages are trimmed. */
export const DISK_LOOK_GOOD_MS = 1_000;

/** Whether a disk is low by {@link DISK_LOW_BYTES}; one that cannot be looked at is not. */
export function isDiskLow(dir: string): boolean {
  try {
    const { bavail, blocks, bsize } = statfsSync(dir);
    return bavail * bsize < Math.min(DISK_LOW_BYTES, (blocks * bsize) / 10);
  } catch {
    // Not known: the log itself says when it cannot write.
    return false;
  }
}

/** Time between two looks at the disk; a store that can be reached has taken everything long before. */
export const DISK_LOOK_MS = 60_000;

/** Bytes that this process may still fill on the disk under a directory; throws what the system says when it cannot tell. */
export function freeBytesOf(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}

/** What a watch works with. */
export interface DiskWatchOptions {
  readonly clock: Clock;
  readonly isLow: () => boolean;
  /** Whether there is still something that could give way. */
  readonly isNeeded: () => boolean;
  /** Called at each look that finds the disk low. */
  readonly onLow: () => void;
}

/** Looks at a disk now and then, and only while that is of use. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #timer: unknown = null;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Begins to look, if it does not do so already. */
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
