/**
 * Search for messages by words, thread, author and time. Queries read with `FINAL`, so that a message that was sent
 * twice is found once.
 */
import { sqlString, type AnalyticsStore } from './store.js';

/** Most messages of one page. */
export const SEARCH_LIMIT_MAX = 200;

/** Most words of one search; each word costs one more pass over every text. */
export const SEARCH_WORDS_MAX = 16;

/** Longest time that the engine may spend on one query of a user, in seconds; shorter than the store's own timeout. */
export const QUERY_SECONDS_MAX = 25;

/**
 * Ends every query. The setting is part of the statement, since an embedded engine would keep it for all later
 * statements.
 */
export const QUERY_BOUND = `SETTINGS max_execution_time = ${String(QUERY_SECONDS_MAX)}`;

/** Conditions of a search; all must hold. Times are Unix milliseconds. */
export interface SearchFilter {
  /** Words that must all occur, in any case and order; empty sets no condition. */
  readonly words: readonly string[];
  readonly thread?: string | undefined;
  /** Author's user name. */
  readonly from?: string | undefined;
  /** Earliest `at`. */
  readonly since?: number | undefined;
  /** Latest `at`. */
  readonly until?: number | undefined;
  /** Only messages older than this: `at` of the last message of the previous page. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** A message that was found. */
export interface FoundMessage {
  readonly thread: string;
  readonly epoch: string;
  readonly offset: number;
  readonly mid: string;
  readonly from: { readonly user: string };
  /** Unix milliseconds. */
  readonly at: number;
  readonly kind: string;
  readonly body: unknown;
}

/** One page of messages, newest first. */
export interface FoundPage {
  readonly messages: readonly FoundMessage[];
  /** Whether there is a next page; get it with `before` = `at` of the last message. */
  readonly more: boolean;
}

/** Splits a typed text into words; words beyond {@link SEARCH_WORDS_MAX} are ignored. */
export function wordsOf(text: string): string[] {
  return [...new Set(text.split(/\s+/).filter((word) => word !== ''))].slice(0, SEARCH_WORDS_MAX);
}

/**
 * Searches for messages.
 * @throws {StoreError} the store's error
 */
export async function searchMessages(
  store: Pick<AnalyticsStore, 'query'>,
  filter: SearchFilter
): Promise<FoundPage> {
  const rows = await store.query(searchSql(filter));
  const found = rows.map(messageOf);
  const beyond = found.at(filter.limit);
  if (beyond === undefined) return { messages: found, more: false };
  const page = found.slice(0, filter.limit);
  // A page must end between two times, or `before` would skip messages with the same time as its last one. When one
  // millisecond has more than a page of messages, only a narrower search reaches the rest.
  const whole = page.filter(({ at }) => at !== beyond.at);
  return { messages: whole.length === 0 ? page : whole, more: true };
}

/** Returns the query of a filter. It reads one row more than the limit to see whether there is a next page. */
export function searchSql(filter: SearchFilter): string {
  const { words, thread, from, since, until, before, limit } = filter;
  const holds = [
    ...(thread === undefined ? [] : [`thread = ${sqlString(thread)}`]),
    ...(from === undefined ? [] : [`user = ${sqlString(from.toWellFormed())}`]),
    ...(since === undefined ? [] : [`at >= ${String(since)}`]),
    ...(until === undefined ? [] : [`at <= ${String(until)}`]),
    ...(before === undefined ? [] : [`at < ${String(before)}`]),
    ...words.map(
      (word) => `positionCaseInsensitiveUTF8(text, ${sqlString(word.toWellFormed())}) > 0`
    )
  ];
  const where = holds.length === 0 ? '' : `WHERE ${holds.join(' AND ')} `;
  return `SELECT thread, epoch, \`offset\`, mid, user, at, kind, body FROM messages FINAL ${where}ORDER BY at DESC, thread, \`offset\` DESC LIMIT ${String(limit + 1)} ${QUERY_BOUND}`;
}

function messageOf(row: Readonly<Record<string, unknown>>): FoundMessage {
  return {
    thread: String(row['thread']),
    epoch: String(row['epoch']),
    offset: Number(row['offset']),
    mid: String(row['mid']),
    from: { user: String(row['user']) },
    at: Number(row['at']),
    kind: String(row['kind']),
    body: bodyOf(String(row['body']))
  };
}

/** Returns the published body; the text itself where a frame could not be read. */
function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
