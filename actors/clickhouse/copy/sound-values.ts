/** Values that every engine accepts: a refused row would block all rows after it. */

/** Largest value of a column `UInt32`. */
export const UINT32_MAX = 4_294_967_295;

/** Replaces half surrogate pairs by U+FFFD; engines refuse them. */
export function sound(text: string): string {
  return text.toWellFormed();
}

/** Milliseconds rounded to the microsecond. A clock that was set back gives negative ones, which count as 0. */
export function duration(ms: number): number {
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms * 1_000) / 1_000) : 0;
}

/**
 * Makes a whole number that an unsigned column accepts. A clock that was set back gives negative ones, which count as
 * 0.
 */
export function whole(value: number, max = Number.MAX_SAFE_INTEGER): number {
  return Number.isFinite(value) ? Math.min(max, Math.max(0, Math.trunc(value))) : 0;
}
