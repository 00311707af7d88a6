/**
 * Pages of messages for `history` and `threads`, over WebSocket and HTTP. A page ends at a number of messages or at
 * {@link HISTORY_CHARS_MAX}, whichever comes first.
 */
import type { LogCorruptError } from '../../actors/log/log-errors.js';
import type { LogEntry, LogReader } from '../../actors/log/log-reader.js';
import { readBackPast, readPast, type PastPage } from '../../actors/log/read-past.js';
import type { ListPlace, ThreadRecords, UserThread } from '../../actors/log/thread-records.js';
import { HISTORY_LIMIT_MAX } from '../../protocol/frames.js';

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

/** A page of a user's threads, newest first. */
export interface PageOfThreads {
  readonly threads: readonly UserThread[];
  /** Where the next page begins; null when this is the last one. */
  readonly next: ListPlace | null;
}

/**
 * Returns the threads of a user behind a place. A place without a thread is that of a client that pages by time only:
 * so that it leaves nothing out, its page has all threads of the last one's time, but at most
 * {@link HISTORY_LIMIT_MAX} threads and {@link HISTORY_CHARS_MAX} characters.
 */
export function pageOfThreads(
  log: ThreadRecords,
  user: string,
  before: ListPlace | null,
  limit: number
): PageOfThreads {
  const page = log.userThreads(user, before, limit, HISTORY_CHARS_MAX);
  const { threads } = page;
  const last = threads.at(-1);
  if (!page.more || last === undefined) return { threads, next: null };
  const place = { at: last.at, thread: last.thread };
  if ((before !== null && before.thread !== '') || limit >= HISTORY_LIMIT_MAX) {
    return { threads, next: place };
  }
  const charsLeft = HISTORY_CHARS_MAX - charsOf(threads);
  const [first] = log.userThreads(user, place, 1, 0).threads;
  if (first?.at !== last.at || charsOf([first]) > charsLeft) {
    return { threads, next: place };
  }
  const rest = log.userThreads(user, place, HISTORY_LIMIT_MAX - limit, charsLeft);
  const tied = rest.threads.filter(({ at }) => at === last.at);
  const end = tied.at(-1) ?? last;
  const hasMore = rest.more || tied.length < rest.threads.length;
  const next = hasMore ? { at: end.at, thread: end.thread } : null;
  return { threads: [...threads, ...tied], next };
}

/** Most pages that are looked through for a row that may be shown. */
export const FILTERED_PAGES_MAX = 20;

/** Threads that may be shown, and how many were looked at for them. */
export interface ReadablePage extends PageOfThreads {
  readonly looked: number;
}

/**
 * Returns a page like {@link pageOfThreads}, without the threads that the user may not read. While there may be more, the
 * pages of which nothing is left are passed over: who gets no row could not say where the next page begins.
 */
export function readablePage(
  log: ThreadRecords,
  user: string,
  before: ListPlace | null,
  limit: number,
  mayRead: (thread: string) => boolean
): ReadablePage {
  let looked = 0;
  let from = before;
  for (let pages = 0; pages < FILTERED_PAGES_MAX; pages++) {
    const page = pageOfThreads(log, user, from, limit);
    looked += page.threads.length;
    const threads = page.threads.filter(({ thread }) => mayRead(thread));
    if (threads.length > 0 || page.next === null) return { threads, next: page.next, looked };
    from = page.next;
  }
  return { threads: [], next: from, looked };
}

function charsOf(threads: readonly UserThread[]): number {
  return threads.reduce((sum, { last }) => sum + (last?.frame.length ?? 0), 0);
}
