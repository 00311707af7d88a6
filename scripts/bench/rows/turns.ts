/**
 * Measures in turns like slices.ts, but several numbers at a time: each round, every server has one turn, and a ratio
 * compares two turns of the same round.
 */
import { median, spread, type Figure } from '../figures.js';
import { SATURATED, validityOf } from '../slices.js';
import type { Tally } from '../wire.js';

/** At this delay of its schedule, in milliseconds, of one message in a hundred, the generator counts as behind. */
const BEHIND_MS = 5;

/** How far the rounds of the base may differ, as largest over smallest: means and medians, and p99s, which differ more. */
const SPREAD_MAX = 2;
const SPREAD_OF_P99_MAX = 4;

/** The numbers of one turn. Each row has its own; two are judged in all rows. */
export interface Sample {
  readonly [name: string]: number | undefined;
  /** Share of its core that the generator used. */
  readonly generator?: number;
  /** p99 of the time by which the generator was behind its schedule, in milliseconds. */
  readonly lagMs?: number;
}

/** A server, or something else to compare with, whose turns are measured. */
export interface Turn {
  readonly server: string;
  readonly tally: Tally;
  /** Whether the bars are for it. */
  readonly isOurs: boolean;
  run(): Promise<Sample>;
}

/** A server and what its turns have brought. */
export interface Measured {
  readonly turn: Turn;
  readonly samples: readonly Sample[];
}

/** One number of the samples, as the report shows it. */
export interface Metric {
  readonly name: string;
  readonly key: string;
  readonly unit: string;
  /** What it should reach; null when there is no target. */
  readonly bar: MetricBar | null;
}

/** A target for the median of a number, for its median ratio, or for both. */
export interface MetricBar {
  readonly text: string;
  /** `base` and `ratio` are null when nothing is compared with. */
  isMet(own: { value: number; ratio: number | null; base: number | null }): boolean;
}

/** Returns the bar that a value may not exceed. */
export function atMost(limit: number, unit: string): MetricBar {
  return {
    text: `≤ ${limit.toLocaleString('en')} ${unit}`,
    isMet: ({ value }) => value <= limit
  };
}

/** Returns the bar that a ratio must reach. */
export function ratioAtLeast(limit: number): MetricBar {
  return {
    text: `ratio ≥ ${String(limit)}`,
    isMet: ({ ratio }) => ratio !== null && ratio >= limit
  };
}

/** Returns the bar that a ratio may not exceed. */
export function ratioAtMost(limit: number): MetricBar {
  return {
    text: `ratio ≤ ${String(limit)}`,
    isMet: ({ ratio }) => ratio !== null && ratio <= limit
  };
}

/** How turns are taken. */
export interface TurnsOptions {
  readonly rounds: number;
  /** No round begins after this time, by `performance.now()`; the first always does. */
  readonly untilMs: number;
  /** Whether the first round does not count, since code is still being compiled in it. */
  readonly warmUp: boolean;
  readonly scenario: string;
  readonly tell: (line: string) => void;
}

/** Measures everything in turns. */
export async function inTurns(turns: readonly Turn[], how: TurnsOptions): Promise<Measured[]> {
  const { rounds, untilMs, warmUp, scenario, tell } = how;
  const measured = turns.map((turn) => ({ turn, samples: new Array<Sample>() }));
  if (warmUp) for (const turn of turns) await turn.run();
  for (let round = 1; round <= rounds; round++) {
    if (round > 1 && performance.now() >= untilMs) break;
    for (const { turn, samples } of measured) {
      const sample = await turn.run();
      samples.push(sample);
      const numbers = Object.entries(sample).map(
        ([name, value]) => `${name} ${value === undefined ? '?' : String(Number(value.toFixed(3)))}`
      );
      tell(`${scenario} ${String(round)}/${String(rounds)} ${turn.server}: ${numbers.join(', ')}`);
    }
  }
  return measured;
}

/** The figures of one number, for each server that has it. */
export function figuresOf(
  scenario: string,
  metric: Metric,
  measured: readonly Measured[],
  base: string | null
): Figure[] {
  const { name, key, unit, bar } = metric;
  const numbers = ({ samples }: Measured): number[] => samples.map((sample) => sample[key] ?? NaN);
  const withNumber = measured.filter(({ samples }) =>
    samples.some((one) => one[key] !== undefined)
  );
  const other = withNumber.find(({ turn }) => turn.server === base);
  const baseNumbers = other === undefined ? null : numbers(other);
  const mostSpread = key.endsWith('p99') ? SPREAD_OF_P99_MAX : SPREAD_MAX;
  return withNumber.map((one) => {
    const { turn, samples } = one;
    const own = numbers(one);
    const value = median(own);
    const pairs =
      baseNumbers === null || one === other
        ? []
        : own.map((number, round) => number / (baseNumbers[round] ?? NaN)).filter(Number.isFinite);
    const ratio = pairs.length > 0 ? median(pairs) : null;
    const wanted = turn.isOurs ? bar : null;
    const baseValue = baseNumbers === null ? null : median(baseNumbers);
    return {
      scenario: `${scenario}: ${name}`,
      server: turn.server,
      value,
      unit,
      cpuUs: null,
      base: ratio === null ? null : base,
      ratio,
      cpuRatio: null,
      target: wanted?.text ?? null,
      isMet: wanted?.isMet({ value, ratio, base: baseValue }) ?? null,
      validity: validityOf(turn.tally, {
        isGeneratorSaturated: isSaturated(samples),
        isBaseSaturated: ratio !== null && other !== undefined && isSaturated(other.samples),
        isGeneratorBehind: median(samples.map(({ lagMs = 0 }) => lagMs)) > BEHIND_MS,
        isNoisy: spread(baseNumbers ?? own) > mostSpread
      })
    };
  });
}

function isSaturated(samples: readonly Sample[]): boolean {
  return median(samples.map(({ generator = 0 }) => generator)) > SATURATED;
}
