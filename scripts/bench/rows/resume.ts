/**
 * Row `resume`: many clients were connected and are all away while messages come. Then all come back with their place in
 * their thread, and each must get exactly what it has missed.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { cpuMs } from '../cores.js';
import { quantile, type Figure } from '../figures.js';
import { isOurs, isRollcall, type Target } from '../target.js';
import type { Tally } from '../wire.js';
import { store } from './pipeline.js';
import { withAll, type RowContext } from './row.js';
import { storm, type StormClient } from './storm.js';
import { atMost, figuresOf, inTurns, type Metric, type Sample } from './turns.js';

/** Clients of one thread. */
const CLIENTS_EACH = 10;

/** Each round takes long, and the times of thousands of clients differ little from round to round. */
const ROUNDS_MAX = 3;

const METRICS: readonly Metric[] = [
  { name: 'caught up, p50', key: 'p50', unit: 'ms', bar: null },
  { name: 'caught up, p99', key: 'p99', unit: 'ms', bar: atMost(1_500, 'ms') },
  { name: 'all caught up', key: 'allMs', unit: 'ms', bar: null },
  { name: "server's CPU each", key: 'cpuUs', unit: 'µs', bar: null }
];

/** Where a client stands in its thread. */
interface Place {
  readonly offset: number;
  readonly epoch: unknown;
}

/** Measures each build of Rollcall in turns. */
export async function resume(context: RowContext): Promise<Figure[]> {
  const { size, kinds, untilMs, tell } = context;
  const scenario =
    `${size.resumers.toLocaleString('en')} clients resume, ` +
    `${String(size.behind)} messages behind`;
  return withAll(
    kinds.filter((kind) => isRollcall(kind)).map((kind) => context.options(kind)),
    (target, tally) => Promise.resolve({ target, tally }),
    async (servers) => {
      const turns = servers.map(({ target, tally }) => ({
        server: target.kind,
        tally,
        isOurs: isOurs(target.kind),
        run: () => turn(context, target, tally)
      }));
      const measured = await inTurns(turns, {
        rounds: Math.min(ROUNDS_MAX, size.rounds),
        untilMs,
        warmUp: false,
        scenario,
        tell
      });
      return METRICS.flatMap((metric) => figuresOf(scenario, metric, measured, null));
    }
  );
}

async function turn({ size }: RowContext, target: Target, tally: Tally): Promise<Sample> {
  const threads = Array.from(
    { length: Math.ceil(size.resumers / CLIENTS_EACH) },
    (_, index) => `resume-${String(index)}`
  );
  const places = new Map<string, Place>();
  const everybody = (how: (thread: string) => StormClient['how']): StormClient[] =>
    Array.from({ length: size.resumers }, (_, index) => {
      const thread = threads[index % threads.length] ?? '';
      return { thread, how: how(thread) };
    });
  const first = await storm(
    target,
    tally,
    everybody((thread) => ({
      onText: (text) => {
        const place = placeIn(text);
        if (place !== null) places.set(thread, place);
      }
    }))
  );
  for (const socket of first.sockets) socket.close();
  await wait(size.settleMs);
  const publisher = await target.connect(null, tally);
  await store(publisher, threads, size.behind);
  publisher.close();

  const messagesBefore = tally.messages;
  const cpuBefore = cpuMs(target.pid);
  const ownBefore = process.cpuUsage();
  const { sockets, readyMs, tookMs } = await storm(
    target,
    tally,
    everybody((thread) => {
      const since = places.get(thread);
      if (since === undefined) throw new Error(`no client has seen where ${thread} stands`);
      return { since, after: since.offset };
    })
  );
  const own = process.cpuUsage(ownBefore);
  const cpu = cpuMs(target.pid) - cpuBefore;
  const missing = size.resumers * size.behind - (tally.messages - messagesBefore);
  if (missing > 0) tally.lost += missing;
  if (missing < 0) tally.duplicated -= missing;
  for (const socket of sockets) socket.close();
  await wait(size.settleMs);
  return {
    p50: quantile(readyMs, 0.5),
    p99: quantile(readyMs, 0.99),
    allMs: tookMs,
    cpuUs: (cpu * 1_000) / size.resumers,
    generator: (own.user + own.system) / 1_000 / tookMs
  };
}

/** The place that a `subscribed` frame names; null for other frames. */
function placeIn(text: string): Place | null {
  if (!text.includes('"subscribed"')) return null;
  const frame: unknown = JSON.parse(text);
  return typeof frame === 'object' && frame !== null && 'offset' in frame && 'epoch' in frame
    ? { offset: Number(frame.offset), epoch: frame.epoch }
    : null;
}
