/**
 * chdb behind `@clickhouse/client`, inside the child process. It opens three connections on one directory, since each
 * runs one statement at a time: one for writes, one for reads, and one for pings, which must not wait behind either.
 * Calls of a connection wait here and not in the engine, where each waiting call would block one of libuv's four
 * threads.
 */
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { codeOf } from '../../../machines/error-code.js';
import { insertLines, LocalCopy } from '../copy/local-copy.js';
import { failureOf } from '../failure.js';
import { Lane } from '../lane.js';
import type { EngineOrder } from './engine-messages.js';
import { StoreError, type Row } from '../store.js';

/** Name of the engine in reasons. */
const WHERE = 'the embedded engine';

/**
 * Where the engine is imported from: a name, which the compiler does not follow. chdb is optional, and the sources must
 * compile where it is not installed.
 */
const CHDB = 'chdb/connection';

/** The part of `chdb/connection` that this file uses. */
interface ChdbModule {
  createChdbConnection(options: { path: string }): unknown;
}

function isChdbModule(value: unknown): value is ChdbModule {
  return (
    typeof value === 'object' &&
    value !== null &&
    'createChdbConnection' in value &&
    typeof value.createChdbConnection === 'function'
  );
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
 * @param load imports chdb: it throws where that is not installed, or has no binary for the platform
 * @throws {StoreError} `engine_missing`, `data_unreadable`
 */
export async function openEngine(
  path: string,
  load: () => Promise<unknown> = () => import(CHDB)
): Promise<{ engine: EmbeddedEngine; rows: Row[] }> {
  const chdb = await load().catch((error: unknown) => {
    throw missing(error);
  });
  const open = async () => {
    const connection = isChdbModule(chdb) ? chdb.createChdbConnection({ path }) : null;
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
  let batch: { readonly number: number; readonly rows: LocalCopy } | null = null;
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
          case 'add': {
            if (batch?.number !== order.copy) {
              const rows = new LocalCopy(order.node, async (table, lines) => {
                await writes.run((client) => insertLines(client, table, lines));
              });
              batch = { number: order.copy, rows };
            }
            await batch.rows.add(order.piece);
            return [];
          }
          case 'copy': {
            const isHere = batch?.number === order.copy;
            return [{ count: isHere ? await batch?.rows.insert(order.table) : 0 }];
          }
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

/** Says why the engine cannot be loaded, and what to do. */
function missing(cause: unknown): StoreError {
  const code = codeOf(cause);
  const [where, remedy] =
    code === 'ERR_MODULE_NOT_FOUND'
      ? ['', 'npm install chdb, or']
      : [` on this platform (${code || String(cause)})`, ''];
  return new StoreError(
    'engine_missing',
    `the embedded engine is not installed${where}: ${remedy && `${remedy} `}set CLICKHOUSE_URL to a server, or CLICKHOUSE_URL=off`,
    { cause }
  );
}
