/** What every API answers when the body of a request cannot be taken. */
import type { NoteLimited } from '../../limits/limited.js';
import { askAgain, problem } from '../../transport/problem.js';
import {
  BodiesFullError,
  BodyNotUtf8Error,
  BodyTooLargeError,
  type HttpReply
} from '../../transport/transport.js';

/** After how many seconds to repeat a request whose body found no memory: other bodies have arrived completely by then. */
const FULL_RETRY_SECONDS = 1;

/** Returns the answer to a body that could not be read; null when the error is another one. */
export function bodyFault(error: unknown, limited: NoteLimited): HttpReply | null {
  if (error instanceof BodyTooLargeError) {
    limited('frame_bytes');
    return problem('too_large', error.message);
  }
  if (error instanceof BodiesFullError) {
    return askAgain(problem('unavailable', error.message), FULL_RETRY_SECONDS);
  }
  return error instanceof BodyNotUtf8Error ? problem('bad_json', error.message) : null;
}
