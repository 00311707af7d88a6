/** `rollcall backup` and `rollcall restore`. Both leave a whole result or none. */
import { createReadStream, existsSync } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BackupFileError, BackupReader } from '../../actors/log/lmdb/backup/backup-file.js';
import { foundIn, restoreBackup } from '../../actors/log/lmdb/backup/restore-backup.js';
import { textLines } from '../../actors/log/lmdb/backup/text-lines.js';
import { claimDataDir, holderOf } from '../../actors/log/lmdb/disk/data-dir.js';
import { DataDirError } from '../../actors/log/lmdb/disk/data-dir-error.js';
import { LogCorruptError, LogFormatError, LogOpenError } from '../../actors/log/log-errors.js';
import { codeOf } from '../../machines/error-code.js';
import { reasonOf } from '../../machines/reason.js';
import { LOG_FOLDER } from '../../server/config/config.js';
import { type CliOutside, EXIT, say } from '../cli-outside.js';
import { BackupRefusedError, linesOfDir, linesOfServer } from './backup-source.js';

/** Shortest time between two lines of progress, in milliseconds. */
const PROGRESS_MS = 1_000;

/** Characters that are written to the file at once. */
const CHUNK_CHARS = 262_144;

/** Permission bits of a backup: it has everything that anybody has said. */
const FILE_MODE = 0o600;

/** Names of foreign files that a refusal names. */
const NAMED_MAX = 3;

/** Options of `rollcall backup`. */
export interface BackupOrder {
  readonly to: string;
  /** Address of a running server; undefined: the data directory. */
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
  readonly dataDir: string;
}

/** Writes a backup. Returns exit code 1, and leaves no file, when there is no whole one. */
export async function runBackup(order: BackupOrder, outside: CliOutside): Promise<number> {
  const { to, url, apiKey, dataDir } = order;
  return await orSay('backup', outside, async () => {
    if (existsSync(to)) throw new BackupFileError(`${to} is there already: give another name`);
    const lines = url === undefined ? linesOfDir(dataDir) : linesOfServer(url, apiKey);
    const part = `${to}.part-${String(process.pid)}`;
    try {
      const { rows, bytes } = await writeFile(part, lines, progressTo(outside, 'rows written'));
      await rename(part, to);
      await syncDir(dirname(to));
      await say(outside.stdout, `${to}: ${String(rows)} rows, ${String(bytes)} bytes, checked`);
      return EXIT.good;
    } finally {
      await rm(part, { force: true });
    }
  });
}

/** Options of `rollcall restore`. */
export interface RestoreOrder {
  readonly file: string;
  readonly dataDir: string;
}

/** Makes the log of an empty data directory from a backup. Returns exit code 1, and makes no log, when that fails. */
export async function runRestore(order: RestoreOrder, outside: CliOutside): Promise<number> {
  const { file, dataDir } = order;
  return await orSay('restore', outside, async () => {
    const holder = holderOf(dataDir);
    if (holder !== null) {
      throw new BackupFileError(
        `${dataDir} is in use by process ${holder}: stop that server first`
      );
    }
    refuseFull(dataDir);
    if (!existsSync(file)) throw new BackupFileError(`there is no file ${file}`);
    const claim = claimDataDir(dataDir);
    try {
      refuseFull(dataDir);
      const tell = { written: progressTo(outside, 'rows written') };
      const checked = progressTo(outside, 'rows checked');
      const { head, messages, threads } = await restoreBackup({
        dir: join(dataDir, LOG_FOLDER),
        lines: textLines(createReadStream(file)),
        onProgress: (rows, what) => {
          (what === 'written' ? tell.written : checked)(rows);
        }
      });
      await say(
        outside.stdout,
        `${String(messages)} messages in ${String(threads)} threads are restored and checked, as they were at ${new Date(head.at).toISOString()}.\n` +
          'The next start gives every thread a new epoch; clients are told of a gap and read again what is kept.'
      );
      return EXIT.good;
    } finally {
      claim.release();
    }
  });
}

function refuseFull(dataDir: string): void {
  const found = foundIn(dataDir, LOG_FOLDER);
  if (found.length === 0) return;
  const named = found.slice(0, NAMED_MAX).join(', ');
  throw new BackupFileError(
    `${dataDir} is not empty (${named}): move it away, or restore into another directory`
  );
}

async function writeFile(
  path: string,
  lines: AsyncIterable<string>,
  onProgress: (rows: number) => void
): Promise<{ rows: number; bytes: number }> {
  const reader = new BackupReader();
  const file: FileHandle = await open(path, 'wx', FILE_MODE);
  let bytes = 0;
  try {
    let text = '';
    const flush = async (): Promise<void> => {
      const chunk = Buffer.from(text);
      text = '';
      bytes += chunk.length;
      await file.appendFile(chunk);
    };
    for await (const line of lines) {
      reader.take(line);
      if (line === '') continue;
      text += `${line}\n`;
      if (text.length < CHUNK_CHARS) continue;
      await flush();
      onProgress(reader.rows);
    }
    reader.finish();
    await flush();
    await file.sync();
  } finally {
    await file.close();
  }
  return { rows: reader.rows, bytes };
}

async function syncDir(path: string): Promise<void> {
  const dir = await open(path, 'r').catch(() => null);
  // Windows does not open folders, and keeps the name without that.
  await dir?.sync().catch(() => undefined);
  await dir?.close();
}

/** Returns what tells a terminal how far it is, about once a second. */
function progressTo({ stderr }: CliOutside, what: string): (rows: number) => void {
  let toldMs = performance.now();
  return (rows) => {
    if (stderr.isTTY !== true || performance.now() - toldMs < PROGRESS_MS) return;
    toldMs = performance.now();
    stderr.write(`${String(rows)} ${what} …\n`, () => undefined);
  };
}

const TOLD = [
  BackupFileError,
  BackupRefusedError,
  DataDirError,
  LogCorruptError,
  LogFormatError,
  LogOpenError
];

/** Codes of the file system that an operator can do something about. */
const FILE_CODES = [
  'ENOSPC',
  'EDQUOT',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EEXIST'
];

/** Reports what an operator can act on in one line. Other errors are faults of ours and keep their stack. */
async function orSay(
  command: string,
  outside: CliOutside,
  run: () => Promise<number>
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const isTold =
      TOLD.some((type) => error instanceof type) ||
      FILE_CODES.includes(codeOf(error)) ||
      // The connection broke in the middle.
      (error instanceof TypeError && error.message === 'terminated') ||
      /ENOSPC|No space left/.test(reasonOf(error));
    if (!isTold) throw error;
    await say(outside.stderr, `rollcall ${command}: ${reasonOf(error)}; nothing was changed`);
    return EXIT.failed;
  }
}
