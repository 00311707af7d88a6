/** Reads how long a server asks to wait. */

/** Returns the wait that a reply asks for (`Retry-After` or `retry-after-ms`), in milliseconds; null for none. */
export function retryAfterMs(headers: Headers, now: number): number | null {
  const inMs = numberOf(headers.get('retry-after-ms'));
  if (inMs !== null) return inMs;
  const text = headers.get('retry-after');
  const seconds = numberOf(text);
  if (seconds !== null) return Math.ceil(seconds * 1_000);
  const date = text === null ? NaN : Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : null;
}
