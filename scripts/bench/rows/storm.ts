/**
 * Connects many clients, so many at a time, and measures how long each takes until it is ready.
 */
import type { ConnectOptions, Target } from '../target.js';
import type { RawSocket, Tally } from '../wire.js';

/** Connections under way at once. More would overflow the system's queue of new connections, whatever the server does. */
const AMONG = 500;

/** One client of a storm. */
export interface StormClient {
  readonly thread: string;
  readonly how: ConnectOptions;
}

/** What a storm has brought. */
export interface Storm {
  readonly sockets: readonly RawSocket[];
  /** Time of each client from its first packet until it is ready, in milliseconds. */
  readonly readyMs: number[];
  /** Time of all together, in milliseconds. */
  readonly tookMs: number;
}

/** Connects and subscribes all clients. */
export async function storm(
  target: Target,
  tally: Tally,
  clients: readonly StormClient[]
): Promise<Storm> {
  const sockets: RawSocket[] = [];
  const readyMs: number[] = [];
  const startedMs = performance.now();
  let next = 0;
  const one = async (): Promise<void> => {
    for (let client = clients[next++]; client !== undefined; client = clients[next++]) {
      const beganMs = performance.now();
      sockets.push(await target.connect(client.thread, tally, client.how));
      readyMs.push(performance.now() - beganMs);
    }
  };
  await Promise.all(Array.from({ length: AMONG }, one));
  return { sockets, readyMs, tookMs: performance.now() - startedMs };
}
