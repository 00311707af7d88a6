/**
 * The sink actor: the chart of `sink.machine.ts` with a feed, a store, a clock and a logger, ready to be a child of the
 * services supervisor. It holds one batch at a time and nothing else.
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
import type { FeedBacklog, FeedBatch, AnalyticsFeed } from '../log/analytics-feed.js';
import type { Logger } from '../log-line.js';
import type { Clickhouse } from './clickhouse.js';
import { watchErasures, type ErasureLog } from './erasures.js';
import { watchExpiry } from './expiry.js';
import { COPIED_TABLES, identityOf, migrate, PROBE_SQL } from './schema.js';
import { StoreError, type AnalyticsStore, type StoreErrorCode } from './store.js';
import type { ThreadRecords } from '../log/thread-records.js';
import { sinkSpans, tracesOf } from '../traces/message-spans.js';
import type { Traces } from '../traces/traces.js';

/**
 * About how many messages one batch has at most. ClickHouse works four times as long for 8 inserts of 500 rows as for one
 * of 4,000.
 */
export const BATCH_ROWS = 8_192;

/** About how many characters of messages and facts one batch has at most: what is held in memory. */
export const BATCH_CHARS = 8_388_608;

/**
 * Most messages, and about how many facts, that are read in one turn of the chat's event loop: about a millisecond of
 * work.
 */
export const PIECE_ROWS = 256;

/** Most characters of messages that are read in one turn, for the same reason. */
export const PIECE_CHARS = 131_072;

/** Errors that look as if the store could not be reached; its own pings decide whether that is so. */
const AWAY: ReadonlySet<StoreErrorCode> = new Set([
  'refused',
  'foreign',
  'timeout',
  'lost',
  'closed',
  'busy'
]);

/** What the sink reads of the log besides the feed. */
export type SinkLog = ErasureLog & Pick<ThreadRecords, 'record'>;

/** Options of {@link createSink}. */
export interface SinkOptions {
  readonly clickhouse: Pick<Clickhouse, 'store' | 'onChange'>;
  /** Returns the feed of the open log; called when the sink is spawned and for each batch. */
  readonly feed: () => AnalyticsFeed;
  /** Returns the open log, as far as erased messages need it; null while there is none. */
  readonly log: () => SinkLog | null;
  /** Id of this node, stored with transitions. */
  readonly node: string;
  /** `CLICKHOUSE_TTL_DAYS`. */
  readonly ttlDays: number | undefined;
  /** `CLICKHOUSE_RETRY_MAX_MS`. */
  readonly retryMaxMs: number;
  readonly clock: Clock;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  /** Returns a new, unique id for a store. */
  readonly newId: () => string;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  /**
   * Returns milliseconds, with fractions, of a clock that never goes back; it measures how long a batch keeps the event
   * loop busy.
   */
  readonly stopwatch?: () => number;
  /** Records the ways of messages; null or absent: nothing is traced. */
  readonly traces?: Traces | null;
}

/** `sink` of `/status`: its progress and its backlog; `backlog` is null while the log cannot be read. */
export interface SinkStatus extends SinkProgress {
  readonly backlog: FeedBacklog | null;
}

/** The sink actor, and what other parts use of it. */
export interface Sink {
  /** Logic of the child. It may be spawned again after it has ended. */
  readonly logic: SinkMachine;
  /** State now; null before the actor is spawned. */
  status(): SinkStatus | null;
  /** Returns the time up to which every message is in the store, Unix milliseconds; null when that is not known. */
  asOf(): number | null;
}

/** Makes the sink actor; it reads nothing before it is spawned. */
export function createSink(options: SinkOptions): Sink {
  const { clickhouse, retryMaxMs, clock, random, logger } = options;
  const { store } = clickhouse;
  let latest: { getSnapshot(): { context: SinkContext } } | null = null;

  const logic = createSinkMachine({
    retryMaxMs,
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    random
  }).provide({
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
        const stopErasures = watchErasures(options);
        return () => {
          feed.onWork(() => undefined);
          leave();
          stopExpiry();
          stopErasures();
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
      writeLine: ({ context }, { news }) => {
        write(logger, news, context, clock.elapsed(), backlogOf(options));
      }
    }
  });
  return {
    logic,
    status: () =>
      latest === null
        ? null
        : { ...sinkProgress(latest.getSnapshot(), clock.elapsed()), backlog: backlogOf(options) },
    asOf: () => {
      if (latest === null) return null;
      const { completeAt } = latest.getSnapshot().context;
      // Before the first batch it is not known whether the store has this log's rows.
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

/**
 * Starts the feed from the beginning when the store's tables are not those that have the rows taken so far: they were
 * lost, replaced or dropped by hand.
 */
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
  const { clock, node, stopwatch = () => performance.now(), traces = null } = options;
  const feed = options.feed();
  let busyMs = 0;
  const timed = <T>(work: () => T): T => {
    const from = stopwatch();
    const result = work();
    busyMs += stopwatch() - from;
    return result;
  };
  const readAt = clock.now();
  const copy = store.copy(node);
  let last = timed(() => feed.next(PIECE_ROWS, PIECE_CHARS));
  let rows = 0;
  let chars = 0;
  const links: string[] = [];
  for (;;) {
    const piece: FeedBatch = last;
    const log = traces === null ? null : options.log();
    if (log !== null) links.push(...timed(() => tracesOf(log, piece.entries)));
    await turn();
    await timed(() => copy.add(piece));
    rows += piece.entries.length;
    for (const { frame } of piece.entries) chars += frame.length;
    for (const { text } of piece.facts) chars += text.length;
    if (!piece.more || rows >= BATCH_ROWS || chars >= BATCH_CHARS) break;
    // The chat has the event loop at least as long as the piece took.
    await pause(clock, busyMs);
    signal.throwIfAborted();
    busyMs = 0;
    last = timed(() => feed.next(PIECE_ROWS, PIECE_CHARS, piece));
  }
  const stored = { messages: 0, deliveries: 0, transitions: 0, steps: 0, runs: 0 };
  const spans = traces === null ? [] : sinkSpans(traces, links);
  let fault: string | null = 'failed';
  try {
    for (const table of COPIED_TABLES) {
      signal.throwIfAborted();
      stored[table] = await copy.insert(table);
    }
    fault = null;
  } finally {
    for (const span of spans) span.end(fault);
  }
  // When the store's files were deleted under a running engine, it accepts rows and stores them nowhere. Its own pings
  // find that too, and report it.
  await store.ping(PROBE_SQL).catch((error: unknown) => {
    throw new StoreError('lost', reasonOf(error), { cause: error });
  });
  // The sink gave this batch up meanwhile: another attempt may have found that the store is not the right one.
  signal.throwIfAborted();
  await timed(() => feed.take(last));
  const { threads, facts } = feed.backlog();
  return { stored, more: last.more, pending: threads > 0 || facts > 0, readAt, busyMs };
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, Math.max(1, Math.ceil(ms)));
  });
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
  elapsed: number,
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
        downMs: elapsed - (context.openSince ?? elapsed)
      });
  }
}
