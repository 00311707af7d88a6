/**
 * The `traceparent` of a message in the log: a record of its thread, stored in the commit of the message and removed
 * when the message is trimmed. Only messages whose trace is recorded have one.
 */
import type { NewEntry, RecordChange } from '../log/log-writer.js';
import { TRACE_KIND, type ThreadRecords } from '../log/thread-records.js';

/** Returns the change that keeps the `traceparent` of a message. */
export function keepingTrace(thread: string, mid: string, traceparent: string): RecordChange {
  return { thread, kind: TRACE_KIND, id: mid, text: traceparent };
}

/** Returns the `traceparent` that is stored with an entry; null when none is. */
export function traceIn({ mid, records }: Pick<NewEntry, 'mid' | 'records'>): string | null {
  if (records === undefined) return null;
  return records.find(({ kind, id }) => kind === TRACE_KIND && id === mid)?.text ?? null;
}

/** Returns the `traceparent` that the log keeps of a message; null when it has none or cannot be read. */
export function keptTrace(
  log: Pick<ThreadRecords, 'record'>,
  thread: string,
  mid: string
): string | null {
  try {
    return log.record(thread, TRACE_KIND, mid);
  } catch {
    // The health of the log says so; a trace is worth no further word.
    return null;
  }
}
