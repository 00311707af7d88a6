/**
 * The storage engine under the log: ordered rows, atomic commits. No type of LMDB leaves this file.
 * @see docs/adr for why LMDB, and why `overlappingSync` is off: a commit resolves after its own fdatasync
 */
import { mkdirSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bufferToKeyValue,
  compareKeys,
  keyValueToBuffer,
  open,
  type RangeOptions,
  type RootDatabase
} from 'lmdb';
import { reasonOf } from '../../../machines/reason.js';
import { freeSpaceOf } from './disk/disk-room.js';
import { LogCorruptError, LogOpenError, LogUnavailableError } from '../log-errors.js';
import { DATA_FILE, inspectDataFile, padDataFile, refuseFiles } from './disk/pages/log-file.js';
import { rowName, type LocalDurability, type LogKey, type LogRow } from './log-keys.js';
import { isSealed, seal, unseal } from './log-seal.js';
import { WalkGuard, type GuardedWalk, type KeyForm } from './walk-guard.js';

/** One change of a commit: a value to put, or null to remove the row. */
export interface LogWrite {
  readonly key: LogKey;
  readonly value: string | null;
}

/** A range of rows: `from` inclusive, `to` exclusive (nothing in the log equals the bounds of a prefix). */
export interface LogRange {
  readonly from: LogKey;
  readonly to: LogKey;
  /** Greatest key first. */
  readonly reverse?: boolean;
  readonly limit?: number;
  /**
   * Called with the key of each row whose checksum does not fit; the row is left out then. When absent, such a row
   * throws {@link LogCorruptError}. Walks of keys do not look at values.
   */
  readonly onDamage?: (key: LogKey) => void;
}

/** Where the log is and how it is used. With `read`, nothing is changed and all reads see the same state. */
export interface StoreOptions {
  readonly dir: string;
  readonly use: LocalDurability | 'read';
}

/**
 * Ordered rows on disk, each with a checksum that every read verifies (log-seal.ts). Reads are synchronous; they throw
 * {@link LogUnavailableError} while the store is closed, and {@link LogCorruptError} for a row that was altered.
 */
export interface LogStore {
  get(key: LogKey): string | undefined;
  /** Rows, read lazily from the state at the call; writes made during the walk are not seen. */
  range(range: LogRange): Iterable<LogRow>;
  /** Like `range`, but keys only. */
  keys(range: LogRange): Iterable<LogKey>;
  /** Number of rows in a range, at about a tenth of the cost of walking them. */
  count(range: LogRange): number;
  /**
   * Writes all or nothing and resolves when that is as durable as the store promises; rejects with the reason. One at
   * a time: a second commit before the first has settled would fail together with it.
   */
  commit(writes: readonly LogWrite[]): Promise<void>;
  /**
   * From now on, commits are refused with {@link LogFencedError} when this row exists. The engine looks for it in the
   * transaction that writes: no other process can come in between. Null: nothing is looked for.
   */
  guard(fence: LogKey | null): void;
  /**
   * From now on, a row without a checksum counts as altered. Until then it is read as it is: logs below format 3 have
   * such rows.
   */
  requireSeals(): void;
  /** Flushes to disk whatever the durability; rejects when the disk refuses. */
  sync(): Promise<void>;
  /** Closes and opens the store: after a failed commit the engine may refuse everything until then. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the log's rows, creating them when there are none (but not for `read`).
 * @throws {LogOpenError} the directory or file cannot be used
 * @throws {LogCorruptError} the data file is not a log
 */
export function openStore(options: StoreOptions): LogStore {
  return new LmdbStore(options);
}

declare module 'lmdb' {
  /** Exported by the engine, but missing from its types. */
  export function bufferToKeyValue(bytes: Buffer): unknown;
  /** As above. */
  export function keyValueToBuffer(key: LogKey): Buffer;
}

/** The key that these bytes stand for on a page; null when they stand for none. */
export function decodeKey(bytes: Buffer): LogKey | null {
  let key: unknown;
  try {
    // A copy: the engine reads words, also beyond the end.
    key = bufferToKeyValue(Buffer.concat([bytes, Buffer.alloc(8)]).subarray(0, bytes.length));
  } catch {
    return null;
  }
  const [tag, ...rest] = Array.isArray(key) ? key.map((part: unknown) => part) : [];
  if (typeof tag !== 'string') return null;
  const parts = rest.flatMap((part) =>
    typeof part === 'string' || typeof part === 'number' ? [part] : []
  );
  return parts.length === rest.length ? [tag, ...parts] : null;
}

const KEY_FORM: KeyForm = {
  bytesOf: keyValueToBuffer,
  keyOf: decodeKey,
  compare: compareKeys
};

/** The order of keys in the log. */
export function compareLogKeys(one: LogKey, other: LogKey): number {
  return compareKeys(one, other);
}

/** Thrown by a commit after another process has opened the log; nothing was written. */
export class LogFencedError extends Error {
  constructor() {
    super('another process has opened this log and writes to it; stop one of the two');
    this.name = 'LogFencedError';
  }
}

type Rows = RootDatabase<string, LogKey>;

class LmdbStore implements LogStore {
  readonly #options: StoreOptions;
  #rows: Rows | null;
  /** Null for `read`: whoever only reads has checked all pages before. */
  #guard: WalkGuard | null = null;
  #fence: LogKey | null = null;
  #areSealsRequired = false;
  #snapshot: { transaction: ReturnType<Rows['useReadTransaction']> } | Record<string, never> = {};

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#rows = this.#open();
  }

  #open(): Rows {
    const { dir, use } = this.#options;
    try {
      if (use !== 'read') mkdirSync(dir, { recursive: true });
      const file = inspectDataFile(dir);
      if (file.state === 'foreign') throw new LogCorruptError(dir, file.what);
      if (file.state === 'absent' && use === 'read') {
        throw new LogOpenError(dir, 'there is no log');
      }
      if (use !== 'read' && file.state === 'known' && file.missingBytes > 0) {
        padDataFile(dir, file.missingBytes);
      }
      refuseFiles(dir, use === 'read');
      const rows = open<string, LogKey>({
        path: dir,
        noSubdir: false,
        encoding: 'string',
        overlappingSync: false,
        // Every commit here is one batch. The engine's own batching per turn would only add a promise that the engine
        // drops; when a commit fails, that promise would end the process as an unhandled rejection.
        eventTurnBatching: false,
        noSync: use === 'process',
        readOnly: use === 'read'
      });
      if (use === 'read') this.#snapshot = { transaction: rows.useReadTransaction() };
      else this.#guard = new WalkGuard(dir, KEY_FORM);
      return rows;
    } catch (error) {
      if (error instanceof LogCorruptError || error instanceof LogOpenError) throw error;
      if (isDamage(error)) throw new LogCorruptError(dir, reasonOf(error));
      throw new LogOpenError(dir, reasonOf(error));
    }
  }

  #live(): Rows {
    if (this.#rows === null) throw new LogUnavailableError('the thread log is closed');
    return this.#rows;
  }

  get(key: LogKey): string | undefined {
    const rows = this.#live();
    let stored: string | undefined;
    try {
      stored = rows.get(key, this.#snapshot);
    } catch (error) {
      throw this.#readError(rows, error);
    }
    return stored === undefined ? undefined : this.#opened(key, stored);
  }

  range(range: LogRange): Iterable<LogRow> {
    const rows = this.#live();
    const stored = this.#walk(
      rows,
      range,
      () => rows.getRange(this.#engineRange(range)),
      ({ key }) => key
    );
    return this.#openedRows(stored, range.onDamage ?? null);
  }

  *#openedRows(
    stored: Iterable<LogRow>,
    onDamage: ((key: LogKey) => void) | null
  ): Iterable<LogRow> {
    for (const { key, value } of stored) {
      const text = onDamage === null ? this.#opened(key, value) : this.#unsealed(key, value);
      if (text === null) onDamage?.(key);
      else yield { key, value: text };
    }
  }

  /** The text of a row; null when it was altered. */
  #unsealed(key: LogKey, stored: string): string | null {
    let text: string | null;
    try {
      text = unseal(key, stored);
    } catch {
      // A damaged key can have parts that are no text.
      return null;
    }
    return text === null && !this.#areSealsRequired && !isSealed(stored) ? stored : text;
  }

  #opened(key: LogKey, stored: string): string {
    const text = this.#unsealed(key, stored);
    if (text === null) throw new LogCorruptError(this.#options.dir, `${rowName(key)} was altered`);
    return text;
  }

  keys(range: LogRange): Iterable<LogKey> {
    const rows = this.#live();
    return this.#walk(
      rows,
      range,
      () => rows.getKeys(this.#engineRange(range)),
      (key) => key
    );
  }

  count(range: LogRange): number {
    const rows = this.#live();
    this.#guard?.walk(range.from, false).at(range.to);
    try {
      return rows.getKeysCount(this.#engineRange(range));
    } catch (error) {
      throw this.#readError(rows, error);
    }
  }

  *#walk<T>(
    rows: Rows,
    { from, to, reverse = false }: LogRange,
    start: () => Iterable<T>,
    keyOf: (next: T) => LogKey
  ): Iterable<T> {
    let cursor: Iterator<T> | null = null;
    try {
      const guard: GuardedWalk | undefined = this.#guard?.walk(reverse ? to : from, reverse);
      cursor = start()[Symbol.iterator]();
      for (let next = cursor.next(); next.done !== true; next = cursor.next()) {
        yield next.value;
        guard?.at(keyOf(next.value));
      }
    } catch (error) {
      if (error instanceof LogCorruptError) throw error;
      throw this.#readError(rows, error);
    } finally {
      // Also after an engine error, which would leave the cursor and its reader slot open.
      cursor?.return?.();
    }
  }

  /** After an engine error its read transaction is unusable: the next read begins a new one. */
  #readError(rows: Rows, error: unknown): Error {
    if ('transaction' in this.#snapshot) {
      this.#snapshot.transaction.done();
      rows.resetReadTxn();
      this.#snapshot = { transaction: rows.useReadTransaction() };
    } else {
      rows.resetReadTxn();
    }
    return isDamage(error)
      ? new LogCorruptError(this.#options.dir, reasonOf(error))
      : new LogUnavailableError(`the thread log cannot be read: ${reasonOf(error)}`);
  }

  #engineRange({ from, to, reverse = false, limit }: LogRange): RangeOptions {
    return {
      ...this.#snapshot,
      start: reverse ? to : from,
      end: reverse ? from : to,
      reverse,
      ...(limit === undefined ? {} : { limit })
    };
  }

  async commit(writes: readonly LogWrite[]): Promise<void> {
    const rows = this.#live();
    const fence = this.#fence;
    const write = (): void => {
      for (const { key, value } of writes) {
        if (value === null) void rows.remove(key);
        else void rows.put(key, seal(key, value));
      }
    };
    let isWritten: boolean;
    try {
      isWritten = await (fence === null ? rows.batch(write) : rows.ifNoExists(fence, write));
    } catch (error) {
      const reason = await commitReason(error);
      // The engine reports a full disk as an input/output error.
      throw new Error(`${reason} (${freeSpaceOf(this.#options.dir)})`, { cause: error });
    }
    if (!isWritten) throw new LogFencedError();
  }

  guard(fence: LogKey | null): void {
    this.#fence = fence;
  }

  requireSeals(): void {
    this.#areSealsRequired = true;
  }

  async sync(): Promise<void> {
    this.#live();
    if (this.#options.use !== 'process') return;
    const file = await openFile(join(this.#options.dir, DATA_FILE), 'r+');
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  async reopen(): Promise<void> {
    await this.close();
    this.#rows = this.#open();
  }

  async close(): Promise<void> {
    const rows = this.#rows;
    if (rows === null) return;
    this.#rows = null;
    this.#guard?.close();
    this.#guard = null;
    if ('transaction' in this.#snapshot) this.#snapshot.transaction.done();
    this.#snapshot = {};
    await rows.close();
  }
}

/**
 * LMDB's own codes for a file that is not as it expects: a page that is none, a page of the wrong kind, another version,
 * no file of its own, too deep a tree, too full a page, another kind of tree, a key of the wrong length, a contradiction.
 */
const DAMAGE = new Set([
  ...[-30_797, -30_796, -30_794, -30_793],
  ...[-30_787, -30_786, -30_784, -30_781, -30_779]
]);

/** Whether an error, or what it was caused by, is the engine's word that the file is damaged. */
export function isDamage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : null;
  if (typeof code === 'number' && DAMAGE.has(code)) return true;
  return error.message.startsWith('Invalid key size') || isDamage(error.cause);
}

/**
 * The engine rejects a commit with an error whose `commitError` is a second promise, rejected in the same turn.
 * Nobody else handles that promise, and it would end the process as an unhandled rejection: it is awaited here.
 */
async function commitReason(error: unknown): Promise<string> {
  if (error instanceof Error && 'commitError' in error && error.commitError instanceof Promise) {
    return error.commitError.then(() => error.message, reasonOf);
  }
  return reasonOf(error);
}
