/**
 * Sends the clients away before the server ends: told with 3001 and a time to come back that is spread, in slices, so
 * that neither this node's last moments nor the next node's first are a stampede.
 */
import type { Clock } from '../actors/clock.js';
import type { Connections } from './connections.js';

/** Time between two slices. */
export const DRAIN_SLICE_MS = 20;

/** Time of the drain per connection, up to a third of the shutdown's bound. */
export const DRAIN_MS_PER_CONNECTION = 1;

/** Earliest time that a client is told to come back after; the process has to end first. */
export const COME_BACK_MIN_MS = 500;

/** How far the coming back is spread at the least, and per connection. */
export const COME_BACK_SPREAD_MS = 4_500;
/** See {@link COME_BACK_SPREAD_MS}: a thousand clients a second is what one node takes easily. */
export const COME_BACK_MS_PER_CONNECTION = 1;

/** What a drain works with. `random` answers a number in [0, 1). */
export interface DrainOptions {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly random: () => number;
  readonly shutdownMs: number;
}

/** Closes every connection, slice by slice, and resolves when the last has been told. */
export async function drainConnections(options: DrainOptions): Promise<void> {
  const { connections, clock, random, shutdownMs } = options;
  const all = [...connections];
  const windowMs = Math.min(shutdownMs / 3, all.length * DRAIN_MS_PER_CONNECTION);
  const slices = Math.max(1, Math.ceil(windowMs / DRAIN_SLICE_MS));
  const perSlice = Math.ceil(all.length / slices);
  const spreadMs = Math.max(COME_BACK_SPREAD_MS, all.length * COME_BACK_MS_PER_CONNECTION);
  for (let from = 0; from < all.length; from += perSlice) {
    for (const connection of all.slice(from, from + perSlice)) {
      connection.disconnect(3001, COME_BACK_MIN_MS + Math.floor(random() * spreadMs));
    }
    await new Promise<void>((resolve) => {
      clock.setTimeout(resolve, DRAIN_SLICE_MS);
    });
  }
}
