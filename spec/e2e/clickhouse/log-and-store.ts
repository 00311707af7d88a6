/** Reads what the log has and what ClickHouse has, so that specs can compare them. */
import { type AnalyticsStore } from '../../../actors/clickhouse/store.js';
import { get, isRecord } from '../http/http-answer.js';
import { untilStatus, type StatusBody } from '../servers/until.js';

/** Messages in one page of the API. */
const PAGE = 500;

/** Longest time that an idle server takes to write its backlog to ClickHouse. */
const STORED_MS = 20_000;

/** Offset and mid of a message, as text. */
export type Place = readonly [offset: number, mid: string];

interface Page {
  readonly messages: readonly { readonly offset: number; readonly mid: string }[];
  readonly more: boolean;
}

function isPage(value: unknown): value is Page {
  return typeof value === 'object' && value !== null && 'messages' in value && 'more' in value;
}

/** Returns every message of a thread, from the server's API. */
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

/** Returns every message of a thread, from ClickHouse. */
export async function stored(store: AnalyticsStore, thread: string): Promise<Place[]> {
  const rows = await store.query(
    `SELECT \`offset\`, mid FROM messages FINAL WHERE thread = '${thread}' ORDER BY \`offset\``
  );
  return rows.map((row) => [Number(row['offset']), String(row['mid'])]);
}

/** Runs a query whose result is one number, and returns it. */
export async function numberIn(store: AnalyticsStore, select: string): Promise<number> {
  const [row] = await store.query(`SELECT ${select}`);
  return Number(Object.values(row ?? {})[0]);
}

/** Returns the number of messages by their outcome, from ClickHouse. */
export async function outcomesIn(store: AnalyticsStore): Promise<Record<string, number>> {
  const rows = await store.query(
    'SELECT outcome, sum(messages) AS n FROM deliveries FINAL GROUP BY outcome'
  );
  return Object.fromEntries(rows.map((row) => [String(row['outcome']), Number(row['n'])]));
}

/** Returns whether ClickHouse has everything that the log has. */
export function isStored({ sink }: StatusBody): boolean {
  return sink?.backlog.threads === 0 && sink.backlog.facts === 0;
}

/** Returns the texts of the messages that a search finds, oldest first, once the store has everything. */
export async function found(url: string, query: string): Promise<string[]> {
  await untilStatus(url, isStored, STORED_MS);
  const { status, body } = await get(`${url}/api/search?${query}`);
  if (status !== 200 || !Array.isArray(body['messages'])) throw new Error(JSON.stringify(body));
  return body['messages']
    .map((message: unknown) => {
      const content = isRecord(message) ? message['body'] : null;
      return isRecord(content) ? String(content['text']) : '';
    })
    .reverse();
}
