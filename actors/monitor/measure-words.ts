/** Words of counts and durations in the sentences of the monitor. */

/** Returns a count with its noun: `1 thread`, `2 threads`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** Returns a duration in whole seconds, minutes or hours. */
export function durationText(ms: number): string {
  if (ms < 60_000) return counted(Math.floor(ms / 1_000), 'second');
  if (ms < 60 * 60_000) return counted(Math.floor(ms / 60_000), 'minute');
  return counted(Math.floor(ms / (60 * 60_000)), 'hour');
}
