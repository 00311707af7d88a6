/**
 * A batch on its way into the tables: the sink adds what it reads in small pieces, and then has table after table
 * inserted at once, since an insert costs ClickHouse about as much for 4,000 rows as for 500.
 */
import type { FeedBatch } from '../../log/analytics-feed.js';

/** A table that the sink fills. */
export type CopiedTable = 'messages' | 'deliveries' | 'transitions' | 'steps' | 'runs';

/** The part of a batch that rows are made of. */
export type CopiedBatch = Pick<FeedBatch, 'entries' | 'facts'>;

/** One batch. Whoever gives it up only drops it: nothing is in the tables before `insert`. */
export interface RowCopy {
  /** Adds a piece of the batch. */
  add(piece: CopiedBatch): Promise<void>;
  /** Inserts the rows of a table and returns their number. */
  insert(table: CopiedTable): Promise<number>;
}
