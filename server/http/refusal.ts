/** The reply to a request that the guard refuses. */
import { NOT_ANSWERED, NOT_ANSWERED_AFTER_MS } from '../access/authority.js';
import type { AccessRefusal } from '../access/guard.js';
import { askAgain, problem } from '../transport/problem.js';
import type { HttpReply } from '../transport/transport.js';

/** Returns the reply for a code of the guard. */
export function refusalOf(code: AccessRefusal): HttpReply {
  if (code !== 'unavailable') return problem(code);
  return askAgain(problem(code, NOT_ANSWERED), NOT_ANSWERED_AFTER_MS / 1_000);
}
