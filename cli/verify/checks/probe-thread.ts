/** The threads of the checks, and what several checks do in them. */
import { createHash } from 'node:crypto';
import type { MessageFrame, ServerFrame } from '../../../protocol/frames.js';
import { isRecord } from '../../../client/sdk/json.js';
import { VerifyFault } from '../bench/verify-fault.js';
import type { Wire } from '../bench/wire.js';

/** Returns a thread of the health checks for a user: always the same, so that runs leave no new threads behind. */
export function probeThread(user: string, prefix = 'health_check_', what = 'chat'): string {
  const whose = createHash('sha256').update(user).digest('hex').slice(0, 12);
  return `${prefix}verify_${what}_${whose}`;
}

/** Returns the fault of an answer that is a refusal. */
export function refused(what: string, answer: ServerFrame): VerifyFault {
  if (answer.type !== 'error') return new VerifyFault(`${what} was answered by ${answer.type}`);
  const hint =
    answer.code === 'reserved_thread' ? ': the token needs "scope":"probe" (docs/access.md)' : '';
  return new VerifyFault(`${what} was refused with ${answer.code} (${answer.message})${hint}`);
}

/** Subscribes. @throws {VerifyFault} when it is refused */
export async function subscribe(
  wire: Wire,
  thread: string,
  since: 'live' | { offset: number; epoch: string }
): Promise<ServerFrame<'subscribed'>> {
  const answer = await wire.ask({ type: 'subscribe', thread, since });
  if (answer.type === 'subscribed') return answer;
  throw refused('a subscription', answer);
}

/** Returns a field of a message's body as text; empty when there is none. */
export function bodyField({ body }: MessageFrame, name: string): string {
  const value = isRecord(body) ? body[name] : undefined;
  return typeof value === 'string' ? value : '';
}
