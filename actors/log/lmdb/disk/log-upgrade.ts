/** Brings a log of an older format to the present one, in small commits; begun again, it ends the same. */
import { entryProblem } from './entry-problem.js';
import {
  AFTER_ALL,
  decodeCount,
  decodeThread,
  entryKey,
  LISTED_FORMAT,
  PENDING_FORMAT,
  pendingKey,
  SEALED_FORMAT,
  unescaped,
  within,
  type LogKey,
  type LogRow
} from '../log-keys.js';
import { orDamaged } from '../../log-errors.js';
import type { LogStore, LogWrite } from '../log-store.js';
import { ThreadHeads } from '../thread-heads.js';
import { listRows } from '../user-lists.js';

/** Rows in one commit: a few milliseconds of work. A million messages, three million rows, take about a minute. */
export const UPGRADE_ROWS = 1_024;

/** Writes what a log of this format lacks. The format itself is noted by the caller, when all is written. */
export async function upgradeLog(store: LogStore, format: number): Promise<void> {
  if (format < PENDING_FORMAT) {
    await rewrite(store, within('t'), (row) => pendingMark(store, row));
  }
  if (format < SEALED_FORMAT) {
    // Every commit adds the checksums of its rows.
    await rewrite(store, { from: ['a'], to: ['z'] }, (row) => (isSound(row) ? [row] : []));
  }
  if (format < LISTED_FORMAT) {
    const heads = new ThreadHeads(store, '');
    await rewrite(store, within('u'), (row) => placesOf(heads, row));
  }
  // The format that is noted next must not reach the disk before what it speaks of.
  await store.sync();
}

async function rewrite(
  store: LogStore,
  { from: start, to }: { from: LogKey; to: LogKey },
  writesOf: (row: LogRow) => LogWrite[]
): Promise<void> {
  let from: LogKey | null = start;
  while (from !== null) {
    const seen: LogKey[] = [];
    const writes: LogWrite[] = [];
    const rows: Iterable<LogRow> = store.range({
      from,
      to,
      limit: UPGRADE_ROWS,
      onDamage: (key) => seen.push(key)
    });
    for (const row of rows) {
      seen.push(row.key);
      writes.push(...writesOf(row));
    }
    await store.commit(writes);
    const last: LogKey | undefined = seen.at(-1);
    from = last === undefined ? null : [...last, AFTER_ALL];
  }
}

/** Whether a row without a checksum may be given one. A damaged one must not: with a checksum it would count as sound. */
export function isSound(row: LogRow): boolean {
  const [tag] = row.key;
  if (tag === 'e') return entryProblem(row) === null;
  if (tag === 't') return decodeThread(row.value) !== null;
  return !(tag === 'm' || tag === 'u') || decodeCount(row.value) !== null;
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

/** The rows that list a thread for a member, by its newest message. */
function placesOf(heads: ThreadHeads, { key: [, user, thread] }: LogRow): LogWrite[] {
  const name = unescaped(String(user));
  const head = orDamaged(() => heads.peek(String(thread)), null);
  return name === null || head === null ? [] : listRows(name, head.thread, head.at);
}
