/** Makes a replica, closed in good order, the log of a single node. */
import { LogCorruptError } from '../../log-errors.js';
import type { ThreadEpoch } from '../../replica.js';
import { decodeMeta, META_KEY, within, type LogMeta } from '../log-keys.js';
import { openStore, type LogWrite } from '../log-store.js';

/**
 * Removes every note of the order in one commit.
 * @param epoch what all threads keep; null: what the log itself has
 */
export async function forgetNotes(dir: string, epoch: ThreadEpoch | null): Promise<void> {
  const store = openStore({ dir, use: 'disk' });
  try {
    store.requireSeals();
    const meta = decodeMeta(store.get(META_KEY) ?? '');
    if (meta === null) throw new LogCorruptError(dir, 'the meta row does not decode');
    const kept: LogMeta =
      epoch === null ? meta : { ...meta, epoch: epoch.epoch, isRenewed: epoch.isRenewed ?? false };
    const writes: LogWrite[] = [{ key: META_KEY, value: JSON.stringify(kept) }];
    for (const key of store.keys(within('x', 'order'))) writes.push({ key, value: null });
    await store.commit(writes);
    await store.sync();
  } finally {
    await store.close();
  }
}
