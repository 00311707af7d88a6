/**
 * The mark beside a log: how far the log had got. It is kept outside of the log's folder, and so of a backup of that
 * folder. A log that has less than its mark was put back, and clients may have more than it: it needs a new epoch.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync
} from 'node:fs';
import type { Clock } from '../../../clock.js';
import { fenceKey, type RunMark } from '../log-keys.js';
import type { LogStore } from '../log-store.js';
import { newestHeader } from './pages/log-file.js';

/** Time between two marks of a log that is written to: what a copy of a running log can go back unnoticed. */
export const MARK_MS = 10_000;

/** How far a log had got. */
interface LogMark {
  /** Id of the opening of the log that wrote the mark. */
  readonly writer: string;
  /** Id of the newest commit of the data file then. */
  readonly transaction: bigint;
  /** Number of the last record of the write-ahead log then; 0 in marks of versions that had none. */
  readonly record: number;
}

/**
 * What stands beside a log: a mark, none, one that a crash has left half written, or the word of an operator that the
 * log was restored.
 */
export type FoundMark = LogMark | 'none' | 'torn' | 'restored';

/** Path of the mark of the log in a folder. */
export function markPath(logDir: string): string {
  return `${logDir}-mark.json`;
}

/** Reads the mark at a path. */
export function readMark(path: string): FoundMark {
  if (!existsSync(path)) return 'none';
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return 'torn';
  }
  if (typeof value !== 'object' || value === null) return 'torn';
  if ('restored' in value && value.restored === true) return 'restored';
  return 'writer' in value &&
    typeof value.writer === 'string' &&
    'transaction' in value &&
    typeof value.transaction === 'string' &&
    /^\d{1,20}$/.test(value.transaction)
    ? {
        writer: value.writer,
        transaction: BigInt(value.transaction),
        record: 'record' in value && typeof value.record === 'number' ? value.record : 0
      }
    : 'torn';
}

/** Notes that a log was put back: the next start gives it a new epoch. Throws the system's errors. */
export function markRestored(path: string): void {
  write(path, { restored: true }, true);
}

/**
 * Whether a log has less than its mark says, or is not the one that was marked.
 * @param found the newest commit and the last record that the log was found with
 */
export function isBehind(
  store: LogStore,
  run: RunMark,
  mark: FoundMark,
  found: Pick<LogMark, 'transaction' | 'record'>
): boolean {
  // A log that was ever opened by a version that marks has a mark: without it, it was brought here.
  if (mark === 'none' || mark === 'restored') return true;
  if (mark === 'torn') return false;
  if (found.transaction < mark.transaction || found.record < mark.record) return true;
  // A later opening, which was killed before it wrote its mark, has left the fence of the one before.
  return run.writer !== mark.writer && store.get(fenceKey(mark.writer)) === undefined;
}

/** Writes the mark of one opening of a log. */
export class LogMarker {
  readonly #dir: string;
  readonly #path: string;
  readonly #writer: string;
  readonly #recordNow: () => number;
  #written: Pick<LogMark, 'transaction' | 'record'> | null = null;
  #stop: () => void = () => undefined;

  /** @param recordNow tells the number of the last durable record */
  constructor(dir: string, path: string, writer: string, recordNow: () => number) {
    this.#dir = dir;
    this.#path = path;
    this.#writer = writer;
    this.#recordNow = recordNow;
  }

  /** Marks the log now and then at intervals, until {@link stop}. */
  start(clock: Clock): void {
    this.write(true);
    const later = (): void => {
      const timer: unknown = clock.setTimeout(() => {
        this.write(false);
        later();
      }, MARK_MS);
      this.#stop = () => {
        clock.clearTimeout(timer);
      };
    };
    later();
  }

  stop(): void {
    this.#stop();
  }

  /**
   * Brings the mark up to the log. A mark that cannot be written stays behind the log, which only makes the next start
   * less able to notice.
   * @param isDurable whether to wait for the disk; not while messages are served
   */
  write(isDurable: boolean): void {
    try {
      const transaction = newestHeader(this.#dir)?.transaction ?? 0n;
      const record = this.#recordNow();
      if (transaction === this.#written?.transaction && record === this.#written.record) return;
      const mark = { writer: this.#writer, transaction: String(transaction), record };
      write(this.#path, mark, isDurable);
      this.#written = { transaction, record };
    } catch {
      // The next time, then.
    }
  }
}

/** Replaces the file as a whole: after a crash it is the old or the new one. */
function write(path: string, value: object, isDurable: boolean): void {
  const next = `${path}.next`;
  const file = openSync(next, 'w', 0o600);
  try {
    writeSync(file, JSON.stringify(value));
    if (isDurable) fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
}
