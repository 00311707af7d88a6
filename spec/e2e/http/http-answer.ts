/** Asks a path of the server over HTTP. */

/** Status, some headers, and the body, which must be a JSON object. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Returns whether a value is an object of any kind. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Sends a GET request. @throws when the body is no JSON object */
export async function get(url: string): Promise<Answer> {
  const response = await fetch(url);
  const body: unknown = await response.json();
  if (!isRecord(body)) throw new Error(JSON.stringify(body));
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body };
}
