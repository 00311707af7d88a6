/**
 * The feed's state as a whole, which the log keeps in one row. It already counts the commit in progress; after a
 * failed commit it is read again.
 */
import { LogCorruptError } from '../../log-errors.js';
import { decodeFeed, FEED_KEY, type FeedRecord } from '../log-keys.js';
import type { LogStore, LogWrite } from '../log-store.js';

/** The {@link FeedRecord} of a log, with the changes of the commit in progress. */
export class FeedState {
  readonly #store: LogStore;
  readonly #dir: string;
  /** Id of the store that has the messages and facts taken so far. */
  store: string | null = null;
  /** Seq of the next row of facts. */
  nextSeq = 1;
  /** Number of facts in rows. */
  facts = 0;

  constructor(store: LogStore, dir: string) {
    this.#store = store;
    this.#dir = dir;
    this.restore();
  }

  /** Reads the state on disk. No write may be in progress. */
  restore(): void {
    const text = this.#store.get(FEED_KEY);
    const record = text === undefined ? { store: null, nextSeq: 1, facts: 0 } : decodeFeed(text);
    if (record === null) throw new LogCorruptError(this.#dir, 'the feed row does not decode');
    this.store = record.store;
    this.nextSeq = record.nextSeq;
    this.facts = record.facts;
  }

  /** Adds the row in its present state. */
  write(into: LogWrite[]): void {
    const { store, nextSeq, facts } = this;
    const record: FeedRecord = { store, nextSeq, facts };
    into.push({ key: FEED_KEY, value: JSON.stringify(record) });
  }
}
