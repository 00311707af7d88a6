/**
 * ClickHouse as the rest of the server sees it: a copy of the log that can be rebuilt, which accepts batches and
 * answers queries. It runs in a child process (`embedded-store.ts`) or on a server (`remote-store.ts`). No type of
 * `@clickhouse/client` or chdb leaves this folder.
 */

import type { RowCopy } from './copy/row-copy.js';

/** A row by column name. Every engine returns 64-bit integers as strings. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * Codes of a {@link StoreError}.
 * - `refused`: nothing answers at the address
 * - `foreign`: something other than ClickHouse answers
 * - `timeout`: no answer in time
 * - `auth`: wrong user or password
 * - `database`: the database does not exist
 * - `engine_missing`: chdb is not installed
 * - `data_locked`: another process uses the directory
 * - `data_unreadable`: the directory cannot be opened
 * - `lost`: the connection or the child process ended
 * - `busy`: too many requests are waiting
 * - `query`: the engine refused the statement
 * - `closed`: not connected
 * - `off`: switched off
 * - `config`: the URL is not valid
 * - `schema`: a newer version made the schema
 */
export type StoreErrorCode =
  | 'refused'
  | 'foreign'
  | 'timeout'
  | 'auth'
  | 'database'
  | 'engine_missing'
  | 'data_locked'
  | 'data_unreadable'
  | 'lost'
  | 'busy'
  | 'query'
  | 'closed'
  | 'off'
  | 'config'
  | 'schema';

const PERMANENT: ReadonlySet<StoreErrorCode> = new Set([
  'auth',
  'database',
  'engine_missing',
  'data_unreadable',
  'config',
  'schema'
]);

/** A failure of the store: the text says what failed, why, and what to do. It never contains a password. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'StoreError';
    this.code = code;
  }
  /** Whether somebody has to act before a retry can succeed. */
  get permanent(): boolean {
    return PERMANENT.has(this.code);
  }
}

/** One ClickHouse. Every method but `close` rejects with a {@link StoreError}. */
export interface AnalyticsStore {
  readonly mode: 'embedded' | 'remote';
  /**
   * Closes what was open before, connects and returns the engine's version. When `signal` aborts, it rejects and leaves
   * nothing open.
   */
  connect(signal: AbortSignal): Promise<{ version: string }>;
  /**
   * Resolves when the engine answers, even while long queries run. With `sql`, a short SELECT, it resolves when that
   * works.
   */
  ping(sql?: string): Promise<void>;
  /** Runs a statement that returns no rows. */
  command(sql: string): Promise<void>;
  /** Runs a SELECT (without a FORMAT clause) and returns all of its rows; the statement must limit them. */
  query(sql: string): Promise<Row[]>;
  /** Begins a batch of the sink. `node` is this node's id, stored with transitions. */
  copy(node: string): RowCopy;
  /** Inserts a few rows. Columns that are not listed get their defaults. */
  insert(
    table: string,
    columns: readonly [string, ...string[]],
    rows: readonly Row[]
  ): Promise<void>;
  /** Closes everything within seconds; never rejects. The store may connect again. */
  close(): Promise<void>;
  /** Sets the one listener for lost connections. It is called once per connection, with the reason. */
  onLost(listener: (reason: string) => void): void;
}

/** Returns a string as an SQL literal that every version reads back unchanged (18.16 has no query parameters). */
export function sqlString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
