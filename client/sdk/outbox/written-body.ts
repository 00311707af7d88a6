import { isRecord } from '../json.js';
import { RollcallError } from '../rollcall-error.js';

/** A number that JSON cannot write (NaN, Infinity): it would become null without notice. */
class NotFiniteError extends Error {}

/** Writes a body as JSON. Returns an error for a body that JSON would change or cannot write. */
export function writtenBody(body: unknown): string | RollcallError {
  try {
    const text: unknown = JSON.stringify(body, (_key, value: unknown) => {
      if (typeof value === 'number' && !Number.isFinite(value)) throw new NotFiniteError();
      return value;
    });
    if (typeof text === 'string') return text;
  } catch (error) {
    if (error instanceof NotFiniteError) {
      const message = 'body: JSON has no NaN and no Infinity; send null, or the word as text';
      return new RollcallError('bad_frame', message);
    }
  }
  return new RollcallError('bad_frame', 'body: give a JSON value');
}

/**
 * Whether two bodies that `JSON.stringify` has written are the same but for the order of fields. Texts from elsewhere write
 * numbers in other ways: for those there is `protocol/json-text.ts`, which is larger.
 */
export function isSameBody(one: string, other: string): boolean {
  return one === other || inOrder(one) === inOrder(other);
}

function inOrder(json: string): string {
  return JSON.stringify(JSON.parse(json), (_key, value: unknown) =>
    isRecord(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value
  );
}
