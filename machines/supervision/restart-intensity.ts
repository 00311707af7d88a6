/** Limit on how often something may restart: a sliding window over times that the caller gives, of a clock that never goes back. */

/** At most `restarts` restarts in any span of `withinMs` milliseconds. */
export interface Intensity {
  readonly restarts: number;
  readonly withinMs: number;
}

/**
 * Adds a restart at `nowMs` and drops those that have left the window. It keeps at most `restarts` + 1 of them: one too
 * many is enough to know.
 */
export function withRestart(
  before: readonly number[],
  nowMs: number,
  { restarts, withinMs }: Intensity
): readonly number[] {
  const inside = before.filter((at) => nowMs - at < withinMs);
  return [...inside, nowMs].slice(-(restarts + 1));
}

/** Returns whether these restarts, all of them inside the window, are more than allowed. */
export function isOver(inside: readonly number[], { restarts }: Intensity): boolean {
  return inside.length > restarts;
}
