/**
 * The sink actor: the chart of `sink.machine.ts` with a feed, a store, a clock, chance and a logger put in, ready to be
 * a child of the services supervisor. It holds one batch at a time and nothing else.
 */
import { fromCallback, fromPromise, type EventObject } from 'xstate';
import { reasonOf } from '../../machines/reason.js';
import {
  sinkProgress,
  type BatchDone,
  type SinkContext,
  type SinkProgress
} from '../../machines/clickhouse/sink-status.js';
import {
  createSinkMachine,
  LogAwayError,
  StoreAwayError,
  type SinkMachine,
  type SinkNews
} from '../../machines/clickhouse/sink.machine.js';
import type { Clock } from '../clock.js';
import { LogUnavailableError } from '../log/log-errors.js';
import type { FeedBacklog, LogFeed } from '../log/log-feed.js';
import type { Logger } from '../log-line.js';
import type { Clickhouse } from './clickhouse.js';
import { watchExpiry } from './expiry.js';
import { rowsOf } from './rows.js';
import { identityOf, migrate, PROBE_SQL } from './schema.js';
import { StoreError, type AnalyticsStore, type StoreErrorCode } from './store.js';

/** Messages, and facts, of one batch: read and encoded in a few milliseconds of the chat's event loop. */
export const BATCH_ROWS = 500;

/** Characters of messages in one batch, for the same reason. */
export const BATCH_CHARS = 262_144;

/** Failures that look as if the store were away; its own pings decide whether it is. */
const AWAY: ReadonlySet<StoreErrorCode> = new Set([
  'refused',
  'foreign',
  'timeout',
  'lost',
  'closed',
  'busy'
]);

/** What the sink is made of. */
export interface SinkOptions {
  readonly clickhouse: Pick<Clickhouse, 'store' | 'onChange'>;
  /** Answers the feed of the open log; asked when the sink is spawned. */
  readonly feed: () => LogFeed;
  /** Id of this node, written beside transitions. */
  readonly node: string;
  /** `CLICKHOUSE_TTL_DAYS`. */
  readonly ttlDays: number | undefined;
  /** `CLICKHOUSE_RETRY_MAX_MS`. */
  readonly retryMaxMs: number;
  readonly clock: Clock;
  /** Answers a number in [0, 1). */
  readonly random: () => number;
  /** Answers a new id that no other store has. */
  readonly newId: () => string;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  /** Milliseconds of a clock that only goes forward, finer than one; for how long a batch keeps the loop busy. */
  readonly stopwatch?: () => number;
}

/** `sink` of `/status`: how it goes, and how much waits; `backlog` is null while the log cannot be read. */
export interface SinkStatus extends SinkProgress {
  readonly backlog: FeedBacklog | null;
}

/** The sink actor before it runs, and what others need of it. */
export interface Sink {
  /** Logic of the child; it may be spawned again after it has ended. */
  readonly logic: SinkMachine;
  /** How it is now; null before it has been spawned. */
  status(): SinkStatus | null;
  /** Latest time, Unix milliseconds, of which every message is in the store; null when that cannot be told. */
  asOf(): number | null;
}

/** Makes the sink actor; nothing is read before it is spawned. */
export function createSink(options: SinkOptions): Sink {
  const { clickhouse, retryMaxMs, clock, random, logger } = options;
  const { store } = clickhouse;
  let latest: { getSnapshot(): { context: SinkContext } } | null = null;

  const logic = createSinkMachine({ retryMaxMs, now: () => clock.now(), random }).provide({
    actors: {
      watch: fromCallback<EventObject>(({ sendBack }) => {
        const feed = options.feed();
        feed.onWork(() => {
          sendBack({ type: 'work' });
        });
        const leave = clickhouse.onChange((isConnected) => {
          sendBack({ type: isConnected ? 'store.up' : 'store.down' });
        });
        const stopExpiry = watchExpiry(options);
        return () => {
          feed.onWork(() => undefined);
          leave();
          stopExpiry();
        };
      }),
      identify: fromPromise(({ signal }) =>
        judging(() => identify(connected(store), options, signal))
      ),
      store: fromPromise(({ signal }) =>
        judging(() => storeBatch(connected(store), options, signal))
      )
    },
    actions: {
      announce: ({ self }) => {
        latest = self;
      },
      log: ({ context }, { news }) => {
        write(logger, news, context, clock.now(), backlogOf(options));
      }
    }
  });
  return {
    logic,
    status: () =>
      latest === null
        ? null
        : { ...sinkProgress(latest.getSnapshot(), clock.now()), backlog: backlogOf(options) },
    asOf: () => {
      if (latest === null) return null;
      const { completeAt } = latest.getSnapshot().context;
      // Before the first batch nobody knows whose rows these are.
      return completeAt !== null && backlogOf(options)?.threads === 0 ? clock.now() : completeAt;
    }
  };
}

function connected(store: AnalyticsStore | null): AnalyticsStore {
  if (store === null) throw new StoreError('closed', 'ClickHouse is switched off');
  return store;
}

function backlogOf({ feed }: SinkOptions): FeedBacklog | null {
  try {
    return feed().backlog();
  } catch {
    return null;
  }
}

async function judging<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LogUnavailableError) {
      throw new LogAwayError(error.message, { cause: error });
    }
    throw error instanceof StoreError && AWAY.has(error.code)
      ? new StoreAwayError(error.message, { cause: error })
      : error;
  }
}

/** Sends the log again when these tables are not those that have what was taken: lost, replaced, or dropped by hand. */
async function identify(
  store: AnalyticsStore,
  { feed, newId, clock, logger }: SinkOptions,
  signal: AbortSignal
): Promise<{ isRewound: boolean }> {
  await migrate(store, clock.now(), signal);
  const id = await identityOf(store, newId(), clock.now());
  const known = feed().storeId();
  if (known === id) return { isRewound: false };
  signal.throwIfAborted();
  await feed().rewind(id);
  if (known !== null) {
    logger.info('ClickHouse is not the one that had the rows: the whole log is sent again', {
      actor: 'sink'
    });
  }
  return { isRewound: true };
}

async function storeBatch(
  store: AnalyticsStore,
  options: SinkOptions,
  signal: AbortSignal
): Promise<BatchDone> {
  const { clock, node, stopwatch = () => performance.now() } = options;
  const feed = options.feed();
  let busyMs = 0;
  const timed = <T>(work: () => T): T => {
    const from = stopwatch();
    const result = work();
    busyMs += stopwatch() - from;
    return result;
  };
  const readAt = clock.now();
  const batch = timed(() => feed.next(BATCH_ROWS, BATCH_CHARS));
  // The loop turns between reading, making and encoding rows, each of which is short.
  await turn();
  const tables = timed(() => rowsOf(batch, node));
  const stored = { messages: 0, deliveries: 0, transitions: 0, steps: 0 };
  for (const { table, columns, rows } of tables) {
    if (rows.length === 0) continue;
    await turn();
    signal.throwIfAborted();
    await timed(() => store.insert(table, columns, rows));
    stored[table] = rows.length;
  }
  // Its files may have been taken from under it, and then it says that it has stored what is nowhere. Its own pings find
  // that out too, and tell it.
  await store.ping(PROBE_SQL).catch((error: unknown) => {
    throw new StoreError('lost', reasonOf(error), { cause: error });
  });
  // Given up meanwhile: another attempt may have learnt that the rows went into a store that does not count.
  signal.throwIfAborted();
  if (batch.entries.length > 0 || batch.facts.length > 0) await feed.take(batch);
  const { threads, facts } = feed.backlog();
  return { stored, more: batch.more, pending: threads > 0 || facts > 0, readAt, busyMs };
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function write(
  logger: Pick<Logger, 'warn' | 'info'>,
  news: SinkNews,
  context: SinkContext,
  nowMs: number,
  backlog: FeedBacklog | null
): void {
  const fields = { actor: 'sink', ...backlog };
  switch (news) {
    case 'refused':
      logger.warn(`ClickHouse takes no rows: ${reasonOf(context.error)}`, fields);
      return;
    case 'caughtUp':
      logger.info(`ClickHouse has all rows again, ${String(context.caughtUp)} were behind`, {
        ...fields,
        rows: context.caughtUp,
        downMs: nowMs - (context.openSince ?? nowMs)
      });
  }
}
