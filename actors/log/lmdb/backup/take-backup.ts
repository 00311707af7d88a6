/**
 * Makes a backup of a log, also of one that another process writes to: all rows as they were at one moment, those that
 * only the write-ahead log had included.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '../../../../machines/error-code.js';
import { LogCorruptError } from '../../log-errors.js';
import {
  AFTER_ALL,
  decodeMeta,
  META_KEY,
  PROJECTED_KEY,
  SEALED_FORMAT,
  type LogRow
} from '../log-keys.js';
import { openStore, type LogStore } from '../log-store.js';
import { overWal } from '../wal/projection.js';
import { BackupLines } from './backup-file.js';

/** Attempts at a moment of a running log: segments can be removed while they are read. */
const ATTEMPTS = 20;

/** Wait between two attempts, in milliseconds: a projection is made five times a second. */
const AGAIN_MS = 50;

/**
 * Yields the lines of a backup, each with its line feed. What was acknowledged before the first line is asked for is in it.
 * The engine reads the file itself: check the pages of a log that no server has open before.
 * @throws {LogOpenError} there is no log, or it may not be read
 * @throws {LogCorruptError} damaged
 */
export async function* backupLines(dir: string, now: () => number): AsyncGenerator<string> {
  const rows = await momentOf(dir);
  try {
    const meta = decodeMeta(rows.get(META_KEY) ?? '');
    if (meta === null) throw new LogCorruptError(dir, 'the meta row is missing or does not decode');
    if (meta.format >= SEALED_FORMAT) rows.requireSeals();
    const lines = new BackupLines();
    yield `${lines.head({ format: meta.format, epoch: meta.epoch, at: now() })}\n`;
    for (const row of allRows(rows)) yield `${lines.row(row)}\n`;
    yield `${lines.end()}\n`;
  } finally {
    await rows.close();
  }
}

/**
 * Opens the rows of one moment: first a snapshot of the data file, then the segments. What a projection has written in
 * part is whole in the segments, and these are removed only when a later projection has all of them: then a record is
 * missing between both, and the next attempt finds a later moment.
 */
async function momentOf(dir: string): Promise<LogStore> {
  for (let attempt = 1; ; attempt += 1) {
    const rows = openStore({ dir, use: 'read' });
    const damage: string[] = [];
    try {
      const whole = overWal(rows, dir, (what) => damage.push(what));
      if (damage.length === 0) return whole;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        await rows.close();
        throw error;
      }
      damage.push('a segment was removed while it was read');
    }
    await rows.close();
    if (attempt === ATTEMPTS) throw new LogCorruptError(dir, damage.join());
    await wait(AGAIN_MS);
  }
}

/** All rows but the place in the write-ahead log, which a restored log has none of. */
function* allRows(rows: LogStore): Generator<LogRow> {
  const [tag, name] = PROJECTED_KEY;
  for (const row of rows.range({ from: ['a'], to: [AFTER_ALL] })) {
    if (row.key[0] !== tag || row.key[1] !== name) yield row;
  }
}
