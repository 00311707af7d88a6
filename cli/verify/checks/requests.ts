/** Check 5: a hundred requests, and none is answered with a fault of the server. */
import type { ClientFrame } from '../../../protocol/frames.js';
import { probeThread } from './probe-thread.js';
import { msText, type Bench, type Finding } from '../bench/check.js';

/** Number of requests. */
export const REQUESTS = 100;

/** Connections of the WebSocket, one after the other, so that no limit of connections is met. */
const CONNECTIONS = 10;

/** Requests of one connection: connect, subscribe, publish and history. */
const PER_CONNECTION = 4;

/** Close codes that mean a fault of the server. */
const FAULT_CODES: readonly number[] = [1011, 3004];

/** Most faults that are named. */
const NAMED = 3;

/** Runs the check. */
export async function checkRequests(bench: Bench): Promise<Finding> {
  const faults: string[] = [];
  const times: number[] = [];
  const note = (what: string): void => {
    faults.push(what);
  };
  const hello = await bench.connect();
  const thread = probeThread(hello.hello?.user ?? '');
  hello.drop();
  const bearer = bench.token ?? bench.apiKey;
  const page = `api/threads/${encodeURIComponent(thread)}/messages?limit=1`;
  const paths = ['livez', 'startupz', 'readyz', 'status', '', page];
  const gets = REQUESTS - CONNECTIONS * PER_CONNECTION;
  for (let n = 0; n < gets; n += 1) {
    const path = paths[n % paths.length] ?? '';
    const { status, tookMs } = await bench.door.ask(path, path === page ? { bearer } : {});
    times.push(tookMs);
    if (status >= 500) note(`GET /${path.split('?')[0] ?? ''} was answered ${String(status)}`);
  }
  for (let n = 0; n < CONNECTIONS; n += 1) await overSocket(bench, thread, n, times, note);
  times.sort((one, other) => one - other);
  const [middle = 0, slowest = 0] = [times[Math.floor(times.length / 2)], times.at(-1)];
  const named = faults.slice(0, NAMED);
  const rest = faults.length - named.length;
  return {
    figure: `${String(times.length)} requests, ${String(faults.length)} faults, half within ${msText(middle)}, slowest ${msText(slowest)}`,
    faults: rest > 0 ? [...named, `and ${String(rest)} more`] : named
  };
}

async function overSocket(
  bench: Bench,
  thread: string,
  n: number,
  times: number[],
  note: (what: string) => void
): Promise<void> {
  const began = bench.clock.elapsed();
  const wire = await bench.connect();
  times.push(bench.clock.elapsed() - began);
  const mid = `${bench.run}-r${String(n)}`;
  const frames: ClientFrame[] = [
    { type: 'subscribe', thread, since: 'live' },
    { type: 'publish', thread, mid, body: { text: 'rollcall verify' } },
    { type: 'history', thread, limit: 1 }
  ];
  try {
    for (const frame of frames) {
      const at = bench.clock.elapsed();
      const answer = await wire.ask(frame);
      times.push(bench.clock.elapsed() - at);
      if (answer.type === 'error' && answer.code !== 'rate_limited') {
        note(`${frame.type} was answered ${answer.code} (${answer.message})`);
      }
    }
  } catch (error) {
    if (wire.closed === null || !FAULT_CODES.includes(wire.closed)) throw error;
    note(`a connection was closed with ${String(wire.closed)}`);
  } finally {
    wire.drop();
  }
}
