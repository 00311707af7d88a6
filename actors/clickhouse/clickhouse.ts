/**
 * The ClickHouse actor: the chart of `clickhouse.machine.ts` with a store, a clock and a logger, ready to be a child of
 * the services supervisor.
 */
import { join } from 'node:path';
import { fromCallback, fromPromise, type EventObject } from 'xstate';
import {
  clickhouseStatus,
  REQUIRED_BUT,
  type ClickhouseContext,
  type ClickhouseStatus
} from '../../machines/clickhouse/clickhouse-status.js';
import {
  CONNECT_ATTEMPTS,
  CONNECT_DEADLINE_MS
} from '../../machines/clickhouse/clickhouse-settings.js';
import {
  createClickhouseMachine,
  type ClickhouseMachine,
  type ClickhouseNews
} from '../../machines/clickhouse/clickhouse.machine.js';
import { LostError } from '../../machines/clickhouse/lost-error.js';
import { PermanentError } from '../../machines/clickhouse/permanent-error.js';
import { reasonOf } from '../../machines/reason.js';
import type { Clock } from '../clock.js';
import type { Logger } from '../log-line.js';
import { OPERATOR_ERRORS } from '../operator-errors.js';
import { EmbeddedStore } from './embedded/embedded-store.js';
import { RemoteStore } from './remote-store.js';
import { migrate, PROBE_SQL } from './schema.js';
import { StoreError, type AnalyticsStore } from './store.js';

/** Time between two pings of a connected store. An outage is noticed within about twice this time. */
export const PING_EVERY_MS = 5_000;

/** Options of {@link createClickhouse}. */
export interface ClickhouseOptions {
  /** `CLICKHOUSE_URL`: null runs the embedded engine, `off` none, anything else is the address of a server. */
  readonly url: string | null;
  /** `CLICKHOUSE_REQUIRED`. */
  readonly required: boolean;
  /** `CLICKHOUSE_TIMEOUT_MS`: limit of one attempt. */
  readonly timeoutMs: number;
  /** `CLICKHOUSE_RETRY_MAX_MS`. */
  readonly retryMaxMs: number;
  /** `DATA_DIR`; the embedded engine keeps its data in the directory `clickhouse` below it. */
  readonly dataDir: string;
  readonly clock: Clock;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly logger: Pick<Logger, 'error' | 'warn' | 'info'>;
  /** A store to use instead of the one that `url` names; for specs. */
  readonly store?: AnalyticsStore;
}

/** The ClickHouse actor, and what other parts use of it. */
export interface Clickhouse {
  /** Logic of the child. It may be spawned again after it has ended. */
  readonly logic: ClickhouseMachine;
  /** The store; null when switched off. It answers only while `status().status` is `connected`. */
  readonly store: AnalyticsStore | null;
  /** State now; null before the actor is spawned. */
  status(): ClickhouseStatus | null;
  /**
   * Calls the listener with whether the store is connected: at once, and then on every change. A store that was lost
   * and came back is reported as lost first, however short that was.
   * @returns a function that removes the listener
   */
  onChange(listener: (isConnected: boolean) => void): () => void;
}

/**
 * Makes the ClickHouse actor; it opens nothing before it is spawned.
 * @throws {StoreError} `config` when `url` is not a valid address
 */
export function createClickhouse(options: ClickhouseOptions): Clickhouse {
  const { url, required, timeoutMs, retryMaxMs, clock, random, logger } = options;
  const store = url === 'off' ? null : (options.store ?? openStore(url, options));
  let latest: { getSnapshot(): { context: ClickhouseContext } } | null = null;
  let isConnected = false;
  // Bounded by the code: only the sink and the expiry listen.
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
    elapsed: () => clock.elapsed(),
    random
  });
  const logic = machine.provide({
    actors: {
      connect: fromPromise(({ signal }) =>
        // A server that refuses was never connected; the engine's own process was there when it is lost.
        leaving(store, signal, store?.mode === 'embedded', (open) => open.connect(signal))
      ),
      migrate: fromPromise(({ signal }) =>
        leaving(store, signal, true, (open) => migrate(open, clock.now(), signal))
      ),
      watch: fromCallback<EventObject>(({ sendBack }) => {
        if (store === null) return undefined;
        const stop = watchStore(store, clock, (reason) => {
          sendBack({ type: 'store.lost', reason });
        });
        return () => {
          stop();
          // Close it here too: when the whole tree is stopped from outside, no state is left to close it in.
          void store.close();
        };
      }),
      close: fromPromise(async () => store?.close())
    },
    actions: {
      announce: ({ self }) => {
        latest = self;
        // Report the loss here too: when the whole tree is stopped from outside, no state does.
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
      writeLine: ({ context }, { news }) => {
        write(logger, news, context, clock.elapsed());
      }
    }
  });
  return {
    logic,
    store,
    status: () =>
      latest === null ? null : clickhouseStatus(latest.getSnapshot(), clock.elapsed()),
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
    : new RemoteStore(url, clock);
}

// Runs one step of an attempt; when the step fails or is aborted, it closes the store. `isOpen`: whether there was a
// connection, so that a failure counts as its loss.
async function leaving<T>(
  store: AnalyticsStore | null,
  signal: AbortSignal,
  isOpen: boolean,
  step: (store: AnalyticsStore) => Promise<T>
): Promise<T> {
  if (store === null) throw new PermanentError('ClickHouse is switched off');
  const leave = () => void store.close();
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await step(store);
  } catch (error) {
    await store.close();
    if (!(error instanceof StoreError)) throw error;
    if (error.permanent) throw new PermanentError(error.message, { cause: error });
    throw isOpen && (error.code === 'lost' || error.code === 'closed')
      ? new LostError(error.message, { cause: error })
      : error;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

// One ping may fail on a kept-alive socket that the server has just closed; two in a row count as an outage.
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
  elapsed: number
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
        downMs: elapsed - context.becameAt
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
      logger.error(
        `❌ CRITICAL: ${REQUIRED_BUT} ${String(context.gaveUp)}: ${OPERATOR_ERRORS.clickhouse_required.action}`,
        { ...fields, code: 'clickhouse_required' }
      );
  }
}
