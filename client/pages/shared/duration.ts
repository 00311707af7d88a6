const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Writes how long something lasts in one or two units: `45 s`, `3 min 20 s`, `2 d 4 h`. Below a second it is `0 s`. */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE_MS) return `${String(Math.floor(whole / SECOND_MS))} s`;
  if (whole < HOUR_MS) return two(whole, MINUTE_MS, 'min', SECOND_MS, 's');
  if (whole < DAY_MS) return two(whole, HOUR_MS, 'h', MINUTE_MS, 'min');
  return two(whole, DAY_MS, 'd', HOUR_MS, 'h');
}

/** Writes how long something took, less precisely the longer it is: `1.6 ms`, `212 ms`, `4.2 s`, `1 min 5 s`. */
export function took(ms: number): string {
  if (ms < 10) return `${String(Math.round(ms * 10) / 10)} ms`;
  if (ms < SECOND_MS) return `${String(Math.floor(ms))} ms`;
  if (ms < 10 * SECOND_MS) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  return duration(ms);
}

/** Writes that something happens in `leftMs`. Rounds up, so that the countdown never reaches zero too early. */
export function inTime(leftMs: number): string {
  return leftMs <= 0 ? 'now' : `in ${duration(Math.ceil(leftMs / SECOND_MS) * SECOND_MS)}`;
}

function two(ms: number, large: number, largeUnit: string, small: number, smallUnit: string) {
  const rest = Math.floor((ms % large) / small);
  const first = `${String(Math.floor(ms / large))} ${largeUnit}`;
  return rest === 0 ? first : `${first} ${String(rest)} ${smallUnit}`;
}
