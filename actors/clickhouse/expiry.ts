/**
 * Deletes old rows: when the store connects, and once a day while it stays connected. Engines before 19 have no TTL, so
 * rows are deleted by statements.
 */
import { reasonOf } from '../../machines/reason.js';
import type { Clock } from '../clock.js';
import type { Logger } from '../log-line.js';
import type { Clickhouse } from './clickhouse.js';
import { COPIED_TABLES, type SchemaStore } from './schema.js';

/** Time between two checks for old rows, in milliseconds: the limit counts in days. */
export const EXPIRE_EVERY_MS = 86_400_000;

/**
 * Orders the engine to delete rows older than `ttlDays` days; the engine does so in the background. At most one
 * deletion per table runs at a time: a table whose last deletion still runs, or that has no old rows, is left alone.
 * @param nowMs Unix milliseconds
 * @throws {StoreError} the store's error when a statement fails
 */
export async function expire(store: SchemaStore, ttlDays: number, nowMs: number): Promise<void> {
  const oldest = new Date(nowMs - ttlDays * EXPIRE_EVERY_MS).toISOString().slice(0, 10);
  for (const table of COPIED_TABLES) {
    const old = `day < toDate('${oldest}')`;
    const named = 'database = currentDatabase() AND';
    // The sink may still be creating or upgrading the schema when this runs for the first time.
    const there = await countOf(store, `system.tables WHERE ${named} name = '${table}'`);
    if (there === 0) continue;
    const busy = await countOf(
      store,
      `system.mutations WHERE ${named} table = '${table}' AND is_done = 0`
    );
    if (busy > 0 || (await countOf(store, `${table} WHERE ${old}`)) === 0) continue;
    await store.command(`ALTER TABLE ${table} DELETE WHERE ${old}`);
  }
}

/** Options of {@link watchExpiry}. */
export interface ExpiryOptions {
  readonly clickhouse: Pick<Clickhouse, 'store' | 'onChange'>;
  /** `CLICKHOUSE_TTL_DAYS`; undefined keeps rows forever. */
  readonly ttlDays: number | undefined;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Deletes old rows for as long as the store is used. It logs failures only, and tries again the next day.
 * @returns a function that stops it
 */
export function watchExpiry({ clickhouse, ttlDays, clock, logger }: ExpiryOptions): () => void {
  const { store } = clickhouse;
  if (store === null || ttlDays === undefined) return () => undefined;
  let timer: unknown = null;
  const run = () => {
    timer = clock.setTimeout(run, EXPIRE_EVERY_MS);
    expire(store, ttlDays, clock.now()).catch((error: unknown) => {
      logger.warn(
        `Old rows stay in ClickHouse until tomorrow, they cannot be deleted: ${reasonOf(error)}`,
        { actor: 'sink' }
      );
    });
  };
  const leave = clickhouse.onChange((isConnected) => {
    clock.clearTimeout(timer);
    if (isConnected) run();
  });
  return () => {
    leave();
    clock.clearTimeout(timer);
  };
}

async function countOf(store: SchemaStore, what: string): Promise<number> {
  const [row] = await store.query(`SELECT count() AS n FROM ${what}`);
  return Number(row?.['n'] ?? 0);
}
