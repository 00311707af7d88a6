import { Faults } from './faults.js';
import type { Frame } from './link.js';

/** The messages that a subscriber has received, and faults such as gaps and repeats. */
export class Seen {
  /** Mids of each thread by offset: the first has offset 1. A missing message is an empty text. */
  readonly threads: ReadonlyMap<string, string[]>;
  readonly faults = new Faults();
  readonly #epochs = new Map<string, string>();

  constructor(threads: readonly string[]) {
    this.threads = new Map(threads.map((thread) => [thread, []]));
  }

  /** Newest offset received of a thread; 0 before the first message. */
  offset(thread: string): number {
    return this.threads.get(thread)?.length ?? 0;
  }

  /** Notes a message. Any other than the next one of its thread is a fault. */
  message(thread: string, offset: number, mid: string): void {
    const mids = this.threads.get(thread);
    if (mids === undefined) this.faults.add(`a message of thread ${thread}, not asked for`);
    else if (offset <= mids.length) this.faults.add(`saw ${thread} ${String(offset)} again`);
    else if (offset > mids.length + 1) {
      this.faults.add(`saw ${thread} ${String(offset)} after ${String(mids.length)}`);
      // Fill the hole, so that it is one fault and not one for each further message.
      while (mids.length < offset - 1) mids.push('');
      mids.push(mid);
    } else mids.push(mid);
  }

  /** Notes the answer to a subscription. A new epoch, a gap or an older position than ours is a fault. */
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

  /** Epoch of a thread; null before the first `subscribed`. */
  epoch(thread: string): string | null {
    return this.#epochs.get(thread) ?? null;
  }
}
