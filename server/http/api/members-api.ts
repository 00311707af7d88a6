/** HTTP API for the owner, the members and the agent of threads; for backends and for users who may manage the thread. */
import type { NoteLimited } from '../../limits/limited.js';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Action } from '../../access/grants.js';
import type { Guard } from '../../access/guard.js';
import type { Identity, UserIdentity } from '../../access/identity.js';
import type { Scope } from '../../access/scopes.js';
import { TooManyMembersError, type Members } from '../../access/members.js';
import type { ApiAccess } from '../../auth/api-access.js';
import type { ThreadAgents } from '../../../actors/agents/thread-agents.js';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import { isThreadId, RoleName, UserName } from '../../../protocol/frames.js';
import { AgentName } from '../../../protocol/run-fields.js';
import { userNameFault } from '../../../protocol/user-name.js';
import { json, problem } from '../../transport/problem.js';
import type { HttpReply } from '../../transport/transport.js';
import { refusalOf } from '../refusal.js';
import { decodedPart, guarded, type Asked, type Route } from '../route-table.js';
import { notStored, requestFaults } from './request-faults.js';
import { BAD_USER, userOf } from './user-part.js';
import { parsedJson } from '../../../protocol/parsed-json.js';

/** Longest request body, in bytes: a name or a role. */
export const MEMBER_BODY_BYTES = 4_096;

/** Options of {@link createMembersApi}. */
export interface MembersApiOptions {
  readonly access: ApiAccess;
  readonly guard: Pick<Guard, 'decide'>;
  readonly members: Members;
  /** Which agent answers in a thread. */
  readonly agents: ThreadAgents;
  /** Whether there is an agent of that name. */
  readonly isAgent: (name: string) => boolean;
  /** Returns whether a token has been revoked, or nobody knows. */
  readonly isRevoked: (identity: UserIdentity) => boolean;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Notes what a limit has refused. */
  readonly limited: NoteLimited;
}

type Answered = HttpReply | Promise<HttpReply>;

/** Body of `PUT …/members/{user}`. */
export const RoleBody = Type.Object({ role: RoleName });

/** Body of `PUT …/agent`; null: no agent answers. */
export const AgentBody = Type.Object({ agent: Type.Union([AgentName, Type.Null()]) });

/** Body of `PUT …/owner`. */
export const OwnerBody = Type.Object({ owner: UserName });

const roleBody = Compile(RoleBody);
const agentBody = Compile(AgentBody);
const ownerBody = Compile(OwnerBody);

/** Returns the routes of members and owners below `/api/threads/{thread}/`. */
export function createMembersApi({
  access,
  guard,
  members,
  agents,
  isAgent,
  isRevoked,
  incidents,
  limited
}: MembersApiOptions): Route[] {
  const failed = requestFaults({ incidents, limited }, (error) =>
    error instanceof TooManyMembersError ? problem('too_large', error.message) : notStored(error)
  );
  const row = (
    method: string,
    path: string,
    action: Action,
    answer: (asked: Asked, thread: string, by: string | null, text: string) => Answered
  ): Route =>
    guarded<Identity, Scope>({
      methods: [method],
      path: `/api/threads/{thread}/${path}`,
      refuses: (asked) => (isThreadId(threadOf(asked)) ? null : problem('bad_thread')),
      scope: action === 'read' ? 'read' : 'manage',
      access: (request, scope) => access.reader(request, scope),
      handler: async (asked, caller) => {
        const thread = threadOf(asked);
        const refusal = await guard.decide(caller, action, thread);
        if (refusal !== null) return refusalOf(refusal);
        const text = method === 'PUT' ? await asked.request.body(MEMBER_BODY_BYTES) : '';
        // A caller can draw out the body until what allowed the change has been taken back.
        if (caller.kind === 'user' && isRevoked(caller)) return problem('revoked');
        const lost = await guard.decide(caller, action, thread);
        if (lost !== null) return refusalOf(lost);
        return answer(asked, thread, caller.kind === 'user' ? caller.user : null, text);
      },
      failed
    });
  return [
    row('GET', 'members', 'read', (_, thread) => json(200, { thread, ...members.of(thread) })),
    row('GET', 'members/{user}', 'read', (asked, thread) => {
      const user = userOf(asked);
      if (user === null) return BAD_USER;
      const role = members.role(thread, user);
      return role === null ? NO_MEMBER : json(200, { thread, user, role });
    }),
    row('PUT', 'members/{user}', 'manage', async (asked, thread, by, text) => {
      const user = userOf(asked);
      if (user === null) return BAD_USER;
      const fault = userNameFault(user);
      if (fault !== null) return problem('bad_frame', `the user ${fault}`);
      const body = parsedJson(text);
      if (body === null) return problem('bad_json');
      if (!roleBody.Check(body)) return problem('bad_frame', '/role must be member or reader');
      await members.set(thread, user, body.role, by);
      return json(200, { thread, user, role: body.role });
    }),
    row('DELETE', 'members/{user}', 'manage', async (asked, thread, by) => {
      const user = userOf(asked);
      if (user === null) return BAD_USER;
      if (members.role(thread, user) === null) return NO_MEMBER;
      await members.set(thread, user, null, by);
      return json(200, { thread, user, role: null });
    }),
    row('PUT', 'owner', 'manage', async (_asked, thread, by, text) => {
      const body = parsedJson(text);
      if (body === null) return problem('bad_json');
      if (!ownerBody.Check(body)) return problem('bad_frame', '/owner must name a user');
      const fault = userNameFault(body.owner);
      if (fault !== null) return problem('bad_frame', `/owner ${fault}`);
      await members.setOwner(thread, body.owner, by);
      return json(200, { thread, owner: body.owner });
    }),
    row('GET', 'agent', 'read', (_, thread) => json(200, { thread, agent: agents.of(thread) })),
    row('PUT', 'agent', 'manage', async (_asked, thread, by, text) => {
      const body = parsedJson(text);
      if (body === null) return problem('bad_json');
      if (!agentBody.Check(body))
        return problem('bad_frame', '/agent must name an agent or be null');
      if (body.agent !== null && !isAgent(body.agent)) {
        return problem('not_found', `there is no agent ${body.agent}`);
      }
      await agents.set(thread, body.agent, by);
      return json(200, { thread, agent: body.agent });
    })
  ];
}

const NO_MEMBER = problem('not_found', 'the thread has no such member');

function threadOf({ part }: Asked): string {
  return decodedPart(part('thread')) ?? '';
}
