/**
 * Sends the clients away before the server ends: one after the other over the drain's time, each once what it asked has
 * its answer and what it was sent has gone out, and each told with 3001 when to come back. Those times begin where the
 * drain ends and are spread, so that neither this node's last moments nor the next node's first are a stampede.
 */
import type { Clock } from '../../actors/clock.js';
import type { Connection } from '../chat/connection.js';
import type { Connections } from '../chat/connections.js';

/** Time between two looks at who is to go. */
export const DRAIN_SLICE_MS = 20;

/** Time of the drain per connection, up to {@link DRAIN_SHARE} of the shutdown's bound. */
export const DRAIN_MS_PER_CONNECTION = 1;

/** Most of the shutdown's bound that goodbyes are spread over. */
export const DRAIN_SHARE = 1 / 3;

/** How long one connection is waited for that does not read or is not answered; then it is closed as it is. */
export const PATIENCE_MS = 5_000;

/** Part of the shutdown's bound after which nobody is waited for: the other half is for the server's parts to stop in. */
export const PATIENCE_SHARE = 1 / 2;

/**
 * Time after the last goodbye before the server goes on to end, about a round trip to the other side of the world: what
 * a client had sent before it read the goodbye would otherwise meet a dead port, whose reset can overtake the goodbye.
 */
export const DRAIN_LINGER_MS = 200;

/** Earliest time after the end of the drain that a client is told to come back at; the process has to end first. */
export const COME_BACK_MIN_MS = 500;

/** How far the coming back is spread at the least, and per connection. */
export const COME_BACK_SPREAD_MS = 4_500;
/** See {@link COME_BACK_SPREAD_MS}: a thousand clients a second is what one node takes easily. */
export const COME_BACK_MS_PER_CONNECTION = 1;

/** A part that has something to do before the clients are sent away, and after. */
export interface DrainedPart {
  /** Called before the first goodbye: takes on nothing new. The whole shutdown may take so long. */
  begin(forMs: number): void;
  /** Called after the last goodbye; resolves when what is under way is kept. */
  end(): Promise<void>;
}

/** What a drain works with. `random` answers a number in [0, 1). */
export interface DrainOptions {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly random: () => number;
  readonly shutdownMs: number;
}

/** The drain of a server, with what its parts do around the goodbyes. */
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

  /** Drains the server once; resolves when it may stop. */
  async run(): Promise<void> {
    for (const part of this.parts) part.begin(this.options.shutdownMs);
    await drainConnections(this.options);
    for (const part of this.parts) await part.end();
  }
}

/**
 * Closes every connection and resolves when the last has been told. Takes at most {@link PATIENCE_SHARE} of
 * `shutdownMs`, and a linger.
 */
export async function drainConnections(options: DrainOptions): Promise<void> {
  const { connections, clock, random, shutdownMs } = options;
  const all = connections.everybody();
  if (all.length === 0) return;
  const startedAt = clock.now();
  const windowMs = Math.min(shutdownMs * DRAIN_SHARE, all.length * DRAIN_MS_PER_CONNECTION);
  const spreadMs = Math.max(COME_BACK_SPREAD_MS, all.length * COME_BACK_MS_PER_CONNECTION);
  /** Who has been asked to go, and when: milliseconds after the start. */
  const leaving = new Map<Connection, number>();
  const goodbye = (connection: Connection, elapsedMs: number): void => {
    leaving.delete(connection);
    const restMs = Math.max(0, windowMs - elapsedMs);
    const afterMs = Math.floor(restMs + COME_BACK_MIN_MS + random() * spreadMs);
    connection.disconnect(3001, afterMs);
  };
  let asked = 0;
  for (let turn = 0; asked < all.length || leaving.size > 0; turn++) {
    // By the clock and not by turns: a busy server turns late, and may not take longer for it. Turns count where the
    // clock has been put back.
    const elapsedMs = Math.max(clock.now() - startedAt, turn * DRAIN_SLICE_MS);
    const share = Math.min(1, (elapsedMs + DRAIN_SLICE_MS) / windowMs);
    for (const due = Math.ceil(all.length * share); asked < due; asked++) {
      const connection = all[asked];
      // Who has gone by itself meanwhile needs no goodbye.
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
