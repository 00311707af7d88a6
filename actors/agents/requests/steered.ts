/** Messages that came while a run was at work. The agent reads them when it wants to. */
import { createHash } from 'node:crypto';
import type { MessageFrame } from '../../../protocol/frames.js';

/** Most characters of a `mid` that fit into the name of an entry about it. */
const NAME_CHARS = 32;

/** Unread messages for one run. They are bounded, since an agent may never read them. */
export class Steered {
  private readonly messages: MessageFrame[] = [];
  private expected = 0;

  /** Reserves a place for a message that is being stored. Returns false when `max` messages wait already. */
  expect(max: number): boolean {
    if (this.messages.length + this.expected >= max) return false;
    this.expected++;
    return true;
  }

  /** Ends a reservation of {@link expect}: keeps the message, or with null frees the place. */
  arrived(message: MessageFrame | null): void {
    this.expected--;
    if (message !== null) this.messages.push(message);
  }

  /** Removes and returns the unread messages. */
  take(): MessageFrame[] {
    return this.messages.splice(0);
  }
}

/** Returns the name of the run's entry about a message, of at most 38 characters; no two messages have the same. */
export function steerName(mid: string): string {
  const isShort = mid.length <= NAME_CHARS;
  const part = isShort ? mid : createHash('sha256').update(mid).digest('hex').slice(0, NAME_CHARS);
  return `steer:${part}`;
}
