/** What a path of the server's HTTP side answers. */

/** Status, what matters of the headers, and the body, which must be an object. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Whether it is an object, of whatever kind. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Asks. @throws where the body is no JSON object */
export async function get(url: string): Promise<Answer> {
  const response = await fetch(url);
  const body: unknown = await response.json();
  if (!isRecord(body)) throw new Error(JSON.stringify(body));
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body };
}
