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
