import type { MessageFrame } from '../../../protocol/frames.js';
import { eraseIn } from './erased.js';
import type { Gap, ThreadItem } from './message-stream.js';

/** Part of a full window that is dropped at once: each drop moves all the remaining items. */
const TRIM_PART = 0.1;

/** A bounded section of a thread's log, gaps included, that can grow at both ends. */
export class MessageWindow {
  readonly #limit: number;
  #items: ThreadItem[] = [];
  #detached = false;
  #trimmed = false;

  /** @param limit most items; dropped ones can be loaded from the server again */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The items, in offset order. */
  get items(): readonly ThreadItem[] {
    return this.#items;
  }

  /** Whether newer messages were dropped to make room for older ones: the window no longer reaches the end of the log. */
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
   * Adds a live message; above the limit the oldest are dropped. False when it is not added: a detached window
   * does not change, and a message older than the newest is already covered.
   */
  append(message: MessageFrame): boolean {
    if (this.#detached || message.offset <= (this.newest ?? 0)) {
      eraseIn(this.#items, message);
      return false;
    }
    this.#items.push({ type: 'message', message });
    eraseIn(this.#items, message);
    this.#trim();
    return true;
  }

  /**
   * Puts a page of history first; above the limit the newest are dropped and the window is detached. Returns
   * the messages that were new.
   */
  prepend(messages: readonly MessageFrame[]): readonly MessageFrame[] {
    this.#trimmed = false;
    const oldest = this.oldest ?? Infinity;
    const older = messages.filter(({ offset }) => offset < oldest);
    const items = older.map((message): ThreadItem => ({ type: 'message', message }));
    this.#items = items.concat(this.#items);
    this.#forget();
    if (this.#items.length > this.#limit) {
      this.#items.length = this.#limit;
      this.#detached = true;
    }
    return older;
  }

  /** Adds a gap at the end. After a change of epoch the older items are invalid, and only the gap is kept. */
  mark(gap: Gap): void {
    if (gap.reason === 'epoch') this.clear();
    if (this.#detached) return;
    this.#items.push({ type: 'gap', gap });
    this.#trim();
  }

  /**
   * Fills a gap with messages that the server still has, the newest of the missing ones. The rest of the gap before
   * them remains, unless the server has no more.
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
    this.#forget();
    this.#trim();
  }

  /** Replaces all messages by this page of history. `isEnd`: the log has nothing newer. */
  replace(messages: readonly MessageFrame[], isEnd: boolean): void {
    this.clear();
    this.#items = messages.map((message): ThreadItem => ({ type: 'message', message }));
    this.#detached = !isEnd;
  }

  /** Removes everything, so that the window can be filled from the end again. */
  clear(): void {
    this.#items.length = 0;
    this.#detached = false;
    this.#trimmed = false;
  }

  /** Erases what came in a page that was read before its message was erased. */
  #forget(): void {
    for (const item of [...this.#items])
      if (item.type === 'message') eraseIn(this.#items, item.message);
  }

  #trim(): void {
    const over = this.#items.length - this.#limit;
    if (over <= 0) return;
    this.#items.splice(0, Math.max(over, Math.floor(this.#limit * TRIM_PART), 1));
    this.#trimmed = true;
  }
}
