/**
 * Where each thread in use stands: what is durable and visible, and what has been given out beyond that. A thread not
 * in use costs no memory; its head is read from the log when it is needed.
 */
import { LogCorruptError } from '../log-errors.js';
import {
  decodeCount,
  decodeThread,
  entryKey,
  pendingKey,
  threadKey,
  within,
  type ThreadRecord
} from './log-keys.js';
import type { LogStore } from './log-store.js';
import { frameHeader } from '../../../protocol/message-frame.js';

/** Most heads kept: about 20 MB. Past it the longest unrenewed one with nothing on its way goes. */
export const HEADS_MAX = 100_000;

/** Most authors remembered per head; past it they are forgotten and read again. */
const AUTHORS_MAX = 64;

/** One thread as memory knows it. */
export interface Head {
  readonly thread: string;
  /** Durable and visible. */
  owner: string | null;
  first: number;
  last: number;
  at: number;
  /** Last offset given out, on its way to the disk or there. */
  given: number;
  /** Last offset that is on the disk or in the commit under way: between `last` and `given`. */
  written: number;
  /** The thread's pending mark as that commit leaves it; null when there is none. */
  pending: number | null;
  /** Owner as it will be when all that is on its way is durable. */
  nextOwner: string | null;
  /** Time of the entry `first`; null when not known. */
  firstAt: number | null;
  /** Users known to have their row for this thread; null while there are none. */
  authors: Set<string> | null;
  /** Jobs on their way: a head with some is not dropped. */
  pins: number;
  /** Whether it goes when the last job is done. */
  forgotten: boolean;
}

/** Whether a head says more than that nothing has ever been stored. */
export function isStored(head: Head): boolean {
  return head.last > 0 || head.owner !== null;
}

/** The record of a thread as text, with all that is on its way to the disk before it. */
export function recordOf(head: Head): string {
  const { nextOwner: owner, first, last, at } = head;
  return JSON.stringify({ owner, first, last, at } satisfies ThreadRecord);
}

/** The heads of the threads in use. */
export class ThreadHeads {
  readonly #store: LogStore;
  readonly #dir: string;
  readonly #max: number;
  readonly #heads = new Map<string, Head>();

  constructor(store: LogStore, dir: string, max = HEADS_MAX) {
    this.#store = store;
    this.#dir = dir;
    this.#max = max;
  }

  /** Heads in memory. */
  get size(): number {
    return this.#heads.size;
  }

  /** The head of a thread, kept from now on; null when the thread has no record. */
  get(thread: string): Head | null {
    const known = this.#heads.get(thread);
    if (known !== undefined) return known;
    const head = this.#load(thread);
    if (head !== null) this.#keep(head);
    return head;
  }

  /** As `get`, without keeping it: for those who look at many threads once. */
  peek(thread: string): Head | null {
    return this.#heads.get(thread) ?? this.#load(thread);
  }

  /** The head of a thread, a new one when it has no record. */
  open(thread: string): Head {
    const known = this.get(thread);
    if (known !== null) return known;
    const head = fresh(thread, null, 1, 0, 0, null);
    this.#keep(head);
    return head;
  }

  /** Holds a head in memory while a job of its is on the way. */
  pin(head: Head): void {
    head.pins += 1;
  }

  /** The heads of many threads, pinned; those that have no record are left out. When one cannot be read, none is. */
  hold(threads: Iterable<string>): Head[] {
    const held: Head[] = [];
    try {
      for (const thread of threads) {
        const head = this.get(thread);
        if (head === null) continue;
        // At once: the next one may need the room.
        this.pin(head);
        held.push(head);
      }
    } catch (error) {
      for (const head of held) this.unpin(head);
      throw error;
    }
    return held;
  }

  unpin(head: Head): void {
    head.pins -= 1;
    if (head.pins > 0) return;
    if (head.forgotten || !isStored(head)) this.#drop(head);
  }

  /** Remembers that a user has a row for the thread. */
  addAuthor(head: Head, user: string): void {
    if (head.authors === null || head.authors.size >= AUTHORS_MAX) head.authors = new Set();
    head.authors.add(user);
  }

  forget(thread: string): void {
    const head = this.#heads.get(thread);
    if (head === undefined) return;
    if (head.pins > 0) head.forgotten = true;
    else this.#heads.delete(thread);
  }

  /** Drops everything, what is on its way included: only the disk counts. */
  clear(): void {
    this.#heads.clear();
  }

  #drop(head: Head): void {
    if (this.#heads.get(head.thread) === head) this.#heads.delete(head.thread);
  }

  #keep(head: Head): void {
    this.#heads.set(head.thread, head);
    if (this.#heads.size <= this.#max) return;
    for (const oldest of this.#heads.values()) {
      if (oldest.pins === 0 && oldest !== head) {
        this.#heads.delete(oldest.thread);
        return;
      }
      // On its way: back to the end of the line, so that the next search does not meet it again.
      this.#heads.delete(oldest.thread);
      this.#heads.set(oldest.thread, oldest);
      if (oldest === head) return;
    }
  }

  #load(thread: string): Head | null {
    const text = this.#store.get(threadKey(thread));
    if (text === undefined) return null;
    const record = decodeThread(text);
    if (record === null) {
      throw new LogCorruptError(this.#dir, `the record of thread ${thread} does not decode`);
    }
    const { owner, first } = record;
    const pending = this.#pending(thread, first);
    for (const { key, value } of this.#store.range({
      ...within('e', thread),
      reverse: true,
      limit: 1
    })) {
      const offset = key[2];
      const at = frameHeader(value)?.at;
      if (typeof offset !== 'number' || at === undefined) {
        throw new LogCorruptError(this.#dir, `the last entry of thread ${thread} does not decode`);
      }
      if (offset > record.last) return fresh(thread, owner, first, offset, at, pending);
    }
    return fresh(thread, owner, first, record.last, record.at, pending);
  }

  /** A mark that does not decode must not keep the thread from being used: all that is kept counts as not taken. */
  #pending(thread: string, first: number): number | null {
    const text = this.#store.get(pendingKey(thread));
    return text === undefined ? null : (decodeCount(text) ?? first);
  }

  /** Time of the oldest kept entry of a thread; null when it has none. */
  firstAt(head: Head): number | null {
    if (head.first > head.last) return null;
    if (head.firstAt === null) {
      const frame = this.#store.get(entryKey(head.thread, head.first));
      head.firstAt = frame === undefined ? null : (frameHeader(frame)?.at ?? null);
    }
    return head.firstAt;
  }
}

function fresh(
  thread: string,
  owner: string | null,
  first: number,
  last: number,
  at: number,
  pending: number | null
): Head {
  return {
    thread,
    owner,
    first,
    last,
    at,
    given: last,
    written: last,
    pending,
    nextOwner: owner,
    firstAt: null,
    authors: null,
    pins: 0,
    forgotten: false
  };
}
