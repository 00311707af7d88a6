/**
 * Rows of the analytics store that still have the body of an erased message. Each is a record of the thread log, written in
 * the commit that erases the message, and removed once the store has the erased row.
 */
import { createHash } from 'node:crypto';
import type { RecordChange } from '../log/log-writer.js';
import type { ThreadRecords } from '../log/thread-records.js';

/** Thread that the records are kept under. A thread of that name has nothing to do with them. */
const RECORDS_OF = 'rollcall:erased';

/** Kind of the records. */
const STALE_KIND = 'stale';

/** A message whose rows are to be erased. The store may have it under several epochs, so its mid names it there. */
export interface StaleRow {
  readonly thread: string;
  readonly mid: string;
  readonly offset: number;
}

/** Returns the record that notes a row. */
export function staleRow(row: StaleRow): RecordChange {
  const { thread, mid, offset } = row;
  return {
    thread: RECORDS_OF,
    kind: STALE_KIND,
    id: idOf(row),
    text: JSON.stringify({ thread, mid, offset })
  };
}

/** Returns the first rows that are to be erased, at most `limit`. */
export function staleRows(log: Pick<ThreadRecords, 'records'>, limit: number): StaleRow[] {
  const rows: StaleRow[] = [];
  for (const { text } of log.records(RECORDS_OF, STALE_KIND)) {
    const row = read(text);
    if (row !== null) rows.push(row);
    if (rows.length >= limit) break;
  }
  return rows;
}

/** Notes that the store has erased some rows. */
export async function rowsErased(
  log: Pick<ThreadRecords, 'setRecord'>,
  rows: readonly StaleRow[]
): Promise<void> {
  await Promise.all(rows.map((row) => log.setRecord(RECORDS_OF, STALE_KIND, idOf(row), null)));
}

/** The id of a thread may be as long as that of a record. */
function idOf({ thread, mid }: StaleRow): string {
  return createHash('sha256').update(`${thread}\n${mid}`).digest('base64url');
}

function read(text: string): StaleRow | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return typeof value === 'object' &&
    value !== null &&
    'thread' in value &&
    typeof value.thread === 'string' &&
    'mid' in value &&
    typeof value.mid === 'string' &&
    'offset' in value &&
    typeof value.offset === 'number'
    ? { thread: value.thread, mid: value.mid, offset: value.offset }
    : null;
}
