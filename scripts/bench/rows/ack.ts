/**
 * Row `ack`: one publisher at a low rate, beside one durable write of the same bytes on the same disk.
 */
import type { Figure } from '../figures.js';
import { Publishes } from '../publishes.js';
import { isOurs, isRollcall } from '../target.js';
import { Tally } from '../wire.js';
import { Disk } from './disk.js';
import { BODY_BYTES, withAll, type RowContext } from './row.js';
import { Steady } from './steady.js';
import { figuresOf, inTurns, ratioAtMost, type Metric } from './turns.js';

const BASE = 'disk';

const METRICS: readonly Metric[] = [
  { name: 'p50', key: 'ack p50', unit: 'ms', bar: ratioAtMost(1.5) },
  { name: 'p99', key: 'ack p99', unit: 'ms', bar: null }
];

/** Measures acks of each build of Rollcall, and of `json-uws`, in turns with the disk. */
export async function ack(context: RowContext): Promise<Figure[]> {
  const { size, kinds, dir, untilMs, tell } = context;
  const some = kinds.filter((kind) => isRollcall(kind) || kind === 'json-uws');
  const scenario = `ack at ${String(size.ackRate)} messages/s, one publisher`;
  const bytes = new Publishes('rollcall', 'ack-0', BODY_BYTES).next().length;
  const disk = new Disk(dir);
  try {
    return await withAll(
      some.map((kind) => context.options(kind)),
      (target, tally) => Steady.gather(target, tally, 1, 1, 'ack'),
      async (steadies) => {
        const turns = steadies.map((steady) => ({
          server: steady.target.kind,
          tally: steady.tally,
          isOurs: isOurs(steady.target.kind),
          run: () => steady.run(size.ackRate, size.sliceMs)
        }));
        const onDisk = {
          server: BASE,
          tally: new Tally(),
          isOurs: false,
          run: async () => {
            const { p50, p99 } = await disk.run(bytes, size.ackRate, size.sliceMs);
            return { 'ack p50': p50, 'ack p99': p99 };
          }
        };
        const measured = await inTurns([...turns, onDisk], {
          rounds: size.rounds,
          untilMs,
          warmUp: true,
          scenario,
          tell
        });
        return METRICS.flatMap((metric) => figuresOf(scenario, metric, measured, BASE));
      }
    );
  } finally {
    disk.close();
  }
}
