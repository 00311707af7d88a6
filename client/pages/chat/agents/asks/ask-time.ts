/** From this on, in milliseconds, the time of day is said instead of what is left. */
const LONG_MS = 60 * 60_000;

/** When the last minute of a question begins: screen readers hear it once. */
export const LAST_MS = 60_000;

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Says how long a question waits for its answer; empty when that is not known. The server decides when it is over. */
export function timeLeftWords(expiresAt: number | null, now: number): string {
  if (expiresAt === null) return '';
  const left = expiresAt - now;
  if (left > 24 * LONG_MS) return `until ${MOMENT.format(expiresAt)}`;
  if (left > LONG_MS) return `until ${TIME.format(expiresAt)}`;
  if (left <= 0) return 'time is over';
  const seconds = Math.ceil(left / 1_000);
  return `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, '0')} left`;
}
