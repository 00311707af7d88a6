/**
 * The log as the analytics sink reads it: batch by batch from a durable place, at the sink's own pace. Nothing here is
 * ever waited for by a message.
 */
import type { Fact } from '../facts/fact.js';

/** A message as the feed gives it. */
export interface FeedEntry {
  readonly thread: string;
  readonly epoch: string;
  readonly offset: number;
  /** The whole `message` frame as JSON text. */
  readonly frame: string;
}

/** A fact with an id that no other fact of its log and epoch has: told twice, it is recognized by it. */
export interface FeedFact {
  readonly id: number;
  readonly epoch: string;
  readonly fact: Fact;
}

/** What has not been taken yet, as much as was asked for; `take` notes that it has been. */
export interface FeedBatch {
  readonly entries: readonly FeedEntry[];
  readonly facts: readonly FeedFact[];
  /** Whether there was more when it was read. */
  readonly more: boolean;
}

/** What {@link AnalyticsFeed.find} looks for. */
export interface FactFilter {
  /** Thread that the facts are about. */
  readonly thread: string;
  /** Earliest time, Unix milliseconds. */
  readonly since: number;
  readonly isWanted: (fact: Fact) => boolean;
}

/** Facts that were found, oldest first. */
export interface FoundFacts {
  readonly facts: readonly Fact[];
  /** Whether all were looked at: if not, newer ones may be missing. */
  readonly isWhole: boolean;
}

/** How much is waiting to be taken. */
export interface FeedBacklog {
  /** Threads with messages that have not been taken. */
  readonly threads: number;
  /** Facts that have not been taken. */
  readonly facts: number;
  /** Facts that were dropped because there was no room to keep them, since the log was opened. */
  readonly factsDropped: number;
}

/** What the sink reads. Reads are synchronous and throw `LogUnavailableError` in the moments the log cannot be read. */
export interface AnalyticsFeed {
  /** Id of the store that has what was taken; null when nothing has been taken for any. */
  storeId(): string | null;
  /** Starts from the beginning for another store: all that is kept counts as not taken. Resolves when durable. */
  rewind(storeId: string): Promise<void>;
  /**
   * The next messages and facts that have not been taken, at most `limit` of each and about `maxChars` characters of
   * frames (but at least one); asked again before `take`, it answers the same or more. Threads come in turn, so that a
   * busy one does not keep the others waiting.
   */
  next(limit: number, maxChars: number): FeedBatch;
  /** Notes that the store has a batch that `next` gave. Resolves when durable, rejects when that could not be stored. */
  take(batch: FeedBatch): Promise<void>;
  /** Keeps a fact, durable within a second; never throws, never waits. Does nothing where nobody reads the feed. */
  record(fact: Fact): void;
  backlog(): FeedBacklog;
  /**
   * Finds facts that have not been taken, those in memory included, in turns and within bounds. One that is taken
   * meanwhile may be missed: whoever asks the store next finds it there.
   */
  find(filter: FactFilter): Promise<FoundFacts>;
  /** Sets the one listener for "there is something to take, and there was nothing before". */
  onWork(listener: () => void): void;
}
