import { createClusterProvider } from '../../../actors/cluster/cluster-provider.js';
import type { CommandOrder } from '../../../actors/cluster/order.js';
import type { LogProvider } from '../../../actors/log/log-provider.js';
import { createLmdbProvider } from '../../../actors/log/lmdb/lmdb-provider.js';
import { FakeBus, NO_FAULTS } from './fake-bus.js';
import { HandClock } from '../log/lmdb/log-fixture.js';

/** Nodes with real logs over an order in memory, on one clock that a spec moves. */
export class LmdbNodes {
  readonly clock = new HandClock();
  #ids = 0;

  /** An order that answers at once. */
  bus(partitions: number): FakeBus {
    return new FakeBus(this.clock, partitions, 1, { ...NO_FAULTS, delayMs: 0 });
  }

  /** An id that has not been used before. */
  readonly newId = (): string => `x${String((this.#ids += 1))}`;

  /** The provider of a node of a cluster. */
  cluster(dataDir: string, openOrder: () => CommandOrder): LogProvider {
    return createClusterProvider({ ...this.#options(dataDir), openOrder: async () => openOrder() });
  }

  /** The provider of a single node. */
  single(dataDir: string): LogProvider {
    const retention = { messages: null, days: null };
    return createLmdbProvider({ ...this.#options(dataDir), retention });
  }

  /**
   * Runs what is due until a promise has settled; the spec's own timeout ends the wait when it never does. Time stands
   * still meanwhile, so that no disk is too slow.
   */
  async run<T>(promise: Promise<T>): Promise<T> {
    const state = { isOver: false };
    const over = (): void => {
      state.isOver = true;
    };
    promise.then(over, over);
    while (!state.isOver) {
      this.clock.advance(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return await promise;
  }

  #options(dataDir: string) {
    return {
      dataDir,
      folder: 'log',
      durability: 'process' as const,
      clock: this.clock,
      isFeedRead: true,
      onListenerFault: () => undefined,
      newEpoch: this.newId,
      bootId: () => 'boot-1',
      freeBytes: () => 1e12
    };
  }
}
