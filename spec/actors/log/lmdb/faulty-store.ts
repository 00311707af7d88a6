import type { LogStore } from '../../../../actors/log/lmdb/log-store.js';

/** Rows on disk whose next commit fails when a spec says so. */
export interface FaultyStore extends LogStore {
  /** How the next commit fails: with nothing stored, or with everything stored all the same. */
  fault: 'lost' | 'kept' | null;
  /** Commits that succeeded. */
  commits: number;
}

/** Puts faults over real rows: a spec can make their next commit fail. */
export function faultyStore(store: LogStore): FaultyStore {
  const faulty: FaultyStore = {
    fault: null,
    commits: 0,
    get: (key) => store.get(key),
    range: (range) => store.range(range),
    keys: (range) => store.keys(range),
    count: (range) => store.count(range),
    commit: async (writes) => {
      const { fault } = faulty;
      faulty.fault = null;
      if (fault !== 'lost') await store.commit(writes);
      if (fault !== null) throw new Error(`EIO, ${fault}`);
      faulty.commits += 1;
    },
    guard: (fence) => {
      store.guard(fence);
    },
    requireSeals: () => {
      store.requireSeals();
    },
    sync: () => store.sync(),
    reopen: () => store.reopen(),
    close: () => store.close()
  };
  return faulty;
}
