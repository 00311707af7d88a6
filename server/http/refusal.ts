/** The replies to requests that the guard refuses. */
import { NOT_ANSWERED, NOT_ANSWERED_AFTER_MS } from '../access/authority.js';
import type { AccessRefusal } from '../access/guard.js';
import type { RunDenial } from '../chat/runs/run-requests.js';
import { askAgain, problem } from '../transport/problem.js';
import type { HttpReply } from '../transport/transport.js';

/** Returns the reply for a code of the guard. */
export function refusalOf(code: AccessRefusal): HttpReply {
  if (code !== 'unavailable') return problem(code);
  return askAgain(problem(code, NOT_ANSWERED), NOT_ANSWERED_AFTER_MS / 1_000);
}

/** Returns the reply to somebody who may not cancel a run, withdraw it or answer its question. */
export function runRefusal(code: RunDenial): HttpReply {
  if (code === 'unavailable') return refusalOf(code);
  return problem(code, code === 'forbidden' ? 'the run is not yours' : 'there is no such run');
}
