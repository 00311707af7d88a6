/**
 * What the log keeps of the feed as a whole, in one row. Like a head it says what the commit under way leaves; after a
 * failed one it is read again.
 */
import { LogCorruptError } from '../../log-errors.js';
import { decodeFeed, FEED_KEY, type FeedRecord } from '../log-keys.js';
import type { LogStore, LogWrite } from '../log-store.js';

/** The {@link FeedRecord} of a log, as it is being written. */
export class FeedState {
  readonly #store: LogStore;
  readonly #dir: string;
  /** Id of the store that has what was taken. */
  store: string | null = null;
  /** Where the next row of facts goes. */
  nextSeq = 1;
  /** Facts in rows. */
  facts = 0;

  constructor(store: LogStore, dir: string) {
    this.#store = store;
    this.#dir = dir;
    this.restore();
  }

  /** Reads what is on disk. Nothing may be on its way to it. */
  restore(): void {
    const text = this.#store.get(FEED_KEY);
    const record = text === undefined ? { store: null, nextSeq: 1, facts: 0 } : decodeFeed(text);
    if (record === null) throw new LogCorruptError(this.#dir, 'the feed row does not decode');
    this.store = record.store;
    this.nextSeq = record.nextSeq;
    this.facts = record.facts;
  }

  /** Adds the row as it now stands. */
  write(into: LogWrite[]): void {
    const { store, nextSeq, facts } = this;
    const record: FeedRecord = { store, nextSeq, facts };
    into.push({ key: FEED_KEY, value: JSON.stringify(record) });
  }
}
