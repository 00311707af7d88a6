/**
 * Reads past damaged messages. Readers get them as a gap, and then the messages after them. A request that stopped at the
 * damage would be refused for ever.
 */
import { LogCorruptError } from './log-errors.js';
import type { LogEntry, LogReader } from './log-reader.js';

/** Most damaged messages that one read skips: each costs a read of its own, some microseconds. */
export const PASSED_OVER_MAX = 128;

/** A page of messages, and the damaged ones skipped before it. */
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
 * Reads like {@link LogReader.read}, up to the newest offset `last`, but skips damaged messages at the beginning. When it
 * has skipped as many as it may, the page is empty, and the next page begins after them.
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
 * Reads like {@link LogReader.readBefore}, but skips damaged messages at the end and reports each.
 * @throws {LogCorruptError} when more messages are damaged than it may skip
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
