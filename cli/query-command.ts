/** `rollcall query`: gets the reports of a running server over HTTP and prints them as a table. */
import { reasonOf } from '../machines/reason.js';
import { type CliOutside, EXIT, say } from './cli-outside.js';
import { tableLines } from './table-lines.js';
import { paintIf, wantsColours } from '../server/logger/paint.js';

/** Longest wait for an answer, in milliseconds: longer than the store may take for a report. */
export const ANSWER_TIMEOUT_MS = 45_000;

/** Options of `rollcall query`. */
export interface QueryOrder {
  /** Name of a report; undefined lists them. */
  readonly report: string | undefined;
  /** Address of the server. */
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Whole minutes to look back, as text; the server checks the limits. */
  readonly minutes: string;
  /** Print the JSON answer instead of a table. */
  readonly isJson: boolean;
}

/** The parts of an answer that are printed. */
interface Table {
  readonly title: string;
  readonly columns: readonly { readonly name: string; readonly kind: string }[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Asks the server and prints. Returns exit code 1 when the server is away, refuses or has no store, 2 for a wrong
 * request.
 */
export async function runQuery(order: QueryOrder, outside: CliOutside): Promise<number> {
  const faults = faultsOf(order);
  if (faults.length > 0) {
    await say(outside.stderr, faults.map((fault) => `rollcall query: ${fault}`).join('\n'));
    return EXIT.wrongUsage;
  }
  const path =
    order.report === undefined
      ? '/api/reports'
      : `/api/reports/${encodeURIComponent(order.report)}?minutes=${encodeURIComponent(order.minutes)}`;
  const answer = await ask(order, path);
  if (typeof answer === 'string') {
    await say(outside.stderr, `rollcall query: ${answer}`);
    return EXIT.failed;
  }
  if (order.isJson) {
    await say(outside.stdout, JSON.stringify(answer.body));
    return EXIT.good;
  }
  const table = order.report === undefined ? listOf(answer.body) : tableOf(answer.body);
  if (table === null) {
    await say(outside.stderr, `rollcall query: what ${order.url} answers is no report of Rollcall`);
    return EXIT.failed;
  }
  const paint = paintIf(wantsColours(outside.stdout, outside.env));
  const [head = '', ...rows] = linesOf(table);
  const empty = table.rows.length === 0 ? ['(nothing)'] : [];
  const title = order.report === undefined ? [] : [paint('bold', table.title), ''];
  await say(outside.stdout, [...title, paint('cyan', head), ...rows, ...empty].join('\n'));
  return EXIT.good;
}

function faultsOf({ url, minutes }: QueryOrder): string[] {
  const isAddress = /^https?:\/\//.test(url) && URL.canParse(url);
  return [
    ...(isAddress ? [] : [`--url ${url} is no http(s) address`]),
    ...(/^[1-9]\d{0,9}$/.test(minutes) ? [] : [`--minutes ${minutes} is no whole number above 0`])
  ];
}

/** Returns the body of a good answer, or a sentence that says why there is none. */
async function ask(order: QueryOrder, path: string): Promise<{ readonly body: unknown } | string> {
  let status: number;
  let body: unknown;
  try {
    const response = await fetch(new URL(path, order.url), {
      headers: order.apiKey === undefined ? {} : { 'x-api-key': order.apiKey },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS)
    });
    ({ status } = response);
    body = await response.json().catch(() => null);
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return `no server answers at ${order.url} (${reasonOf(cause)}): start it there, or say where with --url`;
  }
  if (status === 200) return { body };
  const detail = textOf(body, 'detail') ?? textOf(body, 'title') ?? `status ${String(status)}`;
  switch (status) {
    case 401:
    case 403:
      return `the server lets nobody in without its API key: ${detail} (--api-key or API_KEY)`;
    case 404:
      return `there is no report "${order.report ?? ''}": rollcall query lists them`;
    case 503:
      return `the server cannot answer now: ${detail}`;
    default:
      return `the server refuses: ${detail}`;
  }
}

function textOf(body: unknown, name: string): string | null {
  const value: unknown =
    typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' ? value : null;
}

function listOf(body: unknown): Table | null {
  const reports: unknown =
    typeof body === 'object' && body !== null && 'reports' in body ? body.reports : null;
  if (!isRows(reports)) return null;
  const columns = ['report', 'answers'].map((name) => ({ name, kind: 'text' }));
  const rows = reports.map((row) => ({ report: row['name'], answers: row['title'] }));
  return { title: 'reports', columns, rows };
}

function tableOf(body: unknown): Table | null {
  const title = textOf(body, 'title');
  if (title === null || typeof body !== 'object' || body === null) return null;
  const columns = 'columns' in body ? body.columns : null;
  const rows = 'rows' in body ? body.rows : null;
  if (!isRows(columns) || !isRows(rows)) return null;
  const named = columns.map((column) => ({
    name: String(column['name']),
    kind: String(column['kind'])
  }));
  return { title, columns: named, rows };
}

function isRows(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.every((row) => typeof row === 'object' && row !== null);
}

/** Returns header and rows, with numbers to the right. */
function linesOf({ columns, rows }: Table): string[] {
  const cells = [
    columns.map(({ name }) => name),
    ...rows.map((row) => columns.map(({ name, kind }) => cellOf(row[name], kind)))
  ];
  return tableLines(
    cells,
    columns.map(({ kind }) => !['text', 'time'].includes(kind))
  );
}

function cellOf(value: unknown, kind: string): string {
  if (typeof value === 'number') {
    return kind === 'time' && Math.abs(value) <= 8.64e15
      ? new Date(value).toISOString()
      : String(value);
  }
  // A thread's name may contain control characters.
  return typeof value === 'string' ? value.replace(/\p{Cc}/gu, '�') : '';
}
