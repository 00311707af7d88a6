/**
 * Rows `connections` and `known`: memory.
 */
import type { Figure } from '../figures.js';
import { idleConnections, knownThreads } from '../memory.js';
import { isMeasuredInside, isOurs } from '../target.js';
import { manyThreads } from './alone/many-threads.js';
import type { RowContext } from './row.js';

const CONNECTION_BYTES_MAX = 3_072;
const KNOWN_THREAD_BYTES_MAX = 200;

/** Idle connections with one subscription each, of all servers. */
export async function connections(context: RowContext): Promise<Figure[]> {
  const { size, kinds, tell } = context;
  const figures: Figure[] = [];
  for (const isOneThread of [true, false]) {
    for (const kind of kinds.filter(isMeasuredInside)) {
      figures.push(
        await idleConnections(context.options(kind), {
          connections: size.connections,
          isOneThread,
          atMostBytes: CONNECTION_BYTES_MAX,
          settleMs: size.settleMs,
          tell
        })
      );
    }
  }
  return figures;
}

/** Threads that the log has and nobody uses. */
export async function known(context: RowContext): Promise<Figure[]> {
  const { size, kinds, tell } = context;
  const figures: Figure[] = [];
  for (const kind of kinds.filter((one) => isOurs(one))) {
    figures.push(
      ...(await knownThreads(context.options(kind), {
        threads: size.knownThreads,
        atMostBytes: KNOWN_THREAD_BYTES_MAX,
        settleMs: size.settleMs,
        tell
      }))
    );
  }
  return [...figures, ...(await manyThreads(context))];
}
