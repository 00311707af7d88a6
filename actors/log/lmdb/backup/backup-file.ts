/**
 * The form of a backup: lines of JSON, so that it can be looked at and sent over HTTP. Blank lines mean nothing.
 *
 * | line | what |
 * |---|---|
 * | first | {@link BackupHead} |
 * | others | a row of the log: its key and its value |
 * | last | `{"end":true,"rows","crc"}`: the number of rows, and the CRC-32 of all lines before |
 *
 * A backup without its last line is not whole, and one whose checksum does not fit is damaged.
 */
import { crc32 } from 'node:zlib';
import type { LogKey, LogRow } from '../log-keys.js';

/** Version of this form; a newer one is refused. */
export const BACKUP_VERSION = 1;

/** First line of a backup. */
export interface BackupHead {
  readonly rollcall: 'backup';
  readonly version: number;
  /** Format of the log. */
  readonly format: number;
  /** Epoch of the log; who restores it gets another one. */
  readonly epoch: string;
  /** When it was begun, Unix milliseconds. */
  readonly at: number;
}

/** Thrown when a text is no backup that can be used; the message says why. */
export class BackupFileError extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'BackupFileError';
  }
}

const FOREIGN = 'it is no backup of Rollcall';
const DAMAGED = 'it is damaged: its checksum does not fit';

/** Makes the lines of a backup, each without its line feed. */
export class BackupLines {
  private crc = 0;
  private rows = 0;

  head(head: Omit<BackupHead, 'rollcall' | 'version'>): string {
    return this.added(JSON.stringify({ rollcall: 'backup', version: BACKUP_VERSION, ...head }));
  }

  row({ key, value }: LogRow): string {
    this.rows += 1;
    return this.added(JSON.stringify([key, value]));
  }

  end(): string {
    return JSON.stringify({ end: true, rows: this.rows, crc: this.crc });
  }

  private added(line: string): string {
    this.crc = crc32(`${line}\n`, this.crc);
    return line;
  }
}

/** Returns the line that ends a backup which could not be made. */
export function failedLine(reason: string): string {
  return JSON.stringify({ failed: reason });
}

/** Checks a backup line by line. Nothing that it gives may be used before {@link finish} has returned. */
export class BackupReader {
  private crc = 0;
  private count = 0;
  private isOver = false;
  private found: BackupHead | null = null;

  /** First line; null before it was read. */
  get head(): BackupHead | null {
    return this.found;
  }

  /** Rows so far. */
  get rows(): number {
    return this.count;
  }

  /** Takes a line and returns its row; null for a line without one. @throws {BackupFileError} */
  take(line: string): LogRow | null {
    if (line === '') return null;
    if (this.isOver) throw new BackupFileError('it goes on behind its end');
    const value = parsed(line);
    if (this.found === null) {
      this.found = headOf(value);
      this.crc = crc32(`${line}\n`, this.crc);
      return null;
    }
    const row = rowOf(value);
    if (row === null) {
      this.end(value);
      return null;
    }
    this.crc = crc32(`${line}\n`, this.crc);
    this.count += 1;
    return row;
  }

  /** To be called after the last line. @throws {BackupFileError} when the backup is not whole */
  finish(): void {
    if (this.found === null) throw new BackupFileError(FOREIGN);
    if (!this.isOver) throw new BackupFileError('it is not whole: its end is missing');
  }

  private end(value: unknown): void {
    if (typeof value !== 'object' || value === null) throw new BackupFileError(DAMAGED);
    if ('failed' in value) throw new BackupFileError(String(value.failed));
    if (!('rows' in value) || !('crc' in value)) throw new BackupFileError(DAMAGED);
    if (value.rows !== this.count || value.crc !== this.crc) throw new BackupFileError(DAMAGED);
    this.isOver = true;
  }
}

function headOf(value: unknown): BackupHead {
  if (
    typeof value !== 'object' ||
    value === null ||
    !('rollcall' in value) ||
    value.rollcall !== 'backup' ||
    !('version' in value) ||
    typeof value.version !== 'number' ||
    !('format' in value) ||
    typeof value.format !== 'number' ||
    !('epoch' in value) ||
    typeof value.epoch !== 'string' ||
    !('at' in value) ||
    typeof value.at !== 'number'
  ) {
    throw new BackupFileError(FOREIGN);
  }
  const { version, format, epoch, at } = value;
  if (version > BACKUP_VERSION) {
    throw new BackupFileError('a newer version of Rollcall has made it: restore it with that one');
  }
  return { rollcall: 'backup', version, format, epoch, at };
}

function rowOf(value: unknown): LogRow | null {
  if (!Array.isArray(value)) return null;
  const parts: readonly unknown[] = value;
  const [key, text] = parts;
  if (!Array.isArray(key) || typeof text !== 'string') throw new BackupFileError(DAMAGED);
  const [tag, ...rest] = key.map((part: unknown) => part);
  const known = rest.flatMap((part) =>
    typeof part === 'string' || typeof part === 'number' ? [part] : []
  );
  if (typeof tag !== 'string' || known.length !== rest.length) throw new BackupFileError(DAMAGED);
  const whole: LogKey = [tag, ...known];
  return { key: whole, value: text };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
