/**
 * chdb behind `@clickhouse/client`, inside the child process. It opens three connections on one directory, since each
 * runs one statement at a time: one for writes, one for reads, and one for pings, which must not wait behind either.
 * Calls of a connection wait here and not in the engine, where each waiting call would block one of libuv's four
 * threads.
 */
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { codeOf, failureOf } from '../failure.js';
import { Lane } from '../lane.js';
import type { EngineOrder } from './engine-messages.js';
import { StoreError, type Row } from '../store.js';

/** Name of the engine in reasons. */
const WHERE = 'the embedded engine';

/** The part of `chdb/connection` that this file uses. */
export interface ChdbModule {
  createChdbConnection(options: { path: string }): unknown;
}

type Connection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

// chdb is typed against another copy of the client's types, so check at run time what both must agree on.
function isConnection(value: unknown): value is Connection {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['ping', 'query', 'insert', 'command', 'exec', 'close'].every(
      (name) => name in value && typeof Reflect.get(value, name) === 'function'
    )
  );
}

/** An open engine. */
export interface EmbeddedEngine {
  /** Runs an order and returns its rows. */
  run(order: Exclude<EngineOrder, { op: 'open' } | { op: 'close' }>): Promise<Row[]>;
  /** Waits for running calls and closes. */
  close(): Promise<void>;
}

/**
 * Opens the engine on a directory.
 * @param load imports chdb; it throws where the platform has no binary
 * @throws {StoreError} `engine_missing`, `data_unreadable`
 */
export async function openEngine(
  path: string,
  load: () => Promise<ChdbModule> = () => import('chdb/connection')
): Promise<{ engine: EmbeddedEngine; rows: Row[] }> {
  let chdb: ChdbModule;
  try {
    chdb = await load();
  } catch (error) {
    throw new StoreError(
      'engine_missing',
      `the embedded engine is not installed on this platform (${codeOf(error) || String(error)}): set CLICKHOUSE_URL to a server, or CLICKHOUSE_URL=off`,
      { cause: error }
    );
  }
  const open = async () => {
    const connection = chdb.createChdbConnection({ path });
    if (!isConnection(connection)) {
      throw new StoreError(
        'engine_missing',
        'the installed chdb does not fit @clickhouse/client: install the versions of the lock file'
      );
    }
    const client = createClient({ connection, log: { level: ClickHouseLogLevel.OFF } });
    // As a server does over HTTP. Without it, 64-bit integers arrive as numbers and lose their last digits.
    await client.command({ query: 'SET output_format_json_quote_64bit_integers = 1' });
    return new Lane(client, () => performance.now());
  };
  let writes: Lane, reads: Lane, pings: Lane;
  try {
    writes = await open();
    reads = await open();
    pings = await open();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError('data_unreadable', failureOf(error, WHERE).message, { cause: error });
  }
  const select = (lane: Lane, sql: string) =>
    lane.run(async (client) => {
      const result = await client.query({ query: sql, format: 'JSONEachRow' });
      return result.json<Row>();
    });
  const engine: EmbeddedEngine = {
    async run(order) {
      try {
        switch (order.op) {
          case 'ping':
            return await select(pings, order.sql);
          case 'query':
            return await select(reads, order.sql);
          case 'command':
            await writes.run((client) => client.command({ query: order.sql }));
            return [];
          case 'insert': {
            const { table, columns, rows } = order;
            await writes.run((client) =>
              client.insert({
                table,
                columns: [columns[0], ...columns.slice(1)],
                values: [...rows],
                format: 'JSONEachRow'
              })
            );
            return [];
          }
        }
      } catch (error) {
        throw failureOf(error, WHERE);
      }
    },
    async close() {
      await Promise.all([writes.close(), reads.close(), pings.close()]);
    }
  };
  return { engine, rows: await engine.run({ op: 'query', sql: 'SELECT version() AS version' }) };
}
