/** Every kind of real ClickHouse that the specs of the analytics run against. */
import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedStore } from '../../../actors/clickhouse/embedded/embedded-store.js';
import { RemoteStore } from '../../../actors/clickhouse/remote-store.js';
import type { AnalyticsStore } from '../../../actors/clickhouse/store.js';
import { systemClock } from '../../../actors/clock.js';
import { ClickhouseServer, requireClickhouseServer } from '../../clickhouse-server.js';
import { requireTool } from '../../require.js';

/** A store that exists for one describe block only. */
export interface RealStore {
  readonly store: AnalyticsStore;
  remove(): Promise<void>;
}

/** The kinds by name; each skips the running `before` where its engine is missing. */
export const REAL_STORES: Readonly<
  Record<string, (context: Pick<Mocha.Context, 'skip'>) => Promise<RealStore>>
> = {
  'the embedded engine': async (context) => {
    requireTool(context, 'chdb', engineIsInstalled(), 'it has no binary for this platform');
    const dir = await mkdtemp(join(tmpdir(), 'rollcall-clickhouse-'));
    const store = new EmbeddedStore({ dir, clock: systemClock });
    return {
      store,
      remove: async () => {
        await store.close();
        await rm(dir, { recursive: true, force: true });
      }
    };
  },
  'clickhouse-server (the oldest dialect)': async (context) => {
    const server = await ClickhouseServer.start(requireClickhouseServer(context));
    const store = new RemoteStore(server.url());
    return {
      store,
      remove: async () => {
        await store.close();
        await server.stop();
      }
    };
  }
};

/** Whether chdb has a binary here. */
export function engineIsInstalled(): boolean {
  try {
    const name = `@chdb/lib-${process.platform}-${process.arch}-gnu/package.json`;
    return existsSync(createRequire(import.meta.url).resolve(name));
  } catch {
    return process.platform === 'darwin';
  }
}
