/**
 * One connection of the embedded engine with a queue of calls. The connection runs one statement at a time, and a call
 * that waits inside the engine would block one of libuv's four threads.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { StoreError } from './store.js';

/**
 * Longest wait of a statement behind others of its lane, in milliseconds. Its caller gives up soon after; running it
 * without a caller would only delay the calls behind it.
 */
export const LANE_WAIT_MS = 25_000;

/** The part of a client that this file uses. */
export type LaneClient = Pick<ClickHouseClient, 'query' | 'insert' | 'exec' | 'command' | 'close'>;

/** A queue of calls on one connection. */
export class Lane {
  readonly #client: LaneClient;
  readonly #stopwatch: () => number;
  #last: Promise<unknown> = Promise.resolve();

  /** @param stopwatch returns milliseconds of a clock that never goes back */
  constructor(client: LaneClient, stopwatch: () => number) {
    this.#client = client;
    this.#stopwatch = stopwatch;
  }

  /**
   * Runs the work after all work before it.
   * @throws {StoreError} `busy` when it waited longer than {@link LANE_WAIT_MS}
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

  /** Waits for running work and closes. */
  async close(): Promise<void> {
    await this.#last;
    await this.#client.close();
  }
}
