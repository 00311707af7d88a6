/**
 * Erases the rows of erased messages, when the store connects and every few seconds while it stays connected. What is to be
 * erased is in the thread log until the store has been seen without it, however long the store was away.
 */
import { reasonOf } from '../../machines/reason.js';
import { ERASED_BODY } from '../../protocol/erased.js';
import type { Clock } from '../clock.js';
import type { AnalyticsFeed } from '../log/analytics-feed.js';
import type { ThreadRecords } from '../log/thread-records.js';
import type { Logger } from '../log-line.js';
import { rowsErased, staleRows, type StaleRow } from '../upkeep/stale-rows.js';
import type { Clickhouse } from './clickhouse.js';
import { sound } from './copy/sound-values.js';
import { sqlString, type AnalyticsStore } from './store.js';

/** Time between two looks at what is to be erased, in milliseconds: a look at nothing costs microseconds. */
export const ERASE_EVERY_MS = 5_000;

/** Most messages of one statement. */
const ROWS_MAX = 256;

/** What is read of the log. */
export interface ErasureLog extends Pick<ThreadRecords, 'records' | 'setRecord'> {
  readonly feed: Pick<AnalyticsFeed, 'isTaken'>;
}

/**
 * Erases the rows of some messages, or notes that they have been: each call does one of both. Only one change of the table
 * runs at a time.
 * @throws {StoreError} the store's error when a statement fails
 */
export async function eraseRows(
  store: Pick<AnalyticsStore, 'query' | 'command'>,
  log: ErasureLog
): Promise<void> {
  // A message that is just being sent may come with its old body: after it was taken, no more comes.
  const rows = staleRows(log, ROWS_MAX).filter(({ thread, offset }) =>
    log.feed.isTaken(thread, offset)
  );
  if (rows.length === 0) return;
  const [busy] = await store.query(
    "SELECT count() AS n FROM system.mutations WHERE database = currentDatabase() AND table = 'messages' AND is_done = 0"
  );
  if (Number(busy?.['n'] ?? 0) > 0) return;
  const where = `(${rows.map(isRow).join(' OR ')}) AND body != ${sqlString(ERASED_BODY)}`;
  const [left] = await store.query(`SELECT count() AS n FROM messages WHERE ${where}`);
  if (Number(left?.['n'] ?? 0) === 0) {
    await rowsErased(log, rows);
    return;
  }
  await store.command(
    `ALTER TABLE messages UPDATE body = ${sqlString(ERASED_BODY)}, text = '' WHERE ${where}`
  );
}

/** By its mid: the store may have a message under several epochs. */
function isRow({ thread, mid }: StaleRow): string {
  return `(thread = ${sqlString(sound(thread))} AND mid = ${sqlString(sound(mid))})`;
}

/** Options of {@link watchErasures}. */
export interface ErasuresOptions {
  readonly clickhouse: Pick<Clickhouse, 'store' | 'onChange'>;
  /** Returns the open log; null while there is none. */
  readonly log: () => ErasureLog | null;
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Erases rows for as long as the store is used. Returns a function that stops it. */
export function watchErasures({ clickhouse, log, clock, logger }: ErasuresOptions): () => void {
  const { store } = clickhouse;
  if (store === null) return () => undefined;
  let timer: unknown = null;
  let isConnected = false;
  let isTold = false;
  const later = (): void => {
    clock.clearTimeout(timer);
    if (isConnected) timer = clock.setTimeout(run, ERASE_EVERY_MS);
  };
  const run = (): void => {
    const open = log();
    if (open === null) {
      later();
      return;
    }
    void eraseRows(store, open)
      .then(
        () => {
          isTold = false;
        },
        (error: unknown) => {
          if (isTold) return;
          isTold = true;
          logger.warn(
            `Erased messages stay in ClickHouse until it takes the change, which is tried again: ${reasonOf(error)}`,
            { actor: 'sink' }
          );
        }
      )
      .finally(later);
  };
  const leave = clickhouse.onChange((isUp) => {
    isConnected = isUp;
    // Not at once: the tables may still be made.
    later();
  });
  return () => {
    leave();
    isConnected = false;
    clock.clearTimeout(timer);
  };
}
