/**
 * ClickHouse as everything above it sees it: a rebuildable projection that takes batches and answers queries, in a
 * child process (`embedded-store.ts`) or on a server (`remote-store.ts`). No type of `@clickhouse/client` or chdb
 * leaves this folder.
 */

/** A row by column name. 64-bit integers come back as strings from every engine. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * What went wrong, for code: `refused` nobody answers there · `foreign` something else answers there · `timeout` · `auth` wrong user or password · `database`
 * it does not exist · `engine_missing` chdb is not installed here · `data_locked` another process has the directory ·
 * `data_unreadable` the directory cannot be opened · `lost` the connection or the child died · `busy` too many
 * requests in flight · `query` the engine refused the statement · `closed` not connected · `off` switched off · `config` a bad URL ·
 * `schema` made by a newer version.
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

/** A failure of the store in words: what, why, and what to do; never with a password in it. */
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
   * Connects, having let go of what was open before, and answers the engine's version. When `signal` aborts it
   * rejects and leaves nothing open.
   */
  connect(signal: AbortSignal): Promise<{ version: string }>;
  /** Resolves when the engine answers, also while long queries run; with a short SELECT, when that works. */
  ping(sql?: string): Promise<void>;
  /** Runs a statement that answers no rows. */
  command(sql: string): Promise<void>;
  /** Runs a SELECT (without a FORMAT clause) and answers all of its rows: bound them in the statement. */
  query(sql: string): Promise<Row[]>;
  /** Inserts rows (500 to 2000 at a time is best). Columns that are not named get their defaults. */
  insert(
    table: string,
    columns: readonly [string, ...string[]],
    rows: readonly Row[]
  ): Promise<void>;
  /** Lets go of everything within seconds; never rejects; the store may be connected again. */
  close(): Promise<void>;
  /** Sets the one listener for "the connection is gone", which is told once per connection, with the reason. */
  onLost(listener: (reason: string) => void): void;
}

/** Writes a string as a SQL literal that every version reads back unchanged (18.16 has no query parameters). */
export function sqlString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
