/** HTTP API of tickets: a page asks for one with its token, and opens an event stream with it. */
import type { NoteLimited } from '../../limits/limited.js';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { isThreadId } from '../../../protocol/frames.js';
import type { Guard } from '../../access/guard.js';
import type { Identity } from '../../access/identity.js';
import type { ApiAccess } from '../../auth/api-access.js';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import { TICKET_MS, type Tickets } from '../../auth/tickets.js';
import { TOKEN_POINTS } from '../../chat/work/costs.js';
import { askAgain, json, problem } from '../../transport/problem.js';
import { type HttpReply, type TransportRequest } from '../../transport/transport.js';
import type { HttpCosts } from '../http-costs.js';
import { refusalOf } from '../refusal.js';
import { guarded, type Route } from '../route-table.js';
import { requestFaults } from './request-faults.js';
import { parsedJson } from '../../../protocol/parsed-json.js';

/** Longest request body, in bytes: the name of a thread. */
export const TICKET_BODY_BYTES = 4_096;

/** Options of {@link createTicketsApi}. */
export interface TicketsApiOptions {
  readonly access: Pick<ApiAccess, 'reader'>;
  readonly guard: Pick<Guard, 'decide'>;
  readonly incidents: Pick<Incidents, 'note'>;
  readonly tickets: Pick<Tickets, 'issue'>;
  readonly costs: HttpCosts;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

/** Body of `POST /api/tickets`; without a thread the ticket is for any. */
export const TicketBody = Type.Object({ thread: Type.Optional(Type.String()) });
const ticketBody = Compile(TicketBody);

/** Returns the route of `/api/tickets`. */
export function createTicketsApi(options: TicketsApiOptions): Route[] {
  return [
    guarded<Identity, 'tickets'>({
      methods: ['POST'],
      path: '/api/tickets',
      scope: 'tickets',
      access: (request, scope) => options.access.reader(request, scope),
      handler: ({ request }, caller) => issue(options, request, caller),
      failed: requestFaults(options)
    })
  ];
}

async function issue(
  { tickets, guard, costs }: TicketsApiOptions,
  request: TransportRequest,
  caller: Identity
): Promise<HttpReply> {
  const text = await request.body(TICKET_BODY_BYTES);
  const body = text.trim() === '' ? {} : parsedJson(text);
  if (body === null) return problem('bad_json');
  if (!ticketBody.Check(body)) {
    const [first] = ticketBody.Errors(body);
    return problem('bad_frame', `${first?.instancePath ?? ''} ${first?.message ?? ''}`.trim());
  }
  const { thread = null } = body;
  if (thread !== null && !isThreadId(thread)) return problem('bad_thread');
  const payer = costs.payer(request, caller);
  const wait = await costs.admit(payer, TOKEN_POINTS);
  if (wait !== null) return wait;
  costs.charge(payer, TOKEN_POINTS);
  // A browser does not tell a page why an event stream was refused: this answer does.
  const refusal = thread === null ? null : await guard.decide(caller, 'read', thread);
  if (refusal !== null) return refusalOf(refusal);
  const ticket = tickets.issue(caller, thread);
  if (ticket !== null) return json(201, ticket);
  return askAgain(problem('unavailable', 'too many tickets are unused now'), TICKET_MS / 1_000);
}
