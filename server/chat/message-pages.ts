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

/** Returns the messages after an offset, oldest first, and the damaged ones that were skipped before them. */
export function pageAfter(
  log: LogReader,
  thread: string,
  place: { readonly after: number; readonly last: number },
  limit: number
): PastPage {
  return readPast(log, thread, place, limit, HISTORY_CHARS_MAX);
}

/**
 * Returns the messages before an offset, oldest first; a page that is cut short lacks the oldest ones. Damaged messages
 * are skipped and reported to `onDamage`.
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

/** Threads of the time of a page's last one that are read at first, and how many times more with every further try. */
const TIED_FIRST = 4;

/** A page of a user's threads, newest first. */
export interface PageOfThreads {
  readonly threads: readonly UserThread[];
  /** Where the next page begins; null when this is the last one. */
  readonly next: ListPlace | null;
  /** Threads that were read for it, and rows that were looked at besides. */
  readonly read: number;
  readonly passed: number;
}

/**
 * Returns the threads of a user after a position. A position without a thread comes from a client that pages by time
 * only. So that it misses nothing, its page has all threads with the time of the last one, but at most
 * {@link HISTORY_LIMIT_MAX} threads and {@link HISTORY_CHARS_MAX} characters.
 */
export function pageOfThreads(
  log: ThreadRecords,
  user: string,
  before: ListPlace | null,
  limit: number,
  isByTime = before === null || before.thread === ''
): PageOfThreads {
  const { threads, more, passed } = log.userThreads(user, before, limit, HISTORY_CHARS_MAX);
  const read = threads.length;
  const last = threads.at(-1);
  if (!more || last === undefined) return { threads, next: null, read, passed };
  const page = { threads, next: placeOf(last), read, passed };
  return isByTime ? withTied(log, user, page, last.at) : page;
}

/** Adds the threads of the same time as the last one. Few are read at first, since there is seldom one. */
function withTied(
  log: ThreadRecords,
  user: string,
  page: PageOfThreads,
  at: number
): PageOfThreads {
  const threads = [...page.threads];
  let { next, read, passed } = page;
  let chars = charsOf(threads);
  for (let wanted = TIED_FIRST; next !== null; wanted *= TIED_FIRST) {
    const limit = Math.min(wanted, HISTORY_LIMIT_MAX - threads.length);
    if (limit <= 0) break;
    const rest = log.userThreads(user, next, limit, HISTORY_CHARS_MAX - chars);
    read += rest.threads.length;
    passed += rest.passed;
    for (const thread of rest.threads) {
      chars += charsOf([thread]);
      if (thread.at !== at || chars > HISTORY_CHARS_MAX) return { threads, next, read, passed };
      threads.push(thread);
      next = placeOf(thread);
    }
    if (!rest.more) next = null;
  }
  return { threads, next, read, passed };
}

function placeOf({ at, thread }: UserThread): ListPlace {
  return { at, thread };
}

/**
 * Rows searched for a thread that the user may read. Above it, or above {@link HISTORY_CHARS_MAX} characters that were
 * read, the page is empty, but says where the next one begins.
 */
export const FILTERED_MAX = HISTORY_LIMIT_MAX;

/** A page of the threads that a user may read. */
export interface ReadablePage extends PageOfThreads {
  /** Whether `next` is the position of a thread that the user may not read, and must not be shown as it is. */
  readonly isNextHidden: boolean;
  /** Characters of last messages that were read for it. */
  readonly chars: number;
}

/**
 * Returns a page like {@link pageOfThreads} without the threads that the user may not read. A page that becomes empty is
 * skipped while there are more: a client that pages by time takes the next position from the last row.
 */
export function readablePage(
  log: ThreadRecords,
  user: string,
  before: ListPlace | null,
  limit: number,
  mayRead: (thread: string) => boolean
): ReadablePage {
  const isByTime = before === null || before.thread === '';
  let read = 0;
  let passed = 0;
  let chars = 0;
  for (let from = before; ;) {
    const page = pageOfThreads(log, user, from, limit, isByTime);
    read += page.read;
    passed += page.passed;
    chars += charsOf(page.threads);
    const threads = page.threads.filter(({ thread }) => mayRead(thread));
    const { next } = page;
    const isEnough = read + passed >= FILTERED_MAX || chars >= HISTORY_CHARS_MAX;
    if (threads.length > 0 || next === null || isEnough) {
      const isNextHidden = next !== null && threads.at(-1) !== page.threads.at(-1);
      return { threads, next, read, passed, isNextHidden, chars };
    }
    from = next;
  }
}

function charsOf(threads: readonly UserThread[]): number {
  return threads.reduce((sum, { last }) => sum + (last?.frame.length ?? 0), 0);
}
