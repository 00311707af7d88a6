/** HTTP API that erases messages, for backends and for users who may manage the thread. */
import type { Audit } from '../../../../actors/upkeep/audit.js';
import type { Eraser, Named } from '../../../../actors/upkeep/eraser.js';
import type { Incidents } from '../../../../actors/monitor/incidents.js';
import { isLongerThan, isThreadId } from '../../../../protocol/frames.js';
import { MID_MAX } from '../../../../protocol/run-fields.js';
import type { Guard } from '../../../access/guard.js';
import type { Identity } from '../../../access/identity.js';
import type { ApiAccess } from '../../../auth/api-access.js';
import { FRAME_POINTS } from '../../../chat/work/costs.js';
import type { NoteLimited } from '../../../limits/limited.js';
import { json, problem } from '../../../transport/problem.js';
import type { HttpReply } from '../../../transport/transport.js';
import type { HttpCosts } from '../../http-costs.js';
import { refusalOf } from '../../refusal.js';
import { decodedPart, guarded, type Asked, type Route } from '../../route-table.js';
import { requestFaults } from '../request-faults.js';
import { actorOf } from './acting.js';

/** Options of {@link createEraseApi}. */
export interface EraseApiOptions {
  readonly access: Pick<ApiAccess, 'reader'>;
  readonly guard: Pick<Guard, 'decide'>;
  readonly eraser: Eraser;
  readonly audit: Audit;
  readonly costs: HttpCosts;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

const BAD_NAME = problem(
  'bad_frame',
  `a message is named by its offset or its mid, of 1 to ${String(MID_MAX)} characters`
);

/** Returns the route that erases one message. */
export function createEraseApi(options: EraseApiOptions): Route[] {
  return [
    guarded<Identity, 'manage'>({
      methods: ['DELETE'],
      path: '/api/threads/{thread}/messages/{message}',
      refuses: (asked) => {
        if (!isThreadId(threadOf(asked))) return problem('bad_thread');
        return namedIn(asked) === null ? BAD_NAME : null;
      },
      scope: 'manage',
      access: (request, scope) => options.access.reader(request, scope),
      handler: (asked, caller) => erase(options, asked, caller),
      failed: requestFaults(options)
    })
  ];
}

async function erase(options: EraseApiOptions, asked: Asked, caller: Identity): Promise<HttpReply> {
  const { guard, eraser, audit, costs } = options;
  const thread = threadOf(asked);
  const named = namedIn(asked);
  if (named === null) return BAD_NAME;
  const refusal = await guard.decide(caller, 'manage', thread);
  if (refusal !== null) return refusalOf(refusal);
  const payer = costs.payer(asked.request, caller);
  const wait = await costs.admit(payer, FRAME_POINTS);
  if (wait !== null) return wait;
  costs.charge(payer, FRAME_POINTS);
  // The wait may have been long.
  const lost = await guard.decide(caller, 'manage', thread);
  if (lost !== null) return refusalOf(lost);
  const user = caller.kind === 'user' ? caller.user : null;
  const erased = await eraser.erase(thread, named, user, ({ target, mid }) =>
    audit.records({ action: 'message.erase', by: actorOf(caller), detail: { thread, target, mid } })
  );
  if (!erased.ok) return problem(erased.code, erased.reason);
  const { target, mid, entry } = erased;
  return json(200, { thread, target, mid, offset: entry, duplicate: entry === null });
}

function threadOf({ part }: Asked): string {
  return decodedPart(part('thread')) ?? '';
}

/** Returns the message of the path: digits are an offset. Null when it is not valid. */
function namedIn({ part }: Asked): Named | null {
  const text = decodedPart(part('message')) ?? '';
  if (text === '' || isLongerThan(text, MID_MAX)) return null;
  const offset = /^\d{1,16}$/.test(text) ? Number(text) : null;
  if (offset === null) return { mid: text };
  return Number.isSafeInteger(offset) && offset > 0 ? { offset } : null;
}
