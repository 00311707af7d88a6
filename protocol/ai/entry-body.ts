/** Reads the fields of a log entry's body, which may be damaged. */

/** The body of an entry. */
export type Body = Readonly<Record<string, unknown>>;

/** Returns whether a value is a body with fields. */
export function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns a field that is a text; null for any other. */
export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Returns what an error of a tool says. */
export function words(error: unknown): string {
  if (typeof error === 'string') return error;
  if (isBody(error) && typeof error['message'] === 'string') return error['message'];
  return error === undefined ? 'failed' : JSON.stringify(error);
}
