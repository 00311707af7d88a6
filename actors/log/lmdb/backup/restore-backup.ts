/**
 * Makes a log of a backup: in a folder beside, which becomes the log's when everything has been written and checked. A
 * process that is killed before has changed nothing that a server reads.
 */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../../../../machines/reason.js';
import { LogCorruptError, LogFormatError, LogOpenError } from '../../log-errors.js';
import { checkLog } from '../check/log-check.js';
import { LOCK_FILE } from '../disk/data-dir.js';
import { freeSpaceOf } from '../disk/disk-room.js';
import { markPath, markRestored } from '../disk/log-mark.js';
import { LOG_FORMAT, type LogRow } from '../log-keys.js';
import { openStore } from '../log-store.js';
import { BackupFileError, BackupReader, type BackupHead } from './backup-file.js';

/** Rows of one commit. */
const COMMIT_ROWS = 2_048;

/** What was restored. */
export interface Restored {
  readonly head: BackupHead;
  readonly rows: number;
  readonly threads: number;
  readonly messages: number;
}

/** Options of {@link restoreBackup}. */
export interface RestoreOptions {
  /** Folder of the log that is to be made; the folder above must be claimed. */
  readonly dir: string;
  readonly lines: AsyncIterable<string>;
  /** Told now and then how far it is. */
  readonly onProgress?: (rows: number, what: 'written' | 'checked') => void;
}

/** Returns what a directory holds besides what a server or an interrupted restore leaves without a log. */
export function foundIn(dataDir: string, folder: string): string[] {
  if (!existsSync(dataDir)) return [];
  const left = [LOCK_FILE, partName(folder), basename(markPath(folder))];
  return readdirSync(dataDir).filter((name) => !left.includes(name));
}

/**
 * Writes, checks and puts in place. Every thread gets a new epoch at the next start, by which clients learn that they may
 * have more than the log.
 * @throws {BackupFileError} it is no backup, damaged or not whole
 * @throws {LogFormatError} of a newer version
 * @throws {LogCorruptError} its rows do not fit together
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { dir } = options;
  const part = join(dirname(dir), partName(basename(dir)));
  rmSync(part, { recursive: true, force: true });
  try {
    const { head, rows } = await write(part, options);
    const report = await checkLog(part, (checked) => options.onProgress?.(checked, 'checked'));
    const [problem] = report.problems;
    if (problem !== undefined) throw new LogCorruptError(dir, problem);
    // Before the log is there: without its mark, nobody would be told of another history.
    markRestored(markPath(dir));
    renameSync(part, dir);
    return { head, rows, threads: report.threads, messages: report.messages };
  } catch (error) {
    const isOurs = OURS.some((type) => error instanceof type);
    // The engine reports a full disk in many ways.
    throw isOurs ? error : new LogOpenError(dir, `${reasonOf(error)} (${freeSpaceOf(part)})`);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

const OURS = [BackupFileError, LogCorruptError, LogFormatError, LogOpenError];

async function write(
  part: string,
  { dir, lines, onProgress }: RestoreOptions
): Promise<{ head: BackupHead; rows: number }> {
  const reader = new BackupReader();
  let store: ReturnType<typeof openStore> | null = null;
  let batch: LogRow[] = [];
  try {
    for await (const line of lines) {
      const row = reader.take(line);
      const format = reader.head?.format ?? 0;
      if (format > LOG_FORMAT) throw new LogFormatError(dir, format, LOG_FORMAT);
      if (row === null) continue;
      batch.push(row);
      if (batch.length < COMMIT_ROWS) continue;
      store ??= openStore({ dir: part, use: 'process' });
      await store.commit(batch);
      batch = [];
      onProgress?.(reader.rows, 'written');
    }
    reader.finish();
    store ??= openStore({ dir: part, use: 'process' });
    await store.commit(batch);
    await store.sync();
  } finally {
    await store?.close();
  }
  const { head, rows } = reader;
  if (head === null) throw new BackupFileError('it has no first line');
  return { head, rows };
}

function partName(folder: string): string {
  return `${folder}.restoring`;
}
