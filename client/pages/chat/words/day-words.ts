const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const DAY_AND_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const SHORT_DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'short' });

/** Names the day of a time as people do, relative to `now`; both in Unix milliseconds. */
export function dayWords(at: number, now: number): string {
  if (isDay(at, now, 0)) return 'Today';
  if (isDay(at, now, 1)) return 'Yesterday';
  return (isYear(at, now) ? DAY : DAY_AND_YEAR).format(at);
}

/** Writes a time as briefly as possible, relative to `now`; both in Unix milliseconds. */
export function momentWords(at: number, now: number): string {
  if (isDay(at, now, 0)) return TIME.format(at);
  if (isDay(at, now, 1)) return 'Yesterday';
  return (isYear(at, now) ? SHORT_DAY : SHORT_DATE).format(at);
}

function isDay(at: number, now: number, before: number): boolean {
  const day = new Date(now);
  day.setDate(day.getDate() - before);
  return new Date(at).toDateString() === day.toDateString();
}

function isYear(at: number, now: number): boolean {
  return new Date(at).getFullYear() === new Date(now).getFullYear();
}
