/** Reads a write-ahead log: what it has beyond the data file, and what of it is damaged. */
import { readFileSync } from 'node:fs';
import type { SegmentFile } from './wal-files.js';
import { decodePayload, nextRecord, recordAt, type FoundRecord } from './wal-record.js';
import type { LogWrite } from '../log-store.js';

/** A record that the data file lacks. */
export interface WalRecord {
  readonly number: number;
  readonly writes: LogWrite[];
}

/** What was found. */
export interface WalReading {
  /** Number of the last record, at least that of the data file. */
  readonly last: number;
  /** What is missing though it was acknowledged, in words for an operator; null when nothing is known to be. */
  readonly damage: string | null;
}

/**
 * Gives every record after `projected`, in order. One at the end that is not whole was not acknowledged: the process
 * ended while it was written. One that is not whole and has others behind it is damaged. After a failed write the next
 * segment begins with the number of the record that failed: what the segment before has from that number on was not
 * acknowledged.
 * @param projected number of the last record that the data file has; null to get all that there are
 */
export function readWal(
  files: readonly SegmentFile[],
  projected: number | null,
  take: (record: WalRecord) => void
): WalReading {
  let last = projected ?? 0;
  let isFirst = projected === null;
  let damage: string | null = null;
  const segments = files.map(({ path }) => ({ path, records: recordsOf(readFileSync(path)) }));
  for (const [index, { path, records }] of segments.entries()) {
    const after = segments.slice(index + 1).find((later) => later.records.length > 0);
    const end = after?.records[0]?.number ?? Infinity;
    for (const { number, payload } of records) {
      if (isFirst) last = number - 1;
      isFirst = false;
      if (number <= last || number >= end) continue;
      const missing = number - last - 1;
      if (missing > 0) {
        damage ??= `${String(missing)} commits before record ${String(number)} are missing in ${path}`;
      }
      take({ number, writes: decodePayload(payload) });
      last = number;
    }
  }
  return { last, damage };
}

/** The records of a segment that are whole. */
function recordsOf(bytes: Buffer): FoundRecord[] {
  const records: FoundRecord[] = [];
  for (let at = 0; ;) {
    const found = recordAt(bytes, at) ?? nextRecord(bytes, at);
    if (found === null) return records;
    records.push(found);
    at = found.end;
  }
}
