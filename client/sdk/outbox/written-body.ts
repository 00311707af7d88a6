import { RollcallError } from '../rollcall-error.js';

/** A number that JSON has no form for: it would be written as null, and nobody would know. */
class NotFiniteError extends Error {}

/** Writes a body as JSON; returns the refusal of one that JSON cannot hold as it is. */
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
