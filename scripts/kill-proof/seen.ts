import { Faults } from './faults.js';
import type { Frame } from './link.js';

/** What a subscriber has been given: of every thread the mids in the order of their offsets, from 1. */
export class Seen {
  readonly threads: ReadonlyMap<string, string[]>;
  readonly faults = new Faults();
  readonly #epochs = new Map<string, string>();

  constructor(threads: readonly string[]) {
    this.threads = new Map(threads.map((thread) => [thread, []]));
  }

  /** The newest offset of a thread. */
  offset(thread: string): number {
    return this.threads.get(thread)?.length ?? 0;
  }

  /** Takes a message: it must be the next one. */
  message(thread: string, offset: number, mid: string): void {
    const mids = this.threads.get(thread);
    if (mids === undefined) this.faults.add(`a message of thread ${thread}, not asked for`);
    else if (offset <= mids.length) this.faults.add(`saw ${thread} ${String(offset)} again`);
    else if (offset > mids.length + 1) {
      this.faults.add(`saw ${thread} ${String(offset)} after ${String(mids.length)}`);
      // The hole is one fault, not one a message from here on.
      while (mids.length < offset - 1) mids.push('');
      mids.push(mid);
    } else mids.push(mid);
  }

  /** Takes the answer to a subscription: the place must be known there, and nothing be missing. */
  subscribed(frame: Frame): void {
    const { thread, offset, epoch, gap, recovered } = frame;
    const known = this.#epochs.get(thread);
    if (known !== undefined && known !== epoch) {
      this.faults.add(`the epoch of ${thread} changed from ${known} to ${epoch}`);
    }
    this.#epochs.set(thread, epoch);
    if (gap !== null || recovered !== true) {
      this.faults.add(`${thread} was not recovered: ${JSON.stringify(frame)}`);
    }
    if (offset < this.offset(thread)) {
      this.faults.add(
        `saw ${thread} up to ${String(this.offset(thread))}, the server has ${String(offset)}`
      );
    }
  }

  /** The epoch of a thread; null before the server has told. */
  epoch(thread: string): string | null {
    return this.#epochs.get(thread) ?? null;
  }
}
