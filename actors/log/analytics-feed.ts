/**
 * The log as the ClickHouse sink reads it: in batches, from a durable position, at the sink's own pace. No message
 * waits for it.
 */
import type { FactRowText } from '../facts/fact-row.js';
import type { Fact } from '../facts/fact.js';

/** A message of the feed. */
export interface FeedEntry {
  readonly thread: string;
  readonly epoch: string;
  readonly offset: number;
  /** The whole `message` frame as JSON text. */
  readonly frame: string;
}

/** Messages and facts that have not been taken; `take` notes that they have. */
export interface FeedBatch {
  readonly entries: readonly FeedEntry[];
  /** Rows of facts as the log has them: whoever stores them decodes them. */
  readonly facts: readonly FactRowText[];
  /** Whether the feed had more when this was read. */
  readonly more: boolean;
}

/** What {@link AnalyticsFeed.find} searches for. */
export interface FactFilter {
  /** Thread of the facts. */
  readonly thread: string;
  /** Earliest `at`, Unix milliseconds. */
  readonly since: number;
  readonly isWanted: (fact: Fact) => boolean;
}

/** Found facts, oldest first. */
export interface FoundFacts {
  readonly facts: readonly Fact[];
  /** Whether the search was complete; if not, newer facts may be missing. */
  readonly isWhole: boolean;
}

/** How much the sink has not taken yet. */
export interface FeedBacklog {
  /** Number of threads with messages that have not been taken. */
  readonly threads: number;
  /** Number of facts that have not been taken. */
  readonly facts: number;
  /** Number of facts dropped for lack of room since the log was opened. */
  readonly factsDropped: number;
}

/** What the sink reads. Reads are synchronous and throw `LogUnavailableError` while the log cannot be read. */
export interface AnalyticsFeed {
  /** Id of the store that has everything taken so far; null when nothing was taken yet. */
  storeId(): string | null;
  /**
   * Starts from the beginning for another store: everything kept counts as not taken. Resolves when that is durable.
   */
  rewind(storeId: string): Promise<void>;
  /**
   * Returns the next messages and facts that have not been taken: at most `limit` of each, and about `maxChars`
   * characters of frames, but at least one message. Called again before `take`, it returns the same or more. Threads
   * take turns, so that a busy one does not delay the others.
   * @param after a batch that was given and not taken: what follows it is returned
   * @throws {LogUnavailableError} also when another store has begun to take since `after` was given
   */
  next(limit: number, maxChars: number, after?: FeedBatch | null): FeedBatch;
  /** Returns whether the store has a message, and all before it of its thread. */
  isTaken(thread: string, offset: number): boolean;
  /**
   * Notes that the store has a batch of `next` and those that it follows. Resolves when that is durable, rejects when it
   * could not be stored.
   */
  take(batch: FeedBatch): Promise<void>;
  /**
   * Records a fact; it is durable within a second. Never throws, never waits. Does nothing where nobody reads the feed.
   */
  record(fact: Fact): void;
  backlog(): FeedBacklog;
  /**
   * Finds facts that have not been taken, those in memory included, in several turns and with limits. It may miss a
   * fact that is taken meanwhile; ask the store after this, which has it then.
   */
  find(filter: FactFilter): Promise<FoundFacts>;
  /** Sets the one listener for "there is something to take, and there was nothing before". */
  onWork(listener: () => void): void;
}
