/**
 * Disconnects the clients before the server ends. They leave one after the other over the time of the drain, each after
 * its requests are answered and its buffer is sent, with close code 3001 and a time to come back. These times begin
 * after the drain and are spread, so that neither the last moments of this node nor the first of the next one see all
 * clients at once.
 */
import type { Clock } from '../../actors/clock.js';
import type { Connection } from '../chat/connection.js';
import { COME_BACK_MS_PER_CONNECTION, type Connections } from '../chat/connections.js';

/** Time between two steps of the drain, in milliseconds. */
export const DRAIN_SLICE_MS = 20;

/** Time of the drain per connection, in milliseconds, up to {@link DRAIN_SHARE} of the shutdown's limit. */
export const DRAIN_MS_PER_CONNECTION = 1;

/** Largest part of the shutdown's limit over which goodbyes are spread. */
export const DRAIN_SHARE = 1 / 3;

/**
 * How long the drain waits for one connection that does not read or is not answered, in milliseconds; then it closes
 * it.
 */
export const PATIENCE_MS = 5_000;

/**
 * Part of the shutdown's limit after which the drain waits for nobody: the other half is for stopping the server's
 * parts.
 */
export const PATIENCE_SHARE = 1 / 2;

/**
 * Time after the last goodbye before the server goes on to end, about a round trip to the other side of the world: what
 * a client had sent before it read the goodbye would otherwise meet a dead port, whose reset can overtake the goodbye.
 */
export const DRAIN_LINGER_MS = 200;

/** Earliest time after the drain at which a client may come back, in milliseconds; the process has to end first. */
export const COME_BACK_MIN_MS = 500;

/** Shortest time over which reconnects are spread, in milliseconds. */
export const COME_BACK_SPREAD_MS = 4_500;

/** A part with work before the clients are disconnected, and after. */
export interface DrainedPart {
  /**
   * Called before the first goodbye: accept nothing new. `forMs` is the limit of the whole shutdown, in milliseconds.
   */
  begin(forMs: number): void;
  /** Called after the last goodbye; resolves when running work is stored. */
  end(): Promise<void>;
}

/** Options of {@link Drain}. `random` returns a number in [0, 1). */
export interface DrainOptions {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly random: () => number;
  readonly shutdownMs: number;
}

/** The drain of a server, with its parts' work before and after. */
export class Drain {
  private readonly options: DrainOptions;
  private readonly parts: DrainedPart[] = [];

  constructor(options: DrainOptions) {
    this.options = options;
  }

  /** Adds a part. */
  add(part: DrainedPart): void {
    this.parts.push(part);
  }

  /** Drains the server once; resolves when the server may stop. */
  async run(): Promise<void> {
    for (const part of this.parts) part.begin(this.options.shutdownMs);
    await drainConnections(this.options);
    for (const part of this.parts) await part.end();
  }
}

/**
 * Closes every connection and resolves {@link DRAIN_LINGER_MS} after the last one. The goodbyes take at most {@link
 * PATIENCE_SHARE} of `shutdownMs`.
 */
export async function drainConnections(options: DrainOptions): Promise<void> {
  const { connections, clock, random, shutdownMs } = options;
  const all = [...connections.opened()];
  if (all.length === 0) return;
  const startedAt = clock.elapsed();
  const windowMs = Math.min(shutdownMs * DRAIN_SHARE, all.length * DRAIN_MS_PER_CONNECTION);
  const spreadMs = Math.max(COME_BACK_SPREAD_MS, all.length * COME_BACK_MS_PER_CONNECTION);
  /** Connections that were asked to leave, with the time: milliseconds since the start. */
  const leaving = new Map<Connection, number>();
  const goodbye = (connection: Connection, elapsedMs: number): void => {
    leaving.delete(connection);
    const restMs = Math.max(0, windowMs - elapsedMs);
    const afterMs = Math.floor(restMs + COME_BACK_MIN_MS + random() * spreadMs);
    connection.disconnect(3001, afterMs);
  };
  let asked = 0;
  while (asked < all.length || leaving.size > 0) {
    // By the clock and not by turns: a busy server's turns are late, but the drain must not take longer.
    const elapsedMs = clock.elapsed() - startedAt;
    const share = Math.min(1, (elapsedMs + DRAIN_SLICE_MS) / windowMs);
    for (const due = Math.ceil(all.length * share); asked < due; asked++) {
      const connection = all[asked];
      // A connection that has closed by itself needs no goodbye.
      if (connection === undefined || connection.socket === null) continue;
      connection.isLeaving = true;
      leaving.set(connection, elapsedMs);
    }
    const isOver = elapsedMs >= shutdownMs * PATIENCE_SHARE;
    for (const [connection, askedMs] of leaving) {
      const isLate = isOver || elapsedMs - askedMs >= PATIENCE_MS;
      if (connection.socket === null) leaving.delete(connection);
      else if (isLate || connection.isSettled) goodbye(connection, elapsedMs);
      else if (connection.socket.buffered() > 0) connection.stopFeed();
    }
    await passed(clock, DRAIN_SLICE_MS);
  }
  await passed(clock, DRAIN_LINGER_MS);
}

function passed(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });
}
