/** What the log has and what ClickHouse has of it, to be held against each other. */
import { type AnalyticsStore } from '../../actors/clickhouse/store.js';

/** Messages in one page of the API. */
const PAGE = 500;

/** Offset and mid of a message, as text. */
export type Place = readonly [offset: number, mid: string];

interface Page {
  readonly messages: readonly { readonly offset: number; readonly mid: string }[];
  readonly more: boolean;
}

function isPage(value: unknown): value is Page {
  return typeof value === 'object' && value !== null && 'messages' in value && 'more' in value;
}

/** Every message of a thread as the server's API has it. */
export async function logged(url: string, thread: string): Promise<Place[]> {
  const places: Place[] = [];
  for (;;) {
    const after = String(places.at(-1)?.[0] ?? 0);
    const path = `/api/threads/${thread}/messages?after=${after}&limit=${String(PAGE)}`;
    const page: unknown = await (await fetch(url + path)).json();
    if (!isPage(page)) throw new Error(JSON.stringify(page));
    places.push(...page.messages.map(({ offset, mid }): Place => [offset, mid]));
    if (!page.more) return places;
  }
}

/** Every message of a thread as ClickHouse has it. */
export async function stored(store: AnalyticsStore, thread: string): Promise<Place[]> {
  const rows = await store.query(
    `SELECT \`offset\`, mid FROM messages FINAL WHERE thread = '${thread}' ORDER BY \`offset\``
  );
  return rows.map((row) => [Number(row['offset']), String(row['mid'])]);
}

/** One number that ClickHouse answers. */
export async function numberIn(store: AnalyticsStore, select: string): Promise<number> {
  const [row] = await store.query(`SELECT ${select}`);
  return Number(Object.values(row ?? {})[0]);
}

/** Messages by what became of them, as ClickHouse has it. */
export async function outcomesIn(store: AnalyticsStore): Promise<Record<string, number>> {
  const rows = await store.query(
    'SELECT outcome, sum(messages) AS n FROM deliveries FINAL GROUP BY outcome'
  );
  return Object.fromEntries(rows.map((row) => [String(row['outcome']), Number(row['n'])]));
}
