/** Exports what can be read of a log, without changing it. It also works on a log that the server refuses. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LogCorruptError, LogOpenError } from '../../log-errors.js';
import { inspectDataFile } from '../disk/pages/log-file.js';
import { walkPages } from '../disk/pages/log-pages.js';
import { entryKey, isEntryKey } from '../log-keys.js';
import { isSealed, unseal } from '../log-seal.js';
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
  for (const { key, value } of walkPages(dir, (hole) => {
    holeCount += 1;
    if (holes.length < PROBLEMS_MAX) holes.push(hole);
  })) {
    rows += 1;
    if (rows % ROWS_A_TURN === 0) await nextTurn();
    if (!isEntryKey(key)) continue;
    const line = frameOf(value.toString('utf8'));
    if (line === null) {
      skipped += 1;
    } else {
      written += 1;
      await write(line);
    }
  }
  return { written, skipped, holeCount, holes };
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
