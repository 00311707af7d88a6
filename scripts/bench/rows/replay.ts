/**
 * Row `replay`: one client reads a long thread from its start, while others in other threads chat on. Their delays are
 * compared with those of the same load just before.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { cpuMs, resident } from '../cores.js';
import type { Figure } from '../figures.js';
import { isOurs, isRollcall, type Target } from '../target.js';
import { Tally } from '../wire.js';
import { store } from './pipeline.js';
import { withAll, type RowContext } from './row.js';
import { Steady } from './steady.js';
import { figuresOf, inTurns, type Metric, type MetricBar, type Sample } from './turns.js';

const THREAD = 'long';
const OTHER_THREADS = 20;
const OTHERS_EACH = 5;

/** Time between two looks at the server's memory, in milliseconds. */
const LOOK_MS = 50;

/** How long the others are measured at least, since a replay may be over in less. */
const OTHERS_MS = 1_000;

const BYTES_PER_MB = 1_048_576;

const FAST: MetricBar = { text: '≥ 200,000/s', isMet: ({ value }) => value >= 200_000 };
const UNDISTURBED: MetricBar = { text: '≤ 2 × before', isMet: ({ value }) => value <= 2 };

const METRICS: readonly Metric[] = [
  { name: 'replayed', key: 'perSecond', unit: 'messages/s', bar: FAST },
  { name: 'most memory above before', key: 'grownMb', unit: 'MB', bar: null },
  { name: "others' p99 before", key: 'before p99', unit: 'ms', bar: null },
  { name: "others' p99 meanwhile", key: 'others p99', unit: 'ms', bar: null },
  { name: "others' p99, meanwhile over before", key: 'disturbed p99', unit: '×', bar: UNDISTURBED },
  { name: "server's CPU each", key: 'cpuUs', unit: 'µs', bar: null }
];

/** Measures each build of Rollcall in turns. */
export async function replay(context: RowContext): Promise<Figure[]> {
  const { size, kinds, untilMs, tell } = context;
  const scenario = `replay of ${size.replayed.toLocaleString('en')} messages`;
  return withAll(
    kinds.filter((kind) => isRollcall(kind)).map((kind) => context.options(kind)),
    async (target, tally) => {
      const publisher = await target.connect(null, tally);
      tell(`${scenario}: storing them in ${target.kind}`);
      await store(publisher, [THREAD], size.replayed);
      publisher.close();
      return Steady.gather(target, tally, OTHER_THREADS, OTHERS_EACH, 'other');
    },
    async (steadies) => {
      const turns = steadies.map((others) => ({
        server: others.target.kind,
        tally: others.tally,
        isOurs: isOurs(others.target.kind),
        run: () => turn(context, others)
      }));
      const measured = await inTurns(turns, {
        rounds: size.rounds,
        untilMs,
        warmUp: true,
        scenario,
        tell
      });
      return METRICS.flatMap((metric) => figuresOf(scenario, metric, measured, null));
    }
  );
}

async function turn({ size }: RowContext, others: Steady): Promise<Sample> {
  const { target } = others;
  const forMs = Math.min(OTHERS_MS, size.sliceMs);
  const quiet = await others.run(size.othersRate, forMs);
  const before = resident(target.pid).all;
  let most = before;
  const look = setInterval(() => {
    most = Math.max(most, resident(target.pid).all);
  }, LOOK_MS);
  const loud = others.run(size.othersRate, forMs);
  // The others are under way when the replay begins.
  await wait(Math.min(100, forMs / 4));
  const { tookMs, cpu, generator } = await replayOnce(target, others.tally, size.replayed);
  const { p99, lagMs } = await loud;
  clearInterval(look);
  return {
    perSecond: (size.replayed / tookMs) * 1_000,
    grownMb: (most - before) / BYTES_PER_MB,
    'before p99': quiet.p99,
    'others p99': p99,
    'disturbed p99': p99 / quiet.p99,
    cpuUs: (cpu * 1_000) / size.replayed,
    generator,
    lagMs
  };
}

async function replayOnce(
  target: Target,
  tally: Tally,
  messages: number
): Promise<{ tookMs: number; cpu: number; generator: number }> {
  // A tally of its own: the others' messages must not count.
  const own = new Tally();
  const cpuBefore = cpuMs(target.pid);
  const usedBefore = process.cpuUsage();
  const startedMs = performance.now();
  const socket = await target.connect(THREAD, own, { since: 'start', after: 0 });
  const tookMs = performance.now() - startedMs;
  const used = process.cpuUsage(usedBefore);
  const cpu = cpuMs(target.pid) - cpuBefore;
  socket.close();
  tally.lost += own.lost + Math.max(0, messages - own.messages);
  tally.duplicated += own.duplicated;
  tally.malformed += own.malformed;
  tally.errors.push(...own.errors);
  return { tookMs, cpu, generator: (used.user + used.system) / 1_000 / tookMs };
}
