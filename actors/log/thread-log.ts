/**
 * The log of record as a whole, for who opens it and hands it out. Everybody else takes only the interfaces that they
 * use. One implementation is embedded (`lmdb/lmdb-log.ts`).
 * @see docs/adr/0013-the-log-is-several-interfaces.md
 */
import type { AnalyticsFeed } from './analytics-feed.js';
import type { Commits } from './commits.js';
import type { LogHealthSource } from './log-health.js';
import type { LogReader } from './log-reader.js';
import type { LogWriter } from './log-writer.js';
import type { ThreadRecords } from './thread-records.js';

/** Durable storage of messages and thread records: all interfaces of one log. */
export interface ThreadLog extends LogReader, LogWriter, ThreadRecords, LogHealthSource {
  /** Entries as they become known. */
  readonly commits: Commits;
  /** What the analytics store is given of this log. */
  readonly feed: AnalyticsFeed;
  /** Waits for appends under way and closes. Later appends answer `unavailable`. */
  close(): Promise<void>;
}
