/** The part of a log check that compares the lists of users' threads with their members. */
import { orDamaged } from '../../log-errors.js';
import { decodeCount, lateKey, within, type LogKey } from '../log-keys.js';
import type { LogStore } from '../log-store.js';

/**
 * Checks that every member has a row in the index, at the time of the thread's newest message unless the thread is late.
 * Yields for each row what is wrong with it, or null. A row with a wrong checksum is reported to `onDamage` instead.
 */
export function* checkLists(
  store: LogStore,
  newestAt: (thread: string) => number | null,
  onDamage: (key: LogKey) => void
): Generator<string | null, void> {
  const has = (key: LogKey): boolean => orDamaged(() => store.get(key), '') !== undefined;
  for (const { key } of store.range({ ...within('u'), onDamage: () => undefined })) {
    const [, user, thread] = key;
    yield has(['w', String(thread), String(user)]) || newestAt(String(thread)) === null
      ? null
      : `the thread ${String(thread)} is not in the list of ${String(user)}`;
  }
  for (const { key, value } of store.range({ ...within('w'), onDamage })) {
    const [, thread, user] = key;
    const at = decodeCount(value);
    const name = `the place ${value} of thread ${String(thread)} in the list of ${String(user)}`;
    if (at === null || !has(['l', String(user), at, String(thread)])) {
      yield `${name} is not in the index`;
    } else {
      const newest = newestAt(String(thread));
      const isRight = newest === null || newest === at || has(lateKey(String(thread)));
      yield isRight ? null : `${name} is not that of its newest message`;
    }
  }
  for (const { key } of store.range({ ...within('l'), onDamage })) {
    const [, user, at, thread] = key;
    yield typeof user === 'string' && typeof at === 'number' && typeof thread === 'string'
      ? null
      : `the key ${JSON.stringify(key)} is not that of a list`;
  }
}
