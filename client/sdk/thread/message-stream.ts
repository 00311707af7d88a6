import type { MessageFrame } from '../../../protocol/frames.js';

/** Messages that this client will not get by itself: offsets `from` to `to`, both included. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /**
   * `trimmed` the server no longer keeps them · `epoch` the thread began anew, older offsets mean nothing now ·
   * `missing` the server skipped them, `history` may have them · `overflow` the reader of a stream was too slow,
   * `history` has them.
   */
  readonly reason: 'trimmed' | 'epoch' | 'missing' | 'overflow';
}

/** What a reader of a thread is given, in order. */
export type ThreadItem =
  | { readonly type: 'message'; readonly message: MessageFrame }
  | { readonly type: 'gap'; readonly gap: Gap };

/** Items a reader may be behind by default: a page of history each way of a thousand messages. */
export const STREAM_LIMIT = 1_000;

/**
 * A bounded queue between a thread and one `for await` reader. Past `limit` items the oldest are dropped and said as
 * one `overflow` gap that comes before what is left: a slow reader loses messages from memory, never silently.
 */
export class MessageStream implements AsyncIterableIterator<ThreadItem> {
  readonly #limit: number;
  readonly #onReturn: (stream: MessageStream) => void;
  readonly #items: ThreadItem[] = [];
  readonly #readers: {
    resolve: (result: IteratorResult<ThreadItem>) => void;
    reject: (error: Error) => void;
  }[] = [];
  #dropped: { from: number; to: number } | null = null;
  #ended: { error: Error | null } | null = null;

  constructor(limit: number, onReturn: (stream: MessageStream) => void) {
    this.#limit = limit;
    this.#onReturn = onReturn;
  }

  /** Items waiting for the reader. */
  get size(): number {
    return this.#items.length + (this.#dropped === null ? 0 : 1);
  }

  /** Adds an item. */
  push(item: ThreadItem): void {
    if (this.#ended !== null) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value: item });
      return;
    }
    this.#items.push(item);
    if (this.#items.length <= this.#limit) return;
    const oldest = this.#items.shift();
    if (oldest !== undefined) this.#drop(oldest);
  }

  /** Ends the stream: what is queued is still read, then it is done, or throws `error`. */
  end(error: Error | null): void {
    if (this.#ended !== null) return;
    this.#ended = { error };
    for (const reader of this.#readers.splice(0)) {
      if (error === null) reader.resolve({ done: true, value: undefined });
      else reader.reject(error);
    }
  }

  /** Answers the next item, waiting for it. */
  next(): Promise<IteratorResult<ThreadItem>> {
    if (this.#dropped !== null) {
      const gap: Gap = { ...this.#dropped, reason: 'overflow' };
      this.#dropped = null;
      return Promise.resolve({ done: false, value: { type: 'gap', gap } });
    }
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve({ done: false, value: item });
    if (this.#ended !== null) {
      const { error } = this.#ended;
      this.#ended = { error: null };
      return error === null
        ? Promise.resolve({ done: true, value: undefined })
        : Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  /** Ends the reading (a `break` out of `for await` does it). */
  return(): Promise<IteratorResult<ThreadItem>> {
    this.#items.length = 0;
    this.#dropped = null;
    this.end(null);
    this.#onReturn(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #drop(item: ThreadItem): void {
    const { from, to } =
      item.type === 'gap' ? item.gap : { from: item.message.offset, to: item.message.offset };
    this.#dropped = {
      from: Math.min(this.#dropped?.from ?? from, from),
      to: Math.max(this.#dropped?.to ?? to, to)
    };
  }
}
