/**
 * The ClickHouse actor: the chart of `clickhouse.machine.ts` with a store, a clock, chance and a logger put in, ready
 * to be a child of the services supervisor.
 */
import { join } from 'node:path';
import { fromCallback, fromPromise, type EventObject } from 'xstate';
import {
  clickhouseStatus,
  type ClickhouseContext,
  type ClickhouseStatus
} from '../../machines/clickhouse/clickhouse-status.js';
import {
  CONNECT_ATTEMPTS,
  CONNECT_DEADLINE_MS,
  createClickhouseMachine,
  PermanentError,
  REQUIRED_BUT,
  type ClickhouseMachine,
  type ClickhouseNews
} from '../../machines/clickhouse/clickhouse.machine.js';
import { reasonOf } from '../../machines/reason.js';
import type { Clock } from '../clock.js';
import type { Logger } from '../log-line.js';
import { EmbeddedStore } from './embedded/embedded-store.js';
import { RemoteStore } from './remote-store.js';
import { migrate, PROBE_SQL } from './schema.js';
import { StoreError, type AnalyticsStore } from './store.js';

/** Time between two signs of life asked of a connected store: an outage is seen within about twice this. */
export const PING_EVERY_MS = 5_000;

/** What the ClickHouse actor is made of. */
export interface ClickhouseOptions {
  /** `CLICKHOUSE_URL`: null = embedded, `off` = none, else the address of a server. */
  readonly url: string | null;
  /** `CLICKHOUSE_REQUIRED`. */
  readonly required: boolean;
  /** `CLICKHOUSE_TIMEOUT_MS`: bound of one attempt. */
  readonly timeoutMs: number;
  /** `CLICKHOUSE_RETRY_MAX_MS`. */
  readonly retryMaxMs: number;
  /** `DATA_DIR`; the embedded engine keeps its data in `clickhouse` below it. */
  readonly dataDir: string;
  readonly clock: Clock;
  /** Answers a number in [0, 1). */
  readonly random: () => number;
  readonly logger: Pick<Logger, 'error' | 'warn' | 'info'>;
  /** A store instead of the one that `url` says; for specs. */
  readonly store?: AnalyticsStore;
}

/** The ClickHouse actor before it runs, and what others need of it. */
export interface Clickhouse {
  /** Logic of the child; its input is `{ id }`, and it may be spawned again after it has ended. */
  readonly logic: ClickhouseMachine;
  /** The store, null when switched off. It answers only while `status().status` is `connected`. */
  readonly store: AnalyticsStore | null;
  /** How it is now; null before it has been spawned. */
  status(): ClickhouseStatus | null;
  /**
   * Tells a listener whether the store answers: at once, and whenever that changes. A store that was lost and is back
   * was away in between, however short that was.
   * @returns a function that ends it
   */
  onChange(listener: (isConnected: boolean) => void): () => void;
}

/**
 * Makes the ClickHouse actor; nothing is opened before it is spawned.
 * @throws {StoreError} `config` when `url` is not an address
 */
export function createClickhouse(options: ClickhouseOptions): Clickhouse {
  const { url, required, timeoutMs, retryMaxMs, clock, random, logger } = options;
  const store = url === 'off' ? null : (options.store ?? openStore(url, options));
  let latest: { getSnapshot(): { context: ClickhouseContext } } | null = null;
  let isConnected = false;
  // As many as there are readers and writers of the store: the sink and the expiry.
  const listeners = new Set<(isConnected: boolean) => void>();
  const become = (now: boolean) => {
    if (now === isConnected) return;
    isConnected = now;
    for (const listener of [...listeners]) listener(now);
  };

  const machine = createClickhouseMachine({
    mode: store?.mode ?? 'off',
    required,
    timeoutMs,
    attempts: CONNECT_ATTEMPTS,
    deadlineMs: CONNECT_DEADLINE_MS,
    retryMaxMs,
    now: () => clock.now(),
    random
  });
  const logic = machine.provide({
    actors: {
      connect: fromPromise(({ signal }) => leaving(store, signal, (open) => open.connect(signal))),
      migrate: fromPromise(({ signal }) =>
        leaving(store, signal, (open) => migrate(open, clock.now(), signal))
      ),
      watch: fromCallback<EventObject>(({ sendBack }) => {
        if (store === null) return undefined;
        const stop = watchStore(store, clock, (reason) => {
          sendBack({ type: 'store.lost', reason });
        });
        return () => {
          stop();
          // Also when the whole tree is stopped from outside, where no state is left to close in.
          void store.close();
        };
      }),
      close: fromPromise(async () => store?.close())
    },
    actions: {
      announce: ({ self }) => {
        latest = self;
        // Also when the whole tree is stopped from outside, the store is gone.
        const gone = () => {
          become(false);
        };
        self.subscribe({
          next: ({ context }) => {
            become(context.status === 'connected');
          },
          error: gone,
          complete: gone
        });
      },
      log: ({ context }, { news }) => {
        write(logger, news, context, clock.now());
      }
    }
  });
  return {
    logic,
    store,
    status: () => (latest === null ? null : clickhouseStatus(latest.getSnapshot(), clock.now())),
    onChange: (listener) => {
      listeners.add(listener);
      listener(isConnected);
      return () => {
        listeners.delete(listener);
      };
    }
  };
}

function openStore(url: string | null, { dataDir, clock }: ClickhouseOptions): AnalyticsStore {
  return url === null
    ? new EmbeddedStore({ dir: join(dataDir, 'clickhouse'), clock })
    : new RemoteStore(url);
}

// Whatever ends a step of an attempt early, nothing stays open behind it.
async function leaving<T>(
  store: AnalyticsStore | null,
  signal: AbortSignal,
  step: (store: AnalyticsStore) => Promise<T>
): Promise<T> {
  if (store === null) throw new PermanentError('ClickHouse is switched off');
  const leave = () => void store.close();
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await step(store);
  } catch (error) {
    await store.close();
    throw error instanceof StoreError && error.permanent
      ? new PermanentError(error.message, { cause: error })
      : error;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

// One ping may fail on a kept-alive socket that the server has just closed; two in a row are an outage.
function watchStore(
  store: AnalyticsStore,
  clock: Clock,
  lost: (reason: string) => void
): () => void {
  let watching = true;
  const tell = (reason: string) => {
    if (!watching) return;
    watching = false;
    lost(reason);
  };
  const check = () => {
    store
      .ping(PROBE_SQL)
      .catch(() => store.ping(PROBE_SQL))
      .then(plan, (error: unknown) => {
        tell(reasonOf(error));
      });
  };
  let timer: unknown;
  const plan = () => {
    if (watching) timer = clock.setTimeout(check, PING_EVERY_MS);
  };
  store.onLost(tell);
  plan();
  return () => {
    watching = false;
    clock.clearTimeout(timer);
  };
}

function write(
  logger: Pick<Logger, 'error' | 'warn' | 'info'>,
  news: ClickhouseNews,
  context: ClickhouseContext,
  nowMs: number
): void {
  const fields = { actor: context.id, mode: context.mode };
  const { version } = context;
  switch (news) {
    case 'connected':
      logger.info('✅ ClickHouse connected', { ...fields, version });
      return;
    case 'recovered':
      logger.info('✅ ClickHouse connected', {
        ...fields,
        version,
        recovered: true,
        downMs: nowMs - context.since
      });
      return;
    case 'unavailable':
      if (context.required) {
        logger.warn(`ClickHouse lost, reconnecting: ${String(context.error)}`, fields);
      } else {
        logger.info(`ℹ️ ClickHouse unavailable (optional): ${String(context.error)}`, fields);
      }
      return;
    case 'required':
      logger.error(`❌ CRITICAL: ${REQUIRED_BUT} ${String(context.gaveUp)}`, fields);
  }
}
