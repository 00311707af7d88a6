/**
 * Reading past damage. Readers are told of damaged messages as a gap and get what stands behind them; a request that
 * stopped at the damage would be refused for ever.
 */
import { LogCorruptError } from './log-errors.js';
import type { LogEntry, LogReader } from './log-reader.js';

/** Most damaged messages that one read passes over: each costs a read of its own, of microseconds. */
export const PASSED_OVER_MAX = 128;

/** A page of messages, and what was passed over to get it. */
export interface PastPage {
  readonly entries: readonly LogEntry[];
  /** The damaged messages before the page, and why they cannot be read; null when there are none. */
  readonly damaged: {
    readonly from: number;
    readonly to: number;
    readonly why: LogCorruptError;
  } | null;
}

/**
 * Reads like {@link LogReader.read}, up to the newest offset `last`, but passes over damaged messages at the beginning.
 * When all that it may pass over is damaged, the page is empty and goes on behind it.
 * @throws {LogUnavailableError} while the log cannot be read
 */
export function readPast(
  log: Pick<LogReader, 'read'>,
  thread: string,
  { after, last }: { readonly after: number; readonly last: number },
  limit: number,
  maxChars: number
): PastPage {
  let why: LogCorruptError | null = null;
  let to = after;
  while (to < last && to - after < PASSED_OVER_MAX) {
    try {
      const entries = log.read(thread, to, limit, maxChars);
      return { entries, damaged: why === null ? null : { from: after + 1, to, why } };
    } catch (error) {
      if (!(error instanceof LogCorruptError)) throw error;
      why ??= error;
      to += 1;
    }
  }
  return { entries: [], damaged: why === null ? null : { from: after + 1, to, why } };
}

/**
 * Reads like {@link LogReader.readBefore}, but passes over damaged messages at the end, and tells each.
 * @throws {LogCorruptError} when all that it may pass over is damaged
 */
export function readBackPast(
  log: Pick<LogReader, 'readBefore'>,
  thread: string,
  before: number,
  limit: number,
  onDamage: (why: LogCorruptError) => void
): LogEntry[] {
  for (let end = before; ; end -= 1) {
    try {
      return log.readBefore(thread, end, limit);
    } catch (error) {
      if (!(error instanceof LogCorruptError) || before - end >= PASSED_OVER_MAX) throw error;
      onDamage(error);
    }
  }
}
