/**
 * What every row gets, and how it starts its servers.
 */
import type { Figure } from '../figures.js';
import type { Size } from '../sizes.js';
import { isOurs, Target, type TargetKind, type TargetOptions } from '../target.js';
import { Tally } from '../wire.js';

/** Most sockets that are open at once: many systems let a process open 20,000 files. */
const SOCKETS_MAX = 15_000;

/** Bytes of each message's body as JSON. */
export const BODY_BYTES = 200;

/** What a row works with. */
export interface RowContext {
  readonly size: Size;
  /** The builds of Rollcall that are measured, and the peers that were asked for. */
  readonly kinds: readonly TargetKind[];
  /** Folder of the data directories. */
  readonly dir: string;
  /** No round begins after this time, by `performance.now()`. */
  readonly untilMs: number;
  readonly options: (kind: TargetKind) => TargetOptions;
  readonly tell: (line: string) => void;
}

/** Measures and returns the figures. */
export type Row = (context: RowContext) => Promise<Figure[]>;

/** Starts all servers, sets up each with `make`, measures, and stops them. */
export async function withAll<T>(
  options: readonly TargetOptions[],
  make: (target: Target, tally: Tally) => Promise<T>,
  measure: (made: T[]) => Promise<Figure[]>
): Promise<Figure[]> {
  const targets: Target[] = [];
  try {
    const made: T[] = [];
    for (const one of options) {
      const target = await Target.start(one);
      targets.push(target);
      made.push(await make(target, new Tally()));
    }
    return await measure(made);
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
  }
}

/**
 * Measures servers in groups, each with the base and with no more sockets than a process may have. The figures of the base
 * are kept from the first group, in which Rollcall is.
 */
export async function inGroups(
  kinds: readonly TargetKind[],
  base: TargetKind,
  socketsEach: number,
  measure: (kinds: readonly TargetKind[]) => Promise<Figure[]>
): Promise<Figure[]> {
  const bases = kinds.filter((kind) => kind === base);
  const others = kinds
    .filter((kind) => kind !== base)
    .toSorted((a, b) => Number(isOurs(b)) - Number(isOurs(a)));
  const each = Math.max(1, Math.floor(SOCKETS_MAX / socketsEach) - bases.length);
  const figures: Figure[] = [];
  for (let from = 0; from === 0 || from < others.length; from += each) {
    const some = await measure([...others.slice(from, from + each), ...bases]);
    figures.push(...some.filter(({ server }) => from === 0 || server !== base));
  }
  return figures;
}
