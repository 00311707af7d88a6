import type { MessageFrame } from '../../../protocol/frames.js';
import { eraseIn } from './erased.js';

/** Messages that this client will not receive: offsets `from` to `to`, both included. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /**
   * `trimmed` the server no longer keeps them · `damaged` the server's disk has altered them · `epoch` the thread has a new epoch, older offsets are invalid ·
   * `missing` the server skipped them, `history` may have them · `overflow` the reader of a stream was too slow,
   * `history` has them.
   */
  readonly reason: 'trimmed' | 'damaged' | 'epoch' | 'missing' | 'overflow';
}

/** One item of a thread's stream, in offset order. */
export type ThreadItem =
  | { readonly type: 'message'; readonly message: MessageFrame }
  | { readonly type: 'gap'; readonly gap: Gap };

/** Default number of unread items; more are dropped, oldest first. */
export const STREAM_LIMIT = 1_000;

/**
 * A bounded queue between a thread and one `for await` reader. Above `limit` items the oldest are dropped and reported as
 * one `overflow` gap before the rest, so that a slow reader always learns of its loss.
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

  /** Adds an item, or hands it to a reader that waits. */
  push(item: ThreadItem): void {
    if (this.#ended !== null) return;
    if (item.type === 'message') eraseIn(this.#items, item.message);
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

  /** Ends the stream: queued items are still read, then it is done or throws `error`. */
  end(error: Error | null): void {
    if (this.#ended !== null) return;
    this.#ended = { error };
    for (const reader of this.#readers.splice(0)) {
      if (error === null) reader.resolve({ done: true, value: undefined });
      else reader.reject(error);
    }
  }

  /** Resolves with the next item. */
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

  /** Ends the reader; a `break` out of `for await` calls it. */
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

/** The open streams of one thread. */
export class MessageStreams {
  readonly #streams = new Set<MessageStream>();

  /** Makes a stream from now on; one that ends with `over` at once when that is not null. */
  open(over: Error | null): MessageStream {
    const stream = new MessageStream(STREAM_LIMIT, (done) => this.#streams.delete(done));
    if (over === null) this.#streams.add(stream);
    else stream.end(over);
    return stream;
  }

  /** Adds an item to each. */
  push(item: ThreadItem): void {
    for (const stream of [...this.#streams]) stream.push(item);
  }

  /** Ends all; their readers throw `error` when it is not null. */
  end(error: Error | null): void {
    for (const stream of this.#streams) stream.end(error);
    this.#streams.clear();
  }
}
