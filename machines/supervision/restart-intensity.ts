/**
 * How often something may be restarted before it is given up: a sliding window over moments that come from outside.
 */

/** At most so many restarts in any span of `withinMs`. */
export interface Intensity {
  readonly restarts: number;
  readonly withinMs: number;
}

/**
 * Adds a restart at `nowMs` to those before it and leaves out what the window has passed; never more than
 * `restarts` + 1 are kept, since one over is enough to know.
 */
export function withRestart(
  before: readonly number[],
  nowMs: number,
  { restarts, withinMs }: Intensity
): readonly number[] {
  // One that is still to come was noted before the clock was set back: it would count for as long as that was.
  const inside = before.filter((at) => at <= nowMs && nowMs - at < withinMs);
  return [...inside, nowMs].slice(-(restarts + 1));
}

/** Whether these restarts, all of them inside the window, are more than allowed. */
export function isOver(inside: readonly number[], { restarts }: Intensity): boolean {
  return inside.length > restarts;
}
