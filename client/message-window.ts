import type { MessageFrame } from '../server/protocol.js';
import type { Gap, ThreadItem } from './message-stream.js';

/** Part of a full window that is dropped at once: every drop moves all that is below it. */
const TRIM_PART = 0.1;

/** A bounded part of a thread's log, gaps included, that grows at both ends. */
export class MessageWindow {
  readonly #limit: number;
  readonly #items: ThreadItem[] = [];
  #detached = false;
  #trimmed = false;

  /** @param limit items kept at most; what is dropped comes back from the server on asking */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is kept, in offset order. */
  get items(): readonly ThreadItem[] {
    return this.#items;
  }

  /** Whether newer messages were dropped to make room for older ones: the window does not reach the end any more. */
  get detached(): boolean {
    return this.#detached;
  }

  /** Whether older messages were dropped to make room for newer ones: the server has more before the window. */
  get trimmed(): boolean {
    return this.#trimmed;
  }

  /** Offset of the oldest message; null when there is none. */
  get oldest(): number | null {
    const item = this.#items.find(({ type }) => type === 'message');
    return item?.type === 'message' ? item.message.offset : null;
  }

  /** Offset of the newest message; null when there is none. */
  get newest(): number | null {
    const item = this.#items.findLast(({ type }) => type === 'message');
    return item?.type === 'message' ? item.message.offset : null;
  }

  /** Adds a message that has come; the oldest are dropped past the limit. A detached window stays as it is. */
  append(message: MessageFrame): void {
    if (this.#detached || message.offset <= (this.newest ?? 0)) return;
    this.#items.push({ type: 'message', message });
    this.#trim();
  }

  /** Puts a page of history before everything; past the limit the newest are dropped and the window is detached. */
  prepend(messages: readonly MessageFrame[]): void {
    this.#trimmed = false;
    const oldest = this.oldest ?? Infinity;
    const older = messages.filter(({ offset }) => offset < oldest);
    this.#items.unshift(...older.map((message): ThreadItem => ({ type: 'message', message })));
    if (this.#items.length <= this.#limit) return;
    this.#items.length = this.#limit;
    this.#detached = true;
  }

  /** Marks a hole at the end. When the thread began anew, what was kept is no part of it: only the mark is left. */
  mark(gap: Gap): void {
    if (gap.reason === 'epoch') this.clear();
    if (this.#detached) return;
    this.#items.push({ type: 'gap', gap });
    this.#trim();
  }

  /** Forgets all, to be filled from the end again. */
  clear(): void {
    this.#items.length = 0;
    this.#detached = false;
    this.#trimmed = false;
  }

  #trim(): void {
    if (this.#items.length <= this.#limit) return;
    this.#items.splice(0, Math.max(1, Math.floor(this.#limit * TRIM_PART)));
    this.#trimmed = true;
  }
}
