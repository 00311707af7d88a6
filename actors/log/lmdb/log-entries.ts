/** Reads messages. What is damaged is refused by thread and offset; what stands before and behind it is given. */
import { LogCorruptError, orDamaged } from '../log-errors.js';
import type { FoundEntry, LogEntry } from '../log-reader.js';
import { decodeCount, entryKey, keyProblem, midKey, rowName, withinMid } from './log-keys.js';
import type { LogStore } from './log-store.js';
import type { Head, ThreadHeads } from './thread-heads.js';

/** The entries of one log. */
export class LogEntries {
  readonly #store: LogStore;
  readonly #dir: string;
  readonly #heads: ThreadHeads;

  constructor(store: LogStore, dir: string, heads: ThreadHeads) {
    this.#store = store;
    this.#dir = dir;
    this.#heads = heads;
  }

  /** @see LogReader.read */
  read(thread: string, after: number, limit: number, maxBytes: number): LogEntry[] {
    const head = this.#heads.get(thread);
    if (head === null) return [];
    const entries: LogEntry[] = [];
    const from = Math.max(after + 1, head.first);
    const to = Math.min(head.last, from + limit - 1);
    if (to < from) return entries;
    let bytes = 0;
    try {
      // Read singly: on a page that is damaged while the server runs, a cursor ends the process, and a read fails.
      for (let offset = from; offset <= to; offset += 1) {
        const frame = this.#store.get(entryKey(thread, offset));
        if (frame === undefined) throw this.#missing(thread, offset);
        bytes += frame.length;
        if (entries.length > 0 && bytes > maxBytes) return entries;
        entries.push({ offset, frame });
      }
    } catch (error) {
      // What stands before the damage is given; the read that begins at it is refused.
      if (entries.length === 0 || !(error instanceof LogCorruptError)) throw error;
    }
    return entries;
  }

  #missing(thread: string, offset: number): LogCorruptError {
    return new LogCorruptError(this.#dir, `${rowName(entryKey(thread, offset))} is missing`);
  }

  /** @see LogReader.readBefore */
  readBefore(thread: string, before: number, limit: number): LogEntry[] {
    const head = this.#heads.get(thread);
    if (head === null) return [];
    const last = Math.min(head.last, before - 1);
    const first = Math.max(head.first, last - limit + 1);
    if (last < first) return [];
    // The page ends just before `before`: of a page with damage in it, what stands behind the damage is given.
    for (let from = first; from < last;) {
      const after = from - 1;
      const entries = orDamaged(() => this.read(thread, after, last - after, Infinity), []);
      const end = entries.at(-1)?.offset ?? after;
      if (end === last) return entries;
      from = end + 2;
    }
    return this.read(thread, last - 1, 1, Infinity);
  }

  /** @see LogReader.withMid */
  withMid(mid: string, limit: number, only?: string): FoundEntry[] {
    if (keyProblem(only ?? 'any', '', mid) !== null) return [];
    const found: FoundEntry[] = [];
    const threads =
      only === undefined
        ? [...this.#store.keys({ ...withinMid(mid), limit })].map((key) => String(key[2]))
        : [only];
    for (const thread of threads) {
      const offset = decodeCount(this.#store.get(midKey(mid, thread)) ?? '');
      const head = this.#heads.peek(thread);
      // An entry that is still being written, or is being trimmed, is not visible.
      if (offset === null || head === null || offset < head.first || offset > head.last) continue;
      const frame = this.#store.get(entryKey(thread, offset));
      if (frame !== undefined) found.push({ thread, offset, frame });
    }
    return found;
  }

  /** The newest entry of a thread; null when none is kept, or it is damaged. */
  last({ thread, first, last }: Head): LogEntry | null {
    // A list of threads is worth more than the one message in it that is damaged.
    const frame =
      last < first
        ? undefined
        : orDamaged(() => this.#store.get(entryKey(thread, last)), undefined);
    return frame === undefined ? null : { offset: last, frame };
  }
}
