/**
 * The state of each thread in use: what is durable and visible, and which offsets have been given beyond that. A
 * thread not in use costs no memory; its head is read from the log when it is needed.
 */
import { LogCorruptError, orDamaged } from '../log-errors.js';
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

/**
 * Most cached heads, about 20 MB. Above it, the head that was loaded first and has no jobs in progress is evicted, also
 * when its thread was just used: it is read again then. To keep the order of use would cost every message 0.3 to 1.6 µs.
 */
export const HEADS_MAX = 100_000;

/** Most authors remembered per head. Above it, all are forgotten and read again. */
const AUTHORS_MAX = 64;

/** One thread's state in memory. */
export interface Head {
  readonly thread: string;
  /** Durable and visible. */
  owner: string | null;
  first: number;
  last: number;
  at: number;
  /** Last offset given; its entry is on disk or on its way there. */
  given: number;
  /** Time of the entry `given`. */
  givenAt: number;
  /** Last offset that is on the disk or in the commit under way: between `last` and `given`. */
  written: number;
  /** Time of the entry `written`. */
  writtenAt: number;
  /** The thread's pending mark once the commit in progress is done; null when there is none. */
  pending: number | null;
  /** Owner once everything on its way is durable. */
  nextOwner: string | null;
  /** Time of the entry `first`; null when not known. */
  firstAt: number | null;
  /** Users known to have their row for this thread; null while there are none. */
  authors: Set<string> | null;
  /** Jobs in progress; a head that has some is not evicted. */
  pins: number;
}

/** Whether anything has ever been stored in the thread. */
export function isStored(head: Head): boolean {
  return head.last > 0 || head.owner !== null;
}

/** The record of a thread as text, counting what is on its way to the disk. */
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

  /** The head of a thread, which is cached from now on; null when the thread has no record. */
  get(thread: string): Head | null {
    const known = this.#heads.get(thread);
    if (known !== undefined) return known;
    const head = this.#load(thread);
    if (head !== null) this.#keep(head);
    return head;
  }

  /** Like `get`, without caching: for callers that read many threads once. */
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

  /** Keeps a head in memory while one of its jobs is in progress. */
  pin(head: Head): void {
    head.pins += 1;
  }

  /**
   * The heads of many threads, pinned; threads without a record, or with a damaged one, are left out. When the log
   * cannot be read at all, none stays pinned.
   */
  hold(threads: Iterable<string>): Head[] {
    const held: Head[] = [];
    try {
      for (const thread of threads) {
        const head = orDamaged(() => this.get(thread), null);
        if (head === null) continue;
        // Pinned at once: loading the next head may evict this one.
        this.pin(head);
        held.push(head);
      }
    } catch (error) {
      for (const head of held) this.unpin(head);
      throw error;
    }
    return held;
  }

  /** Notes that a job is done; the head of a thread in which nothing was stored is dropped with its last one. */
  unpin(head: Head): void {
    head.pins -= 1;
    if (head.pins > 0 || isStored(head)) return;
    if (this.#heads.get(head.thread) === head) this.#heads.delete(head.thread);
  }

  /** Remembers that a user has a row for the thread. */
  addAuthor(head: Head, user: string): void {
    if (head.authors === null || head.authors.size >= AUTHORS_MAX) head.authors = new Set();
    head.authors.add(user);
  }

  /** Drops every head, also those with jobs in progress: only the disk counts now. */
  clear(): void {
    this.#heads.clear();
  }

  #keep(head: Head): void {
    this.#heads.set(head.thread, head);
    if (this.#heads.size <= this.#max) return;
    for (const oldest of this.#heads.values()) {
      if (oldest.pins === 0 && oldest !== head) {
        this.#heads.delete(oldest.thread);
        return;
      }
      // In use: moved to the end, so that the next search does not meet it again.
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
    // Looked for by key: a thread whose newest entry is damaged goes on, and only that entry is refused.
    for (const key of this.#store.keys({ ...within('e', thread), reverse: true, limit: 1 })) {
      const offset = key[2];
      if (typeof offset !== 'number') {
        throw new LogCorruptError(this.#dir, `the key ${JSON.stringify(key)} is not an entry's`);
      }
      if (offset > record.last) {
        const at = this.#at(thread, offset) ?? record.at;
        return fresh(thread, owner, first, offset, at, pending);
      }
    }
    return fresh(thread, owner, first, record.last, record.at, pending);
  }

  /** A mark that does not decode must not make the thread unusable: all its kept messages count as not taken. */
  #pending(thread: string, first: number): number | null {
    const text = orDamaged(() => this.#store.get(pendingKey(thread)), '');
    return text === undefined ? null : (decodeCount(text) ?? first);
  }

  /** Time of the oldest kept entry of a thread; null when it has none. */
  firstAt(head: Head): number | null {
    if (head.first > head.last) return null;
    head.firstAt ??= this.#at(head.thread, head.first);
    return head.firstAt;
  }

  /** Time of an entry; null when it is not there or damaged. */
  #at(thread: string, offset: number): number | null {
    const frame = orDamaged(() => this.#store.get(entryKey(thread, offset)), undefined);
    return frame === undefined ? null : (frameHeader(frame)?.at ?? null);
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
    givenAt: at,
    written: last,
    writtenAt: at,
    pending,
    nextOwner: owner,
    firstAt: null,
    authors: null,
    pins: 0
  };
}
