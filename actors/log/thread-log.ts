/**
 * The whole thread log, for the part that opens it and hands it out. Every other part takes only the interfaces that it
 * uses. The implementation is embedded (`lmdb/lmdb-log.ts`).
 * @see docs/adr/0013-the-log-is-several-interfaces.md
 */
import type { AnalyticsFeed } from './analytics-feed.js';
import type { Commits } from './commits.js';
import type { LogHealthSource } from './log-health.js';
import type { LogReader } from './log-reader.js';
import type { LogWriter } from './log-writer.js';
import type { Outbox } from './outbox.js';
import type { ThreadRecords } from './thread-records.js';

/** Durable storage of messages and thread records: all interfaces of one log. */
export interface ThreadLog extends LogReader, LogWriter, ThreadRecords, LogHealthSource {
  /** Entries as they become readable. */
  readonly commits: Commits;
  /** Messages and facts for the analytics store. */
  readonly feed: AnalyticsFeed;
  /** What is still to be told by webhooks. */
  readonly outbox: Outbox;
  /** Waits for running appends and closes. Later appends get `unavailable`. */
  close(): Promise<void>;
}
