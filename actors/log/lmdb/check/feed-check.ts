/** The part of a log check that looks at what is kept for the analytics store. */
import { decodeFacts } from '../../../facts/fact-row.js';
import { orDamaged } from '../../log-errors.js';
import { decodeCount, decodeFeed, FEED_KEY, within, type LogKey } from '../log-keys.js';
import type { LogStore } from '../log-store.js';

/**
 * Checks every row that is kept for the analytics store. Yields what is wrong with each; null when nothing is. Rows
 * whose checksum does not fit are told to `onDamage` instead.
 */
export function* checkFeed(
  store: LogStore,
  lastOf: (thread: string) => number,
  onDamage: (key: LogKey) => void
): Generator<string | null, void> {
  for (const { key, value } of store.range({ ...within('p'), onDamage })) {
    const thread = String(key[1]);
    const mark = decodeCount(value);
    // A thread that does not exist has 0 as its last offset.
    yield mark === null || mark < 1 || mark > lastOf(thread)
      ? `the pending mark ${value} of thread ${thread} does not fit its entries`
      : null;
  }
  const text = orDamaged(() => store.get(FEED_KEY), '');
  const nextSeq = text === undefined ? 1 : (decodeFeed(text)?.nextSeq ?? null);
  if (nextSeq === null) yield 'the feed row does not decode';
  for (const { key, value } of store.range({ ...within('f'), onDamage })) {
    const seq = key[1];
    const facts = decodeFacts(value);
    if (typeof seq !== 'number' || facts === null || facts.includes(null)) {
      yield `the row of facts ${JSON.stringify(key)} does not decode`;
    } else {
      // The ids of its facts would be given again.
      yield seq >= (nextSeq ?? Infinity)
        ? `the row of facts ${String(seq)} is not accounted for`
        : null;
    }
  }
}
