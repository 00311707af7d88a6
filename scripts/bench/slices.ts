/**
 * Measures in turns: all targets are up at once, but only one at a time is under load, for one slice, round after
 * round. Other work of the machine then affects all of them alike, and each ratio compares two neighbouring slices.
 */
import { cpuMs } from './cores.js';
import { median, spread, type Figure, type Validity } from './figures.js';
import { isOurs, type Target, type TargetKind } from './target.js';
import type { Tally } from './wire.js';

/** Share of its core above which the generator counts as saturated. */
export const SATURATED = 0.9;

/** How many times slower the slowest round of the base may be than its fastest. */
const SPREAD_MAX = 2;

/** A load that can be put on one target. */
export interface Load {
  readonly target: Target;
  readonly tally: Tally;
  /** Keeps the load up for this long; resolves to how much was done, once all of it has arrived. */
  run(forMs: number): Promise<number>;
}

/** The result of one slice. */
interface Slice {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly generatorShare: number;
}

/** A bar for Rollcall without ClickHouse, and with it embedded. */
export interface Bar {
  readonly off: number;
  readonly embedded: number;
}

/** How a comparison is measured and named. */
export interface Comparison {
  readonly scenario: string;
  readonly unit: string;
  readonly rounds: number;
  readonly sliceMs: number;
  /** The peer that the others are compared with. */
  readonly base: TargetKind;
  /** Least ratio to the base that Rollcall should reach. */
  readonly atLeast: Bar;
  /** No round begins after this time, by `performance.now()`. */
  readonly untilMs: number;
  readonly tell: (line: string) => void;
}

async function slice(load: Load, forMs: number): Promise<Slice> {
  const { pid } = load.target;
  const cpuBefore = cpuMs(pid);
  const ownBefore = process.cpuUsage();
  const startedMs = performance.now();
  const done = await load.run(forMs);
  const tookMs = performance.now() - startedMs;
  const own = process.cpuUsage(ownBefore);
  return {
    perSecond: (done / tookMs) * 1_000,
    cpuUs: ((cpuMs(pid) - cpuBefore) * 1_000) / done,
    generatorShare: (own.user + own.system) / 1_000 / tookMs
  };
}

/** Measures all loads in turns and returns a figure for each. */
export async function compare(loads: readonly Load[], how: Comparison): Promise<Figure[]> {
  const { scenario, unit, rounds, sliceMs, untilMs, tell } = how;
  const slices = new Map<Load, Slice[]>(loads.map((load) => [load, []]));
  // The first round does not count: code is still being compiled and buffers grow.
  for (const load of loads) await slice(load, sliceMs / 2);
  for (let round = 1; round <= rounds && (round === 1 || performance.now() < untilMs); round++) {
    for (const load of loads) {
      const one = await slice(load, sliceMs);
      slices.get(load)?.push(one);
      tell(
        `${scenario} ${String(round)}/${String(rounds)} ${load.target.kind}: ` +
          `${Math.round(one.perSecond).toLocaleString('en')} ${unit}, server ${one.cpuUs.toFixed(1)} µs each, ` +
          `generator ${String(Math.round(one.generatorShare * 100))} %`
      );
    }
  }
  const base = loads.find(({ target }) => target.kind === how.base);
  const baseSlices = (base && slices.get(base)) ?? [];
  const isNoisy = spread(baseSlices.map(({ perSecond }) => perSecond)) > SPREAD_MAX;
  return loads.map((load) => {
    const own = slices.get(load) ?? [];
    const { kind } = load.target;
    const atLeast = kind === 'rollcall+clickhouse' ? how.atLeast.embedded : how.atLeast.off;
    const pairs = own.flatMap((one, round) => {
      const other = baseSlices[round];
      return other === undefined || load === base ? [] : [{ one, other }];
    });
    const isPaired = pairs.length > 0;
    const ratio = isPaired
      ? median(pairs.map(({ one, other }) => one.perSecond / other.perSecond))
      : null;
    const cpuRatio = isPaired
      ? median(pairs.map(({ one, other }) => other.cpuUs / one.cpuUs))
      : null;
    return {
      scenario,
      server: kind,
      value: median(own.map(({ perSecond }) => perSecond)),
      unit,
      cpuUs: median(own.map(({ cpuUs }) => cpuUs)),
      base: base?.target.kind ?? null,
      ratio,
      cpuRatio,
      target: isOurs(kind) ? `ratio ≥ ${String(atLeast)}` : null,
      isMet: isOurs(kind) && ratio !== null ? ratio >= atLeast : null,
      validity: validityOf(load.tally, {
        isGeneratorSaturated: isSaturated(own),
        isBaseSaturated: isPaired && isSaturated(baseSlices),
        isNoisy
      })
    };
  });
}

function isSaturated(slices: readonly Slice[]): boolean {
  return median(slices.map(({ generatorShare }) => generatorShare)) > SATURATED;
}

/** The validity of what a tally has seen, and of how it was measured. */
export function validityOf(
  tally: Tally,
  {
    isGeneratorSaturated = false,
    isBaseSaturated = false,
    isGeneratorBehind = false,
    isNoisy = false
  }: Partial<Validity> = {}
): Validity {
  const { lost, duplicated, malformed, errors } = tally;
  const faults = malformed + errors.length;
  return {
    lost,
    duplicated,
    faults,
    isGeneratorSaturated,
    isBaseSaturated,
    isGeneratorBehind,
    isNoisy
  };
}
