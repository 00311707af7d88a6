/** The answer of HTTP while clients may not connect: the server is starting or stopping. */
import type { Publisher } from '../chat/publisher.js';
import { problem } from '../transport/problem.js';
import type { HttpReply } from '../transport/transport.js';

const REASON = 'the server is not serving yet';

/** The answer to a request that would read. */
export const NOT_SERVING: HttpReply = problem('unavailable', REASON);

/** Returns the answer to a request that would publish, which counts as refused. */
export function publishTurnedAway(publisher: Pick<Publisher, 'turnAway'>): HttpReply {
  const { code, reason } = publisher.turnAway(REASON);
  return problem(code, reason);
}
