/**
 * Stores many messages as fast as the server takes them, so that a row has something to replay.
 */
import { Publishes } from '../publishes.js';
import type { RawSocket } from '../wire.js';
import { BODY_BYTES } from './row.js';

/** Publishes in flight at once. */
const WINDOW = 1_024;

/** After this long without an ack the row is given up. */
const STUCK_MS = 30_000;

/** Publishes so many messages to each of these threads, in turns, and resolves once all are acknowledged. */
export function store(
  publisher: RawSocket,
  threads: readonly string[],
  messagesEach: number
): Promise<void> {
  // Nobody subscribes. With `stored` that is no fault.
  const publishes = threads.map(
    (thread) => new Publishes('rollcall', thread, BODY_BYTES, { expect: 'stored' })
  );
  const count = threads.length * messagesEach;
  let sent = 0;
  let acked = 0;
  return new Promise((resolve, reject) => {
    const stuck = setTimeout(() => {
      reject(new Error(`only ${String(acked)} of ${String(count)} publishes were acknowledged`));
    }, STUCK_MS);
    const publish = (): void => {
      const next = publishes[sent++ % publishes.length];
      if (next !== undefined) publisher.send(next.next());
    };
    publisher.onAck = () => {
      acked++;
      stuck.refresh();
      if (sent < count) publish();
      if (acked < count) return;
      clearTimeout(stuck);
      publisher.onAck = null;
      resolve();
    };
    while (sent < Math.min(WINDOW, count)) publish();
  });
}
