/**
 * The tables that Rollcall keeps in ClickHouse, in the dialect that every engine from 18.16 on reads: no DateTime64,
 * no TTL, no LowCardinality, no codecs, no skip indexes. Old rows go by `ALTER TABLE … DROP PARTITION`.
 */
import { StoreError, type AnalyticsStore } from './store.js';

/** One step of the schema; its statements may run again after a crash in the middle. */
interface Migration {
  readonly version: number;
  readonly statements: readonly string[];
}

// Replaced parts are kept for 8 minutes by default, which is 30 × the size of the data while inserting.
const SETTINGS = 'SETTINGS old_parts_lifetime = 30';

const VERSION_TABLE = `CREATE TABLE IF NOT EXISTS schema_version (
  version UInt32,
  at UInt64
) ENGINE = ReplacingMergeTree() ORDER BY version`;

const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: [
      // Times are Unix milliseconds. The key is the message's place in the log: sent twice, it is kept once.
      `CREATE TABLE IF NOT EXISTS messages (
  day Date DEFAULT toDate(toDateTime(intDiv(at, 1000))),
  thread String,
  epoch String,
  \`offset\` UInt64,
  mid String,
  user String,
  kind String,
  body String,
  at UInt64
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(day) ORDER BY (thread, epoch, \`offset\`) ${SETTINGS}`,
      `CREATE TABLE IF NOT EXISTS deliveries (
  day Date DEFAULT toDate(toDateTime(intDiv(at, 1000))),
  thread String,
  epoch String,
  \`offset\` UInt64,
  mid String,
  outcome String,
  subscribers UInt32,
  at UInt64
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(day) ORDER BY (thread, epoch, \`offset\`, outcome) ${SETTINGS}`,
      `CREATE TABLE IF NOT EXISTS transitions (
  day Date DEFAULT toDate(toDateTime(intDiv(at, 1000))),
  node String,
  actor String,
  \`from\` String,
  \`to\` String,
  event String,
  at UInt64
) ENGINE = MergeTree() PARTITION BY toYYYYMM(day) ORDER BY (actor, at) ${SETTINGS}`
    ]
  }
];

/** Version of the schema that this build makes and needs. */
export const SCHEMA_VERSION = Math.max(...MIGRATIONS.map((migration) => migration.version));

/**
 * Brings the schema to {@link SCHEMA_VERSION}; does nothing when it is there. Several nodes may run it at once.
 * @param at now, Unix milliseconds, written beside the version
 * @throws {StoreError} `schema` when a newer build made it; what the store says when a statement fails
 */
export async function migrate(
  store: Pick<AnalyticsStore, 'command' | 'query' | 'insert'>,
  at: number,
  signal?: AbortSignal
): Promise<void> {
  await store.command(VERSION_TABLE);
  const rows = await store.query('SELECT max(version) AS version FROM schema_version');
  const found = Number(rows[0]?.['version'] ?? 0);
  if (found > SCHEMA_VERSION) {
    throw new StoreError(
      'schema',
      `the ClickHouse schema has version ${String(found)}, this build knows ${String(SCHEMA_VERSION)}: upgrade Rollcall or use another database`
    );
  }
  for (const migration of MIGRATIONS) {
    if (migration.version <= found) continue;
    for (const statement of migration.statements) {
      signal?.throwIfAborted();
      await store.command(statement);
    }
    await store.insert('schema_version', ['version', 'at'], [{ version: migration.version, at }]);
  }
}
