/** How much room a disk has, and a watch that says when that is too little. */
import { statfsSync } from 'node:fs';
import type { Clock } from '../clock.js';

/**
 * With less than this free on its disk the log gives up the facts in it, the oldest first. The file does not shrink,
 * but messages use the room again: 1 GiB and what the facts had is over a million messages, a day in which somebody can
 * react. Facts can be done without, messages cannot.
 */
export const DISK_LOW_BYTES = 1_073_741_824;

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
  readonly freeBytes: () => number;
  /** Whether there is still something that could give way. */
  readonly isNeeded: () => boolean;
  /** Called at each look that finds less than {@link DISK_LOW_BYTES}. */
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
      if (this.#isLow()) this.#options.onLow();
      this.start();
    }, DISK_LOOK_MS);
  }

  stop(): void {
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #isLow(): boolean {
    try {
      return this.#options.freeBytes() < DISK_LOW_BYTES;
    } catch {
      // Not known: the log itself says when it cannot write.
      return false;
    }
  }
}
