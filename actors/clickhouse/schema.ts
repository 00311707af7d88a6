/**
 * The tables that Rollcall keeps in ClickHouse, a copy of the thread log. They use the dialect that every engine from
 * 18.16 on knows: no DateTime64, no TTL, no LowCardinality, no codecs, no skip indexes.
 * @see docs/adr/0008-exactly-once-by-replacing-key.md
 */
import type { CopiedTable } from './copy/row-copy.js';
import { StoreError, type AnalyticsStore } from './store.js';

/** The part of a store that the schema needs. */
export type SchemaStore = Pick<AnalyticsStore, 'command' | 'query' | 'insert'>;

/** The tables that the sink fills, in the order of their inserts in a batch. */
export const COPIED_TABLES = [
  'messages',
  'deliveries',
  'transitions',
  'steps',
  'runs'
] as const satisfies readonly CopiedTable[];

// Replaced parts are kept for 8 minutes by default; during inserts that takes 30 × the size of the data.
const SETTINGS = 'old_parts_lifetime = 30';

// Rows that the sink has taken off its backlog must survive a power cut. Engines before 20.10 cannot promise that.
const DURABLE_SETTINGS = `${SETTINGS}, fsync_after_insert = 1, fsync_part_directory = 1`;

const VERSION_TABLE = `CREATE TABLE IF NOT EXISTS schema_version (
  version UInt32,
  at UInt64
) ENGINE = ReplacingMergeTree() ORDER BY version`;

/** Identifies this set of tables. The sink fills a new set from the beginning of the log. */
const IDENTITY_TABLE = `CREATE TABLE IF NOT EXISTS identity (
  id String,
  at UInt64
) ENGINE = ReplacingMergeTree() ORDER BY id`;

// Times are Unix milliseconds, durations milliseconds. The key is the row's position in the log, so a row that is sent
// twice is kept once. `day` is derived from `at`, so that both copies are in one partition.
const DAY = 'day Date DEFAULT toDate(toDateTime(intDiv(at, 1000)))';
const COPIED_COLUMNS: Readonly<Record<(typeof COPIED_TABLES)[number], string>> = {
  messages: `(
  ${DAY},
  thread String,
  epoch String,
  \`offset\` UInt64,
  mid String,
  user String,
  kind String,
  body String,
  text String,
  at UInt64
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(day) ORDER BY (thread, epoch, \`offset\`)`,
  deliveries: `(
  ${DAY},
  epoch String,
  id UInt64,
  thread String,
  \`offset\` UInt64,
  messages UInt32,
  outcome String,
  subscribers UInt32,
  at UInt64,
  tookMs Float64,
  appendedMs Nullable(Float64)
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(day) ORDER BY (thread, epoch, id)`,
  transitions: `(
  ${DAY},
  epoch String,
  id UInt64,
  node String,
  chart String,
  actor String,
  \`from\` String,
  \`to\` String,
  event String,
  at UInt64,
  spentMs UInt64
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(day) ORDER BY (chart, epoch, id)`,
  steps: `(
  ${DAY},
  epoch String,
  id UInt64,
  thread String,
  step String,
  user String,
  connection String,
  \`from\` UInt64,
  upTo UInt64,
  since UInt64,
  at UInt64
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(day) ORDER BY (thread, epoch, id)`,
  // One row for each run that has ended, made of the message of its end and with the same key.
  runs: `(
  ${DAY},
  thread String,
  epoch String,
  \`offset\` UInt64,
  run String,
  agent String,
  user String,
  inReplyTo String,
  outcome String,
  code String,
  attempts UInt32,
  ms Nullable(Float64),
  firstTextMs Nullable(Float64),
  model String,
  inputTokens Nullable(UInt64),
  outputTokens Nullable(UInt64),
  cachedTokens Nullable(UInt64),
  reasoningTokens Nullable(UInt64),
  at UInt64
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(day) ORDER BY (thread, epoch, \`offset\`)`
};

/** Columns that tables of version 2 lack. They stay empty in old rows. */
const ADDED_COLUMNS = [
  { table: 'deliveries', column: 'appendedMs', type: 'Nullable(Float64)' }
] as const;

/**
 * A short read of a table's file. It finds two faults that a ping does not: somebody deleted the files under a running
 * engine, which then accepts rows and stores them nowhere; or the tables are no longer ours.
 */
export const PROBE_SQL = 'SELECT id FROM identity';

/**
 * Schema version that this build creates and needs. Version 1 had the same tables with other columns; no build stored
 * rows in them, so they are dropped. Version 2 had no `steps` and lacked the columns of {@link ADDED_COLUMNS}, and version 3
 * had no `runs`; their rows stay.
 */
export const SCHEMA_VERSION = 4;

/** First version whose tables hold rows. */
const KEPT_VERSION = 2;

/** Tables added after `KEPT_VERSION`, with their first version. An older schema without one has lost no rows. */
const NEW_TABLES: ReadonlyMap<string, number> = new Map([
  ['steps', 3],
  ['runs', 4]
]);

/**
 * Upgrades the schema to {@link SCHEMA_VERSION} and creates missing tables; does nothing when all is there. It may be
 * killed at any point and run again, and several nodes may run it at once.
 * @param at now, Unix milliseconds, stored with the version
 * @throws {StoreError} `schema` when a newer build made the schema; the store's error when a statement fails
 */
export async function migrate(store: SchemaStore, at: number, signal?: AbortSignal): Promise<void> {
  await store.command(VERSION_TABLE);
  const rows = await store.query('SELECT max(version) AS version FROM schema_version');
  const found = Number(rows[0]?.['version'] ?? 0);
  if (found > SCHEMA_VERSION) {
    throw new StoreError(
      'schema',
      `the ClickHouse schema has version ${String(found)}, this build knows ${String(SCHEMA_VERSION)}: upgrade Rollcall or use another database`
    );
  }
  const isOld = found < KEPT_VERSION;
  const present = await tablesOf(store);
  // A missing table of this version had rows; a table that the older version never had did not.
  const isWhole = [...COPIED_TABLES, 'identity'].every(
    (name) => present.has(name) || found < (NEW_TABLES.get(name) ?? 0)
  );
  if (found === SCHEMA_VERSION && isWhole) return;
  const settings = (await knowsFsync(store)) ? DURABLE_SETTINGS : SETTINGS;
  // Drop the identity first and create it last: tables that lack rows then never pass for those that had them, even
  // when this is killed in between. When tables are only added, the identity stays and nothing is sent again.
  const drops = isOld ? ['identity', ...COPIED_TABLES] : isWhole ? [] : ['identity'];
  const run = async (statement: string): Promise<void> => {
    signal?.throwIfAborted();
    await store.command(statement);
  };
  for (const name of drops) await run(`DROP TABLE IF EXISTS ${name}`);
  for (const name of COPIED_TABLES) {
    await run(`CREATE TABLE IF NOT EXISTS ${name} ${COPIED_COLUMNS[name]} SETTINGS ${settings}`);
  }
  if (!isOld && found < SCHEMA_VERSION) await addColumns(store, run);
  await run(IDENTITY_TABLE);
  if (found < SCHEMA_VERSION) {
    await store.insert('schema_version', ['version', 'at'], [{ version: SCHEMA_VERSION, at }]);
  }
}

/**
 * Returns the id of this set of tables, and stores one when it has none. When two nodes store one at the same moment,
 * the older wins; the other node finds that out at its next call and sends its log again.
 * @param newId id to store when there is none
 * @param at now, Unix milliseconds
 * @throws {StoreError} the store's error when a statement fails
 */
export async function identityOf(store: SchemaStore, newId: string, at: number): Promise<string> {
  const oldest = async () => {
    const [row] = await store.query('SELECT id FROM identity FINAL ORDER BY at, id LIMIT 1');
    return row === undefined ? null : String(row['id']);
  };
  const found = await oldest();
  if (found !== null) return found;
  await store.insert('identity', ['id', 'at'], [{ id: newId, at }]);
  return (await oldest()) ?? newId;
}

/** Adds the columns that tables of an older version lack. The oldest dialect has no `ADD COLUMN IF NOT EXISTS`. */
async function addColumns(
  store: SchemaStore,
  run: (statement: string) => Promise<void>
): Promise<void> {
  for (const { table, column, type } of ADDED_COLUMNS) {
    if (await hasColumn(store, table, column)) continue;
    try {
      await run(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
    } catch (error) {
      // Another node may have added it at the same moment.
      if (!(await hasColumn(store, table, column))) throw error;
    }
  }
}

async function hasColumn(store: SchemaStore, table: string, column: string): Promise<boolean> {
  const [row] = await store.query(
    `SELECT count() AS n FROM system.columns WHERE database = currentDatabase() AND table = '${table}' AND name = '${column}'`
  );
  return Number(row?.['n'] ?? 0) > 0;
}

async function tablesOf(store: SchemaStore): Promise<ReadonlySet<string>> {
  const rows = await store.query(
    'SELECT name FROM system.tables WHERE database = currentDatabase()'
  );
  return new Set(rows.map((row) => String(row['name'])));
}

async function knowsFsync(store: SchemaStore): Promise<boolean> {
  const [row] = await store.query(
    "SELECT count() AS known FROM system.merge_tree_settings WHERE name = 'fsync_after_insert'"
  );
  return Number(row?.['known'] ?? 0) > 0;
}
