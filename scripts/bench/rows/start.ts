/**
 * Row `start`: from the start of the process until the server serves, on an empty data directory, and until ClickHouse is
 * there where it is embedded.
 */
import type { Figure } from '../figures.js';
import { isOurs, isRollcall, Target, type TargetKind } from '../target.js';
import { Tally } from '../wire.js';
import type { RowContext } from './row.js';
import { atMost, figuresOf, inTurns, type Metric, type Sample } from './turns.js';

/** Starts in each turn; a turn's number is their mean, since a single start varies by a third. */
const STARTS = 3;

const METRICS: readonly Metric[] = [
  { name: 'serving', key: 'servingMs', unit: 'ms', bar: atMost(300, 'ms') },
  { name: 'ClickHouse connected', key: 'connectedMs', unit: 'ms', bar: null }
];

/** Measures each build of Rollcall in turns. */
export async function start(context: RowContext): Promise<Figure[]> {
  const { size, kinds, untilMs, tell } = context;
  const scenario = 'process start';
  const turns = kinds
    .filter((kind) => isRollcall(kind))
    .map((kind) => ({
      server: kind,
      tally: new Tally(),
      isOurs: isOurs(kind),
      run: () => turn(context, kind)
    }));
  const how = { rounds: size.rounds, untilMs, warmUp: true, scenario, tell };
  const measured = await inTurns(turns, how);
  return METRICS.flatMap((metric) => figuresOf(scenario, metric, measured, null));
}

async function turn({ options }: RowContext, kind: TargetKind): Promise<Sample> {
  let serving = 0;
  let connected = 0;
  for (let count = 0; count < STARTS; count++) {
    const startedMs = performance.now();
    const target = await Target.start({
      ...options(kind),
      // A start uses every core that it is given, as it does outside of a benchmark.
      core: null,
      onLine: (line) => {
        if (line.includes('Rollcall is serving')) serving += performance.now() - startedMs;
      }
    });
    connected += performance.now() - startedMs;
    await target.stop();
  }
  return {
    servingMs: serving / STARTS,
    ...(kind === 'rollcall+clickhouse' ? { connectedMs: connected / STARTS } : {})
  };
}
