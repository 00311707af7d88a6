/** ClickHouse and its sink as the server runs them, over a feed in memory. */
import { expect } from 'chai';
import { createActor, setup } from 'xstate';
import { createClickhouse } from '../../../actors/clickhouse/clickhouse.js';
import { createSink } from '../../../actors/clickhouse/sink.js';
import type { AnalyticsStore } from '../../../actors/clickhouse/store.js';
import { systemClock, type Clock } from '../../../actors/clock.js';
import { NO_RESULTS, type ChildReport } from '../../../machines/supervision/child.js';
import { MemoryFeed } from '../log/memory-feed.js';
import { RecordedLogger } from '../recorded-logger.js';

/** A clock that runs fifty times as fast, for waits whose length does not matter to a spec. */
export const FAST_CLOCK: Clock = {
  ...systemClock,
  setTimeout: (work, ms): unknown => systemClock.setTimeout(work, Math.ceil(ms / 50))
};

/** Options of a rig. */
export interface SinkRigOptions {
  readonly feed?: MemoryFeed;
  readonly clock?: Clock;
  /** Clock of the connection; an embedded engine needs real seconds. */
  readonly storeClock?: Clock;
  readonly ttlDays?: number;
}

/** Runs both actors until `stop`. */
export function runSink(store: AnalyticsStore, options: SinkRigOptions = {}) {
  const { feed = new MemoryFeed(), clock = FAST_CLOCK, storeClock = clock, ttlDays } = options;
  const logger = new RecordedLogger();
  // Short waits: the specs check what happens, not when.
  const random = () => 0.1;
  const clickhouse = createClickhouse({
    url: null,
    required: false,
    timeoutMs: 600_000,
    retryMaxMs: 30_000,
    dataDir: '/nowhere',
    clock: storeClock,
    random,
    logger,
    store
  });
  let ids = 0;
  const sink = createSink({
    clickhouse,
    feed: () => feed,
    log: () => null,
    node: 'n1',
    ttlDays,
    retryMaxMs: 30_000,
    clock,
    random,
    newId: () => `id-${String(Date.now())}-${String(++ids)}`,
    logger
  });
  const said: string[] = [];
  const note = ({ event }: { event: ChildReport }) => {
    if (event.id === 'sink') said.push(event.type === 'child.degraded' ? event.error : event.type);
  };
  const parent = setup({
    types: { events: {} as ChildReport, children: {} as { clickhouse: 'ch'; sink: 'sink' } },
    actors: { ch: clickhouse.logic, sink: sink.logic }
  }).createMachine({
    invoke: [
      { id: 'clickhouse', src: 'ch', input: { id: 'clickhouse', results: NO_RESULTS } },
      { id: 'sink', src: 'sink', input: { id: 'sink', results: NO_RESULTS } }
    ],
    on: {
      'child.ready': { actions: note },
      'child.degraded': { actions: note },
      'child.recovered': { actions: note }
    }
  });
  const root = createActor(parent, { clock: storeClock }).start();
  const { clickhouse: connection, sink: storing } = root.getSnapshot().children;
  /** Resolves when the condition holds; checked whenever one of the actors has changed its state. */
  const when = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = () => {
        if (!isSo()) return;
        for (const subscription of subscriptions) subscription?.unsubscribe();
        resolve();
      };
      const observer = { next: check, complete: check };
      const subscriptions = [connection?.subscribe(observer), storing?.subscribe(observer)];
      check();
    });
  return {
    feed,
    logger,
    clickhouse,
    sink,
    said,
    when,
    status: () => sink.status() ?? expect.fail('the sink was not spawned'),
    /** Resolves once all that the feed has is stored. */
    stored: () =>
      when(() => {
        const { status, backlog } = sink.status() ?? {};
        return status === 'idle' && backlog?.threads === 0 && backlog.facts === 0;
      }),
    stopSink: async () => {
      storing?.send({ type: 'child.stop' });
      await when(() => storing?.getSnapshot().status === 'done');
    },
    stop: async () => {
      root.stop();
      await store.close();
    }
  };
}
