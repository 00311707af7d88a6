import type { MessageFrame } from '../../../protocol/frames.js';
import type { Gap, ThreadItem } from './message-stream.js';

/** Part of a full window that is dropped at once: every drop moves all that is below it. */
const TRIM_PART = 0.1;

/** A bounded part of a thread's log, gaps included, that grows at both ends. */
export class MessageWindow {
  readonly #limit: number;
  #items: ThreadItem[] = [];
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

  /**
   * Adds a message that has come; the oldest are dropped past the limit. False when it is not taken: a detached window
   * stays as it is, and what is older than the newest has its place already.
   */
  append(message: MessageFrame): boolean {
    if (this.#detached || message.offset <= (this.newest ?? 0)) return false;
    this.#items.push({ type: 'message', message });
    this.#trim();
    return true;
  }

  /**
   * Puts a page of history before everything; past the limit the newest are dropped and the window is detached. Answers
   * those that were not there yet.
   */
  prepend(messages: readonly MessageFrame[]): readonly MessageFrame[] {
    this.#trimmed = false;
    const oldest = this.oldest ?? Infinity;
    const older = messages.filter(({ offset }) => offset < oldest);
    const items = older.map((message): ThreadItem => ({ type: 'message', message }));
    this.#items = items.concat(this.#items);
    if (this.#items.length > this.#limit) {
      this.#items.length = this.#limit;
      this.#detached = true;
    }
    return older;
  }

  /** Marks a hole at the end. When the thread began anew, what was kept is no part of it: only the mark is left. */
  mark(gap: Gap): void {
    if (gap.reason === 'epoch') this.clear();
    if (this.#detached) return;
    this.#items.push({ type: 'gap', gap });
    this.#trim();
  }

  /**
   * Puts messages into a hole that the server has after all: the newest of those that are missed. What is left before
   * them stays a hole, unless there is no more to be had.
   */
  fill(gap: Gap, messages: readonly MessageFrame[], more: boolean): void {
    const index = this.#items.findIndex((item) => item.type === 'gap' && item.gap === gap);
    if (index < 0) return;
    const found = messages.filter(({ offset }) => offset >= gap.from && offset <= gap.to);
    const [first] = found;
    const to = first === undefined ? gap.to : first.offset - 1;
    const left: ThreadItem[] = [];
    if (to >= gap.from) {
      const reason = first !== undefined && more ? gap.reason : 'trimmed';
      left.push({ type: 'gap', gap: { from: gap.from, to, reason } });
    }
    const items = found.map((message): ThreadItem => ({ type: 'message', message }));
    this.#items.splice(index, 1, ...left, ...items);
    this.#trim();
  }

  /** Forgets all, to be filled from the end again. */
  clear(): void {
    this.#items.length = 0;
    this.#detached = false;
    this.#trimmed = false;
  }

  #trim(): void {
    const over = this.#items.length - this.#limit;
    if (over <= 0) return;
    this.#items.splice(0, Math.max(over, Math.floor(this.#limit * TRIM_PART), 1));
    this.#trimmed = true;
  }
}
