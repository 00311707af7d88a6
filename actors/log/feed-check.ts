/** The part of a log check that looks at what is kept for the analytics store. */
import { decodeCount, within } from './log-keys.js';
import type { LogStore } from './log-store.js';

/** Looks at every row that is kept for the analytics store: what is wrong with each, null when nothing is. */
export function* checkFeed(
  store: LogStore,
  lastOf: (thread: string) => number
): Generator<string | null, void> {
  for (const { key, value } of store.range(within('p'))) {
    const thread = String(key[1]);
    const mark = decodeCount(value);
    // A thread that does not exist ends at 0.
    yield mark === null || mark < 1 || mark > lastOf(thread)
      ? `the pending mark ${value} of thread ${thread} does not fit its entries`
      : null;
  }
}
