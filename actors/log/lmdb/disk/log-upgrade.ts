/** Brings a log of an older format to the present one, in small commits; begun again, it ends the same. */
import {
  AFTER_ALL,
  decodeThread,
  entryKey,
  PENDING_FORMAT,
  pendingKey,
  within,
  type LogKey,
  type LogRow
} from '../log-keys.js';
import type { LogStore, LogWrite } from '../log-store.js';

/** Threads in one commit: a few milliseconds of work, and a hundred thousand threads take a few seconds. */
export const UPGRADE_THREADS = 1_024;

/** Writes the rows that a log of this format lacks. The format itself is noted by the caller, when all is written. */
export async function upgradeLog(store: LogStore, format: number): Promise<void> {
  if (format >= PENDING_FORMAT) return;
  const { to } = within('t');
  let from: LogKey | null = ['t'];
  while (from !== null) {
    const rows: LogRow[] = [...store.range({ from, to, limit: UPGRADE_THREADS })];
    await store.commit(rows.flatMap((row) => pendingMark(store, row)));
    const last = rows.at(-1);
    from = last === undefined ? null : [...last.key, AFTER_ALL];
  }
  // The format that is noted next must not reach the disk before what it speaks of.
  await store.sync();
}

/** Nothing has been taken of a log without marks: each thread's mark is at its first kept entry. */
function pendingMark(store: LogStore, { key, value }: LogRow): LogWrite[] {
  const thread = String(key[1]);
  const record = decodeThread(value);
  // A damaged record: the thread cannot be read, and what of it can be is for `log export`.
  if (record === null) return [];
  const { to } = within('e', thread);
  const kept = [...store.keys({ from: entryKey(thread, record.first), to, limit: 1 })];
  return [{ key: pendingKey(thread), value: kept.length > 0 ? String(record.first) : null }];
}
