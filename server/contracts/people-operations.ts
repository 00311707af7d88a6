/** The operations on the owner, the members and the agent of a thread, on tickets and on revoked tokens. */
import Type from 'typebox';
import { RoleName, UserName } from '../../protocol/frames.js';
import { AgentName } from '../../protocol/run-fields.js';
import { AgentBody, OwnerBody, RoleBody } from '../http/api/members-api.js';
import { RevokeBody } from '../http/api/revocations-api.js';
import { TicketBody } from '../http/api/tickets-api.js';
import type { Operations, Parameter } from './operation.js';
import { THREAD } from './thread-operations.js';

/** The user of a path. */
export const USER: Parameter = {
  description: 'Name of the user.',
  schema: UserName,
  example: 'bob'
};

const MEMBER = { thread: THREAD, user: USER };

const Member = Type.Object({ thread: Type.String(), user: Type.String(), role: RoleName });

const Removed = Type.Object({ thread: Type.String(), user: Type.String(), role: Type.Null() });

const Members = Type.Object({
  thread: Type.String(),
  owner: Type.Union([Type.String(), Type.Null()]),
  members: Type.Array(Type.Object({ user: Type.String(), role: RoleName }))
});

const Agent = Type.Object({
  thread: Type.String(),
  agent: Type.Union([AgentName, Type.Null()])
});

const Revoked = Type.Object({
  user: Type.String(),
  // Tokens issued before this time are revoked, Unix milliseconds.
  before: Type.Union([Type.Integer(), Type.Null()]),
  // Ids of single tokens that are revoked.
  jti: Type.Array(Type.String())
});

const REVOKED = { 200: { description: 'What is revoked now.', schema: Revoked } };

/** Owner, members, agent, tickets, revoked tokens. */
export const PEOPLE_OPERATIONS: Operations = {
  'PUT /api/threads/{thread}/owner': {
    id: 'setOwner',
    tag: 'people',
    summary: 'Name the owner of a thread',
    path: { thread: THREAD },
    body: { schema: OwnerBody, example: { owner: 'ada' } },
    answers: {
      200: {
        description: 'The owner is named.',
        schema: Type.Object({ thread: Type.String(), owner: Type.String() })
      }
    },
    errors: ['bad_json', 'bad_frame', 'bad_thread', 'too_large']
  },
  'PUT /api/threads/{thread}/members/{user}': {
    id: 'setMember',
    tag: 'people',
    summary: 'Add a member, or change its role',
    path: MEMBER,
    body: { schema: RoleBody, example: { role: 'member' } },
    answers: { 200: { description: 'The user has the role.', schema: Member } },
    errors: ['bad_json', 'bad_frame', 'bad_thread', 'too_large']
  },
  'GET /api/threads/{thread}/members/{user}': {
    id: 'readMember',
    tag: 'people',
    summary: 'Read the role of a member',
    path: MEMBER,
    answers: { 200: { description: 'The role.', schema: Member } },
    errors: ['bad_frame', 'bad_thread', 'not_found']
  },
  'GET /api/threads/{thread}/members': {
    id: 'readMembers',
    tag: 'people',
    summary: 'List the owner and the members',
    path: { thread: THREAD },
    answers: { 200: { description: 'Owner and members.', schema: Members } },
    errors: ['bad_thread']
  },
  'DELETE /api/threads/{thread}/members/{user}': {
    id: 'removeMember',
    tag: 'people',
    summary: 'Remove a member',
    path: MEMBER,
    answers: { 200: { description: 'The user is no member any more.', schema: Removed } },
    errors: ['bad_frame', 'bad_thread', 'not_found']
  },
  'GET /api/threads/{thread}/agent': {
    id: 'readAgent',
    tag: 'people',
    summary: 'Read which agent answers in a thread',
    path: { thread: THREAD },
    answers: { 200: { description: 'Its name; null: none does.', schema: Agent } },
    errors: ['bad_thread']
  },
  'PUT /api/threads/{thread}/agent': {
    id: 'setAgent',
    tag: 'people',
    summary: 'Choose the agent that answers in a thread',
    path: { thread: THREAD },
    body: { schema: AgentBody, example: { agent: null } },
    answers: { 200: { description: 'Its name; null: none does.', schema: Agent } },
    errors: ['bad_json', 'bad_frame', 'bad_thread', 'too_large', 'not_found']
  },
  'POST /api/tickets': {
    id: 'makeTicket',
    tag: 'people',
    summary: 'Get a ticket, with which a browser opens one event stream',
    body: { schema: TicketBody, example: { thread: 'orders' }, isOptional: true },
    answers: {
      201: {
        description: 'The ticket, valid for 30 seconds and for one stream.',
        schema: Type.Object({ ticket: Type.String(), expiresAt: Type.Integer() })
      }
    },
    errors: ['bad_json', 'bad_frame', 'bad_thread', 'too_large']
  },
  'POST /api/users/{user}/revoke': {
    id: 'revokeTokens',
    tag: 'people',
    summary: 'Revoke tokens of a user',
    path: { user: USER },
    body: { schema: RevokeBody, example: { jti: 'token-17' }, isOptional: true },
    answers: REVOKED,
    errors: ['bad_json', 'bad_frame', 'too_large']
  },
  'GET /api/users/{user}/revoke': {
    id: 'readRevoked',
    tag: 'people',
    summary: 'Read what is revoked of a user',
    path: { user: USER },
    answers: REVOKED,
    errors: ['bad_frame']
  },
  'DELETE /api/users/{user}/revoke': {
    id: 'acceptTokens',
    tag: 'people',
    summary: 'Accept the tokens of a user again',
    path: { user: USER },
    answers: REVOKED,
    errors: ['bad_frame']
  }
};
