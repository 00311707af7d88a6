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
  /** The published body, as its author wrote it. */
  readonly bodyJson: string;
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
  return pageOf(rows.map(messageOf), filter.limit);
}

/** Returns the first page of what was found; a message beyond the limit says that there is another one. */
function pageOf(found: readonly FoundMessage[], limit: number): FoundPage {
  const beyond = found.at(limit);
  if (beyond === undefined) return { messages: found, more: false };
  const page = found.slice(0, limit);
  // A page must end between two times, or `before` would skip messages with the same time as its last one. When one
  // millisecond has more than a page of messages, only a narrower search reaches the rest.
  const whole = page.filter(({ at }) => at !== beyond.at);
  return { messages: whole.length === 0 ? page : whole, more: true };
}

/** Most queries for one page of a user who may not read everything that fits. */
export const SEARCH_QUERIES_MAX = 5;

/**
 * Searches for messages of threads that a user may read. Messages of other threads leave no trace in the page, neither in
 * `more` nor in a position, so that nobody can guess their words. Only when so many of them were passed over that the queries
 * are used up, the page says where the next one begins (`next`, a time for `before`).
 * @param readable returns which of some threads the user may read; null when that is not known now
 * @returns null when `readable` does
 * @throws {StoreError} the store's error
 */
export async function readablePage(
  store: Pick<AnalyticsStore, 'query'>,
  filter: SearchFilter,
  readable: (threads: ReadonlySet<string>) => Promise<ReadonlySet<string> | null>
): Promise<(FoundPage & { readonly next: number | null }) | null> {
  const { limit } = filter;
  const seen: FoundMessage[] = [];
  let { before } = filter;
  for (let query = 0; query < SEARCH_QUERIES_MAX; query++) {
    const found = await searchMessages(store, { ...filter, before, limit: SEARCH_LIMIT_MAX });
    const threads = await readable(new Set(found.messages.map(({ thread }) => thread)));
    if (threads === null) return null;
    seen.push(...found.messages.filter(({ thread }) => threads.has(thread)));
    if (seen.length > limit || !found.more) return { ...pageOf(seen, limit), next: null };
    before = found.messages.at(-1)?.at;
  }
  return { messages: seen, more: true, next: before ?? null };
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
    ...words.map(occurs)
  ];
  const where = holds.length === 0 ? '' : `WHERE ${holds.join(' AND ')} `;
  return `SELECT thread, epoch, \`offset\`, mid, user, at, kind, body FROM messages FINAL ${where}ORDER BY at DESC, thread, \`offset\` DESC LIMIT ${String(limit + 1)} ${QUERY_BOUND}`;
}

/**
 * Rows hold text in NFC. Rows of older versions hold it as it was written, nearly always in NFC (most keyboards) or NFD
 * (file names of macOS). So each word is searched in both forms. Normalizing the rows in a query is no way: the oldest
 * engines that are supported cannot.
 */
function occurs(word: string): string {
  const sound = word.toWellFormed();
  const forms = new Set([sound.normalize('NFC'), sound.normalize('NFD'), sound]);
  const each = [...forms].map(
    (form) => `positionCaseInsensitiveUTF8(text, ${sqlString(form)}) > 0`
  );
  return each.length === 1 ? each.join('') : `(${each.join(' OR ')})`;
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
    bodyJson: bodyOf(String(row['body']))
  };
}

/** Returns the stored body as JSON text. A row whose frame could not be parsed holds plain text, which becomes a JSON string. */
function bodyOf(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

/**
 * Returns a page as JSON, with `asOf`. Bodies are inserted as text, because parsing could change their numbers. `next` is
 * where the next page begins. It is needed only when the last message, which says so otherwise, was left out.
 */
export function foundJson(
  { messages, more }: FoundPage,
  asOf: number | null,
  next: number | null = null
): string {
  const found = messages.map(({ bodyJson, ...message }) => {
    const head = JSON.stringify(message).slice(0, -1);
    return `${head},"body":${bodyJson}}`;
  });
  const from = next === null ? '' : `"next":${String(next)},`;
  return `{"messages":[${found.join(',')}],"more":${String(more)},${from}"asOf":${String(asOf)}}`;
}
