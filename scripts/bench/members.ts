/**
 * Many small threads. The first member of each publishes the next message when the last one is acknowledged.
 * Acknowledged messages are counted; a slice ends when all their deliveries have arrived too.
 */
import { Publishes } from './publishes.js';
import type { Load } from './slices.js';
import type { Target } from './target.js';
import type { RawSocket, Tally } from './wire.js';

/** After this long without a delivery, missing messages count as lost. */
const STUCK_MS = 15_000;

/** Connects the members of all threads and returns the load. */
export async function gatherMembers(
  target: Target,
  tally: Tally,
  threads: number,
  members: number,
  bodyBytes: number
): Promise<Load> {
  const names = Array.from({ length: threads }, (_, index) => `thread-${String(index)}`);
  const sockets = await target.connectAll(
    names.flatMap((name) => Array.from({ length: members }, () => name)),
    tally
  );
  const publishers = names.flatMap((name, index) => {
    const socket = sockets[index * members];
    return socket === undefined
      ? []
      : [{ socket, publishes: new Publishes(target.kind, name, bodyBytes) }];
  });
  return { target, tally, run: (forMs) => run(publishers, members, tally, forMs) };
}

function run(
  publishers: readonly { readonly socket: RawSocket; readonly publishes: Publishes }[],
  members: number,
  tally: Tally,
  forMs: number
): Promise<number> {
  const acksBefore = tally.acks;
  const messagesBefore = tally.messages;
  const until = performance.now() + forMs;
  return new Promise((resolve, reject) => {
    let open = publishers.length;
    const guard = setInterval(() => {
      if (performance.now() < until + STUCK_MS) return;
      clearInterval(guard);
      const { lost, errors } = tally;
      reject(
        new Error(
          `acks or deliveries stopped coming: ${JSON.stringify({ open, lost, errors: errors.slice(-3) })}`
        )
      );
    }, 1_000);
    const closed = (): void => {
      if (--open > 0) return;
      const acked = tally.acks - acksBefore;
      tally.when(messagesBefore + acked * members, () => {
        clearInterval(guard);
        resolve(acked);
      });
    };
    for (const { socket, publishes } of publishers) {
      socket.onAck = () => {
        if (performance.now() >= until) closed();
        else socket.send(publishes.next());
      };
      socket.send(publishes.next());
    }
  });
}
