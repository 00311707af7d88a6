/**
 * The user's own messages that are not in the chat yet. The SDK sends them until they are stored; this file decides
 * what is shown meanwhile.
 */
import type { Ack } from '../../client/sdk/client.js';
import { safeLine } from '../terminal/safe-text.js';
import type { PassingLine } from '../terminal/screen.js';

/** Most waiting messages that are shown; the others are counted. */
export const SHOWN_MAX = 3; // the prompt must stay on the screen

/** A waiting message of the user. */
export interface Outgoing {
  readonly mid: string;
  readonly thread: string;
  readonly text: string;
  /** When it was entered, a moment of the clock's `elapsed()`. */
  readonly at: number;
  /** The server's ack; null before it came. */
  readonly ack: Ack | null;
}

/**
 * The user's own messages between Enter and their place in the chat, in order. The SDK's outbox limits their number.
 */
export class OutgoingMessages {
  readonly #messages = new Map<string, Outgoing>();

  /** Number of messages that may not be stored. */
  get unsent(): number {
    return [...this.#messages.values()].filter(({ ack }) => ack === null).length;
  }

  /** Adds an entered message. */
  add(message: Omit<Outgoing, 'ack'>): void {
    this.#messages.set(message.mid, { ...message, ack: null });
  }

  /** Notes the ack of a message and returns the message; undefined when it is in the chat already. */
  stored(ack: Ack): Outgoing | undefined {
    const message = this.#messages.get(ack.mid);
    if (message === undefined) return undefined;
    const stored = { ...message, ack };
    this.#messages.set(ack.mid, stored);
    return stored;
  }

  /**
   * Removes a message that is in the chat or never will be. Undefined when it is not the user's or was removed before.
   */
  take(mid: string): Outgoing | undefined {
    const message = this.#messages.get(mid);
    this.#messages.delete(mid);
    return message;
  }

  /**
   * Removes and returns messages that are stored at or before this offset of a thread but did not arrive: they were
   * skipped.
   */
  takePassed(thread: string, offset: number): Outgoing[] {
    const passed = [...this.#messages.values()].filter(
      (message) => message.thread === thread && message.ack !== null && message.ack.offset <= offset
    );
    for (const { mid } of passed) this.#messages.delete(mid);
    return passed;
  }

  /** Returns the lines for messages entered until then, as seen from a thread. */
  lines(thread: string, until: number): PassingLine[] {
    const all = [...this.#messages.values()].filter(({ at }) => at <= until);
    const more = all.length - SHOWN_MAX;
    const lines = all.slice(0, SHOWN_MAX).map((message): PassingLine => {
      const where = message.thread === thread ? '' : `${message.thread}: `;
      return message.ack === null
        ? { style: 'yellow', text: `… ${where}${safeLine(message.text)}` }
        : { style: 'green', text: `✓ ${where}${safeLine(message.text)}` };
    });
    return more > 0
      ? [...lines, { style: 'yellow', text: `… ${String(more)} more on their way` }]
      : lines;
  }
}
