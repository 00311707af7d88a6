/**
 * ClickHouse on a server, over HTTP, from version 18.16 on. There is no lasting connection: the next request finds out
 * that a server is gone.
 */
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { awakeTimers } from '../awake-timers.js';
import { systemClock, type Clock } from '../clock.js';
import { insertLines, LocalCopy, type RowLines } from './copy/local-copy.js';
import type { CopiedTable, RowCopy } from './copy/row-copy.js';
import { failureOf, foreignError } from './failure.js';
import { StoreError, type AnalyticsStore, type Row } from './store.js';

/** Longest wait for one statement, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** Longest wait for a ping, in milliseconds; a ping runs no query. */
export const REMOTE_PING_TIMEOUT_MS = 5_000;

/** Most sockets to the server: one for writes, some for queries, one for pings. */
const MAX_OPEN_CONNECTIONS = 8;

/** Parts of `CLICKHOUSE_URL`. */
interface RemoteAddress {
  readonly origin: string;
  readonly host: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
}

/** The part of every answer that is checked. */
interface Answered {
  readonly response_headers: Readonly<Record<string, unknown>>;
}

function parseAddress(url: string): RemoteAddress {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  // Query parameters would set options of the client library and so bypass the limits of this file.
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.search !== '') {
    throw new StoreError(
      'config',
      'CLICKHOUSE_URL is not of the form http(s)://user:password@host:port/database: correct it'
    );
  }
  return {
    origin: parsed.origin,
    host: parsed.host,
    username: decodeURIComponent(parsed.username) || 'default',
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.slice(1)) || 'default'
  };
}

/** A ClickHouse server as an {@link AnalyticsStore}. */
export class RemoteStore implements AnalyticsStore {
  readonly mode = 'remote';
  readonly #address: RemoteAddress;
  readonly #timers: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  #client: ClickHouseClient | null = null;

  /**
   * @param url `http(s)://user:password@host:port/database`
   * @param clock times the pings; the time in which this process does not run is not the server's silence
   * @throws {StoreError} `config` when it does not have that form; the reason never contains the URL
   */
  constructor(url: string, clock: Clock = systemClock) {
    this.#address = parseAddress(url);
    this.#timers = awakeTimers(clock);
  }

  async connect(signal: AbortSignal): Promise<{ version: string }> {
    await this.close();
    signal.throwIfAborted();
    const { origin, username, password, database } = this.#address;
    const client = createClient({
      url: origin,
      username,
      password,
      database,
      request_timeout: REQUEST_TIMEOUT_MS,
      max_open_connections: MAX_OPEN_CONNECTIONS,
      log: { level: ClickHouseLogLevel.OFF },
      // Old servers do this by default, new ones do not.
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 }
    });
    this.#client = client;
    try {
      // A query instead of a ping: /ping answers without checking user, password and database.
      const rows = await this.#rows(client, 'SELECT version() AS version', signal);
      return { version: String(rows[0]?.['version']) };
    } catch (error) {
      if (this.#client === client) await this.close();
      throw error;
    }
  }

  async ping(sql = 'SELECT 1 AS one'): Promise<void> {
    const late = new AbortController();
    const timer: unknown = this.#timers.setTimeout(() => {
      late.abort();
    }, REMOTE_PING_TIMEOUT_MS);
    try {
      await this.#rows(this.#open(), sql, late.signal);
    } finally {
      this.#timers.clearTimeout(timer);
    }
  }

  async command(sql: string): Promise<void> {
    await this.#write(this.#open().command({ query: sql }));
  }

  async query(sql: string): Promise<Row[]> {
    return this.#rows(this.#open(), sql);
  }

  copy(node: string): RowCopy {
    return new LocalCopy(node, (table, lines) => this.insertLines(table, lines));
  }

  /** Inserts the rows of a batch into one table. */
  async insertLines(table: CopiedTable, lines: RowLines): Promise<void> {
    await this.#write(insertLines(this.#open(), table, lines));
  }

  async insert(
    table: string,
    columns: readonly [string, ...string[]],
    rows: readonly Row[]
  ): Promise<void> {
    if (rows.length === 0) return;
    await this.#write(
      this.#open().insert({
        table,
        columns: [columns[0], ...columns.slice(1)],
        values: [...rows],
        format: 'JSONEachRow'
      })
    );
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    // Open requests fail; closing sockets cannot fail otherwise.
    await client?.close().catch(() => undefined);
  }

  onLost(): void {
    // HTTP has no connection to lose; `ping` notices.
  }

  #open(): ClickHouseClient {
    if (this.#client === null) throw new StoreError('closed', 'ClickHouse is not connected');
    return this.#client;
  }

  #rows(client: ClickHouseClient, sql: string, signal?: AbortSignal): Promise<Row[]> {
    const ask = async () => {
      const result = await client.query({
        query: sql,
        format: 'JSONEachRow',
        ...(signal === undefined ? {} : { abort_signal: signal })
      });
      try {
        this.#recognize(result.response_headers);
        // The client follows the signal only until the headers have arrived.
        return await beforeAbort(result.json<Row>(), signal);
      } finally {
        result.close();
      }
    };
    return this.#try(ask(), signal);
  }

  #write(work: Promise<Answered>): Promise<void> {
    return this.#try(
      work.then(({ response_headers }) => {
        this.#recognize(response_headers);
      })
    );
  }

  // Refuses answers that do not come from ClickHouse: a proxy's page would pass for stored rows, or for an empty
  // result.
  #recognize(headers: Answered['response_headers']): void {
    if (Object.keys(headers).some((name) => name.startsWith('x-clickhouse-'))) return;
    throw foreignError(this.#address.host);
  }

  async #try<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
    const { host, password } = this.#address;
    try {
      return await work;
    } catch (error) {
      if (signal?.aborted === true) {
        throw new StoreError('timeout', `${host} did not answer in time`, { cause: signal.reason });
      }
      throw failureOf(error, host, (text) =>
        password === ''
          ? text
          : text.replaceAll(password, '***').replaceAll(encodeURIComponent(password), '***')
      );
    }
  }
}

/** Returns the result of the work, or rejects as soon as the signal aborts. */
async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  let leave: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => {
      reject(new Error('aborted'));
    };
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
