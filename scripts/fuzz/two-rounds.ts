/** Whether a server's memory is back where it was: two rounds of the same length, the second of which must add nothing. */
import type { FuzzOptions, FuzzReport } from './fuzzer.js';

/**
 * What the second round may add. The first one fills what a server keeps on purpose: compiled code, caches with a
 * bound, the threads and users of the small pools of names. Five rounds of 40,000 ended within 0.9 MB of each other, in
 * no order. In a round of 250,000 it finds a leak of 17 bytes for each thing that is sent, or of 1 kB for every
 * sixtieth.
 */
export const GROWTH_BYTES = 4_194_304;

/** Results of both rounds, and the memory in use after each. */
export interface TwoRounds extends FuzzReport {
  readonly usedBytes: readonly [number, number];
}

/**
 * Runs `run` with half of the things, and again with the other half and the next seed. `used` returns the memory in use
 * after garbage collection, in bytes.
 */
export async function fuzzTwice(
  { seed, count }: Pick<FuzzOptions, 'seed' | 'count'>,
  run: (half: Pick<FuzzOptions, 'seed' | 'count'>) => Promise<FuzzReport>,
  used: () => Promise<number>
): Promise<TwoRounds> {
  const half = Math.ceil(count / 2);
  const first = await run({ seed, count: half });
  const before = await used();
  const second = await run({ seed: seed + 1, count: half });
  const after = await used();
  const answers = new Map(first.answers);
  for (const [answer, times] of second.answers)
    answers.set(answer, (answers.get(answer) ?? 0) + times);
  const kept =
    after - before > GROWTH_BYTES
      ? [`the second round left ${mb(after)} in use, the first ${mb(before)}`]
      : [];
  return {
    sent: first.sent + second.sent,
    faultCount: first.faultCount + second.faultCount + kept.length,
    faults: [...first.faults, ...second.faults, ...kept],
    answers,
    usedBytes: [before, after]
  };
}

/** Bytes as text. */
export function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
