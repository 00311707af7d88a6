/** Exports what can be read of a log, without changing it. It also works on a log that the server refuses. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LogCorruptError, LogOpenError } from '../../log-errors.js';
import { inspectDataFile } from '../disk/pages/log-file.js';
import { walkPages, type PageRow } from '../disk/pages/log-pages.js';
import { entryKey, isEntryKey, within } from '../log-keys.js';
import { isSealed, unseal } from '../log-seal.js';
import { compareLogKeys, decodeKey, type LogWrite } from '../log-store.js';
import { walRows } from '../wal/projection.js';
import { parseMessageFrame } from '../../../../protocol/message-frame.js';

/** Most problems that a report describes; the others are only counted. */
export const PROBLEMS_MAX = 100;

/** Rows handled before other work of the event loop gets a turn. */
const ROWS_A_TURN = 2_000;

/** What an export has written and what it could not read. */
export interface ExportReport {
  readonly written: number;
  /** Entries that exist but cannot be decoded. */
  readonly skipped: number;
  /** Pages that could not be read. The number of their entries is unknown. */
  readonly holeCount: number;
  /** Descriptions of the first {@link PROBLEMS_MAX} of them. */
  readonly holes: readonly string[];
}

/**
 * Passes every readable message to `write` as one line of JSON, in order of thread and offset, and waits for the
 * promise that `write` may return. The server must be stopped.
 * @throws {LogOpenError} there is no log, or it may not be read
 * @throws {LogCorruptError} the data file is not a log at all
 */
export async function exportLog(
  dir: string,
  write: (line: string) => void | Promise<void>
): Promise<ExportReport> {
  const holes: string[] = [];
  let holeCount = 0;
  let written = 0;
  let skipped = 0;
  let rows = 0;
  refuseForeign(dir);
  const pages = walkPages(dir, (hole) => {
    holeCount += 1;
    if (holes.length < PROBLEMS_MAX) holes.push(hole);
  });
  for (const line of entryLines(pages, walRows(dir).within(within('e')))) {
    rows += 1;
    if (rows % ROWS_A_TURN === 0) await nextTurn();
    if (line === undefined) continue;
    if (line === null) {
      skipped += 1;
    } else {
      written += 1;
      await write(line);
    }
  }
  return { written, skipped, holeCount, holes };
}

/**
 * The entries of the pages with the newer ones of the write-ahead log between them, in order: null for one that is
 * damaged, undefined for a row that is no entry.
 */
function* entryLines(
  pages: Iterable<PageRow>,
  newer: readonly LogWrite[]
): Generator<string | null | undefined, void> {
  let at = 0;
  for (const { key, value } of pages) {
    if (!isEntryKey(key)) {
      yield undefined;
      continue;
    }
    const place = decodeKey(key);
    let isReplaced = false;
    for (let row = newer[at]; row !== undefined && place !== null; row = newer[at]) {
      const order = compareLogKeys(row.key, place);
      if (order > 0) break;
      isReplaced = order === 0;
      at += 1;
      yield row.value ?? undefined;
    }
    if (!isReplaced) yield frameOf(value.toString('utf8'));
  }
  for (const { value } of newer.slice(at)) yield value ?? undefined;
}

/** Returns the frame of a stored entry, with or without a checksum; null when it is damaged. */
function frameOf(stored: string): string | null {
  if (!isSealed(stored)) return parseMessageFrame(stored) === null ? null : stored;
  const found = parseMessageFrame(stored.slice(0, stored.lastIndexOf('\n')));
  return found === null ? null : unseal(entryKey(found.thread, found.offset), stored);
}

function refuseForeign(dir: string): void {
  const file = inspectDataFile(dir);
  if (file.state === 'absent') throw new LogOpenError(dir, 'there is no log');
  if (file.state === 'foreign') throw new LogCorruptError(dir, file.what);
}
