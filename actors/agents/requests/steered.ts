/** Messages that came while a run was at work, for its agent to read when it will. */
import { createHash } from 'node:crypto';
import type { MessageFrame } from '../../../protocol/frames.js';

/** Most characters of a `mid` that fit into the name of an entry about it. */
const NAME_CHARS = 32;

/** Messages that steer one run. An agent need not read them, so there is a bound. */
export class Steered {
  private readonly messages: MessageFrame[] = [];
  private expected = 0;

  /** Keeps a place for a message that is being stored. Returns false when `max` wait already. */
  expect(max: number): boolean {
    if (this.messages.length + this.expected >= max) return false;
    this.expected++;
    return true;
  }

  /** Gives the place of {@link expect} back: to the message, or with null to another one. */
  arrived(message: MessageFrame | null): void {
    this.expected--;
    if (message !== null) this.messages.push(message);
  }

  /** Takes the messages that the agent has not asked for. */
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
