/**
 * Messages found again by their words, thread, author and time. Every query reads the rows as `FINAL`, so that one that
 * was sent twice is found once.
 */
import { sqlString, type AnalyticsStore } from './store.js';

/** Most messages of one page. */
export const SEARCH_LIMIT_MAX = 200;

/** Words that are looked for at most; each is one more look at every text. */
export const SEARCH_WORDS_MAX = 16;

/** Longest time that the engine may spend on one query of a user, in seconds: less than the store waits for it. */
export const QUERY_SECONDS_MAX = 25;

/** Ends every query of ours; named in the statement, since an embedded engine would keep a setting for all that follow. */
export const QUERY_BOUND = `SETTINGS max_execution_time = ${String(QUERY_SECONDS_MAX)}`;

/** What is looked for; all of it must hold. Times are Unix milliseconds. */
export interface SearchFilter {
  /** Words that must all occur, in any case and order; no words ask for none. */
  readonly words: readonly string[];
  readonly thread?: string | undefined;
  /** Author. */
  readonly from?: string | undefined;
  /** Earliest time. */
  readonly since?: number | undefined;
  /** Latest time. */
  readonly until?: number | undefined;
  /** Only what is older than this: the time of the last message of the page before. */
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

/** One page, newest first. */
export interface FoundPage {
  readonly messages: readonly FoundMessage[];
  /** Whether there is more, to be asked for with `before` = time of the last one. */
  readonly more: boolean;
}

/** Splits what somebody typed into words; those past {@link SEARCH_WORDS_MAX} are not looked for. */
export function wordsOf(text: string): string[] {
  return [...new Set(text.split(/\s+/).filter((word) => word !== ''))].slice(0, SEARCH_WORDS_MAX);
}

/**
 * Finds messages.
 * @throws {StoreError} what the store says
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
  // A page ends between two times, or `before` would pass over what has the time of its last message. Of more than a
  // page of one millisecond the rest is reached by a narrower filter only.
  const whole = page.filter(({ at }) => at !== beyond.at);
  return { messages: whole.length === 0 ? page : whole, more: true };
}

/** The query of a filter; one row more than its limit tells whether there is more. */
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

/** The body as it was published; the text itself where a frame could not be read. */
function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
