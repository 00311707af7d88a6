/**
 * Row `rate`: a steady rate over many small threads, beside `json-uws`. The disk is measured in the same rounds, since the
 * bar allows for two durable writes.
 */
import { median, type Figure } from '../figures.js';
import { isOurs, isRollcall, type TargetKind } from '../target.js';
import { Tally } from '../wire.js';
import { Disk } from './disk.js';
import { BODY_BYTES, inGroups, withAll, type RowContext } from './row.js';
import { Steady } from './steady.js';
import { figuresOf, inTurns, ratioAtMost, type Metric, type MetricBar } from './turns.js';

const BASE = 'json-uws';

/** Durable writes per second while the disk has its turn. */
const DISK_PER_SECOND = 100;

/** Peers of this row, if they are asked for. The row `members` has the others. */
const PEERS: readonly TargetKind[] = ['json-uws', 'json-ws', 'socket.io-uws', 'nats-server'];

/** Measures each rate in turn. */
export async function rate(context: RowContext): Promise<Figure[]> {
  const { size, kinds } = context;
  const some = kinds.filter((kind) => isRowKind(kind));
  return inGroups(some, BASE, size.threads * size.members, (group) =>
    withAll(
      group.map((kind) => context.options(kind)),
      (target, tally) => Steady.gather(target, tally, size.threads, size.members),
      async (steadies) => {
        const figures: Figure[] = [];
        for (const perSecond of size.rates) {
          figures.push(...(await atRate(context, steadies, perSecond)));
        }
        return figures;
      }
    )
  );
}

function isRowKind(kind: TargetKind): boolean {
  return isRollcall(kind) || PEERS.includes(kind);
}

async function atRate(
  context: RowContext,
  steadies: readonly Steady[],
  perSecond: number
): Promise<Figure[]> {
  const { size, dir, untilMs, tell } = context;
  const scenario =
    `${perSecond.toLocaleString('en')} messages/s over ` +
    `${size.threads.toLocaleString('en')} threads × ${String(size.members)}`;
  const disk = new Disk(dir);
  try {
    const turns = steadies.map((steady) => ({
      server: steady.target.kind,
      tally: steady.tally,
      isOurs: isOurs(steady.target.kind),
      run: () => steady.run(perSecond, size.sliceMs)
    }));
    const onDisk = {
      server: 'disk',
      tally: new Tally(),
      isOurs: false,
      run: async () => {
        const { p50, p99 } = await disk.run(BODY_BYTES, DISK_PER_SECOND, size.sliceMs / 2);
        return { 'disk p50': p50, 'disk p99': p99 };
      }
    };
    const measured = await inTurns([...turns, onDisk], {
      rounds: size.rounds,
      untilMs,
      warmUp: true,
      scenario,
      tell
    });
    const ofDisk = (key: string): number =>
      median(measured.at(-1)?.samples.map((sample) => sample[key] ?? NaN) ?? []);
    const metrics: Metric[] = [
      {
        name: 'delivery p50',
        key: 'p50',
        unit: 'ms',
        bar: timesPlusDisk(2, 2, ofDisk('disk p50'))
      },
      {
        name: 'delivery p99',
        key: 'p99',
        unit: 'ms',
        bar: timesPlusDisk(3, 1, ofDisk('disk p99'))
      },
      { name: "server's CPU", key: 'cores', unit: 'cores', bar: ratioAtMost(1.25) },
      { name: 'ack p50', key: 'ack p50', unit: 'ms', bar: null },
      { name: 'ack p99', key: 'ack p99', unit: 'ms', bar: null },
      { name: 'durable write p50', key: 'disk p50', unit: 'ms', bar: null },
      { name: 'durable write p99', key: 'disk p99', unit: 'ms', bar: null }
    ];
    return metrics.flatMap((metric) => figuresOf(scenario, metric, measured, BASE));
  } finally {
    disk.close();
  }
}

function timesPlusDisk(times: number, writes: number, diskMs: number): MetricBar {
  const ofDisk = `${writes === 1 ? '' : `${String(writes)} × `}${diskMs.toFixed(2)} ms`;
  return {
    text: `≤ ${String(times)} × ${BASE} + ${ofDisk}`,
    isMet: ({ value, base }) => base !== null && value <= times * base + writes * diskMs
  };
}
