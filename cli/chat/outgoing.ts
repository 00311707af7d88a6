/**
 * Messages of one's own that are not in the chat yet. The SDK sends them until they are stored; this is what is shown
 * of them meanwhile.
 */
import type { Ack } from '../../client/sdk/client.js';
import { safeLine } from '../terminal/safe-text.js';
import type { PassingLine } from '../terminal/screen.js';

/** Messages on their way that are shown; the others are counted. */
export const SHOWN_MAX = 3; // the prompt must stay on the screen

/** A message of one's own on its way. */
export interface Outgoing {
  readonly mid: string;
  readonly thread: string;
  readonly text: string;
  /** When it was entered, Unix milliseconds. */
  readonly at: number;
  /** What the server has promised; null until then. */
  readonly ack: Ack | null;
}

/** One's own messages between Enter and their place in the chat, in order. Bounded by the SDK's outbox. */
export class OutgoingMessages {
  readonly #messages = new Map<string, Outgoing>();

  /** Messages that are not known to be stored. */
  get unsent(): number {
    return [...this.#messages.values()].filter(({ ack }) => ack === null).length;
  }

  /** A message was entered. */
  add(message: Omit<Outgoing, 'ack'>): void {
    this.#messages.set(message.mid, { ...message, ack: null });
  }

  /** The server has stored it; undefined when it has come already. */
  stored(ack: Ack): Outgoing | undefined {
    const message = this.#messages.get(ack.mid);
    if (message === undefined) return undefined;
    const stored = { ...message, ack };
    this.#messages.set(ack.mid, stored);
    return stored;
  }

  /** Takes a message out: it has come, or never will. Undefined when it is not one's own or was taken. */
  take(mid: string): Outgoing | undefined {
    const message = this.#messages.get(mid);
    this.#messages.delete(mid);
    return message;
  }

  /** Takes out what is stored at or before this offset of a thread and has not come: it was passed over. */
  takePassed(thread: string, offset: number): Outgoing[] {
    const passed = [...this.#messages.values()].filter(
      (message) => message.thread === thread && message.ack !== null && message.ack.offset <= offset
    );
    for (const { mid } of passed) this.#messages.delete(mid);
    return passed;
  }

  /** What to show of those entered until then, as seen from a thread. */
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
