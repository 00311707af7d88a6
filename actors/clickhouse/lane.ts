/**
 * One connection of the embedded engine with its calls in a row: it takes one statement at a time, and what waits in the
 * engine would hold a thread of libuv's four.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { StoreError } from './store.js';

/**
 * Longest that a statement waits behind others of its lane. Whoever asked has given up soon after: what is run for nobody
 * would keep all that come later waiting.
 */
export const LANE_WAIT_MS = 25_000;

/** The part of a client that is used. */
export type LaneClient = Pick<ClickHouseClient, 'query' | 'insert' | 'command' | 'close'>;

/** Calls in a row. */
export class Lane {
  readonly #client: LaneClient;
  readonly #stopwatch: () => number;
  #last: Promise<unknown> = Promise.resolve();

  /** @param stopwatch milliseconds of a clock that only goes forward */
  constructor(client: LaneClient, stopwatch: () => number) {
    this.#client = client;
    this.#stopwatch = stopwatch;
  }

  /**
   * Does this when all before it is done.
   * @throws {StoreError} `busy` when that took longer than {@link LANE_WAIT_MS}
   */
  run<T>(work: (client: LaneClient) => Promise<T>): Promise<T> {
    const queuedAt = this.#stopwatch();
    const next = this.#last.then(() => {
      if (this.#stopwatch() - queuedAt < LANE_WAIT_MS) return work(this.#client);
      throw new StoreError('busy', 'the statement waited too long behind others: ask again later');
    });
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Waits for what is running and closes. */
  async close(): Promise<void> {
    await this.#last;
    await this.#client.close();
  }
}
