/**
 * Pages of messages for `history` and `threads`, over WebSocket and HTTP. A page ends at a number of messages or at
 * {@link HISTORY_CHARS_MAX}, whichever comes first.
 */
import type { LogCorruptError } from '../../actors/log/log-errors.js';
import type { LogEntry, LogReader } from '../../actors/log/log-reader.js';
import { readBackPast, readPast, type PastPage } from '../../actors/log/read-past.js';
import type { ThreadRecords, UserThread } from '../../actors/log/thread-records.js';

/** Messages, or threads, of a page when the request sets no limit. */
export const PAGE_DEFAULT = 50;

/** Most characters of messages in one page. A larger page is cut and says `more`; one message always fits. */
export const HISTORY_CHARS_MAX = 524_288;

/** Returns how many of the lengths, from the first on, fit into {@link HISTORY_CHARS_MAX}; at least one. */
function fitting(lengths: readonly number[], taken = 0): number {
  let chars = taken;
  const end = lengths.findIndex((length, index) => {
    chars += length;
    return chars > HISTORY_CHARS_MAX && (taken > 0 || index > 0);
  });
  return end === -1 ? lengths.length : end;
}

/** Returns the messages after an offset, oldest first, and the damaged ones before them. */
export function pageAfter(
  log: LogReader,
  thread: string,
  place: { readonly after: number; readonly last: number },
  limit: number
): PastPage {
  return readPast(log, thread, place, limit, HISTORY_CHARS_MAX);
}

/**
 * Returns the messages before an offset, oldest first; a page that is cut lacks the oldest ones. Damaged ones are left
 * out, and told to `onDamage`.
 */
export function pageBefore(
  log: LogReader,
  thread: string,
  before: number,
  limit: number,
  onDamage: (why: LogCorruptError) => void
): LogEntry[] {
  const newestFirst: LogEntry[] = [];
  let chars = 0;
  let next = before;
  while (newestFirst.length < limit) {
    const wanted = Math.min(PAGE_DEFAULT, limit - newestFirst.length);
    const chunk = readBackPast(log, thread, next, wanted, onDamage).reverse();
    const lengths = chunk.map(({ frame }) => frame.length);
    const count = fitting(lengths, chars);
    newestFirst.push(...chunk.slice(0, count));
    const oldest = chunk.at(-1);
    if (oldest === undefined || count < chunk.length) break;
    chars += lengths.reduce((sum, length) => sum + length, 0);
    next = oldest.offset;
  }
  return newestFirst.reverse();
}

/** Returns the threads of a user whose last message is older than `before`, newest first. */
export function pageOfThreads(
  log: ThreadRecords,
  user: string,
  before: number,
  limit: number
): { threads: UserThread[]; more: boolean } {
  const { threads, more } = log.userThreads(user, before, limit);
  const count = fitting(threads.map(({ last }) => last?.frame.length ?? 0));
  return { threads: threads.slice(0, count), more: more || count < threads.length };
}
