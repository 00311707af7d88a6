/** The operations of operators: who is connected, and closing connections. */
import Type, { type TObject } from 'typebox';
import { ADMIN_PAGE_MAX } from '../http/api/admin/rows-api.js';
import { CONNECTION_ID_MAX } from '../http/api/admin/kick-api.js';
import type { Operation, Operations } from './operation.js';
import { USER } from './people-operations.js';

const Count = Type.Integer({ minimum: 0 });
const NameOrNull = Type.Union([Type.String(), Type.Null()]);
/** Unix milliseconds; null: never. */
const TimeOrNull = Type.Union([Type.Number(), Type.Null()]);

const ConnectionRow = Type.Object({
  connection: Type.String(),
  // Null before it has signed in, and of an event stream of a backend.
  user: NameOrNull,
  address: Type.String(),
  openedAt: Type.Number(),
  laggingSince: TimeOrNull,
  bufferedBytes: Count,
  isLeaving: Type.Boolean(),
  // The first 20; `subscriptions` counts all.
  threads: Type.Array(Type.String()),
  subscriptions: Count
});

const UserRow = Type.Object({
  user: Type.String(),
  connections: Count,
  subscriptions: Count,
  lagging: Count,
  openedAt: TimeOrNull,
  revokedBefore: TimeOrNull,
  revokedTokens: Count
});

const ThreadRow = Type.Object({
  thread: Type.String(),
  state: Type.String(),
  isTest: Type.Boolean(),
  subscribers: Count,
  held: Count,
  offset: Count,
  sessionId: NameOrNull,
  owner: NameOrNull,
  // The first 10 by name.
  members: Type.Array(Type.Object({ user: Type.String(), role: Type.String() })),
  moreMembers: Type.Boolean()
});

const page = (
  row: TObject,
  more: Pick<Operation, 'id' | 'summary' | 'description'>
): Operation => ({
  ...more,
  tag: 'operators',
  query: {
    search: { description: 'A part of the names that are shown.', schema: Type.String() },
    after: { description: '`next` of the page before.', schema: Type.String() },
    limit: {
      description: 'Most rows; 20 by default.',
      schema: Type.Integer({ minimum: 1, maximum: ADMIN_PAGE_MAX }),
      example: 10
    }
  },
  answers: {
    200: {
      description:
        '`node` answers for itself. `total` rows match; without `next` this is the last page.',
      schema: Type.Object({
        node: Type.String(),
        rows: Type.Array(row),
        total: Count,
        next: NameOrNull
      })
    }
  },
  errors: ['bad_frame']
});

/** Lists of connections, users and threads; closing connections. */
export const ADMIN_OPERATIONS: Operations = {
  'GET /api/admin/connections': page(ConnectionRow, {
    id: 'listConnections',
    summary: 'List the open connections to this node',
    description: 'Searched by id, user and address.'
  }),
  'GET /api/admin/users': page(UserRow, {
    id: 'listUsers',
    summary: 'List the users who are connected to this node',
    description: 'One who is not connected is found by the whole name.'
  }),
  'GET /api/admin/threads': page(ThreadRow, {
    id: 'listThreads',
    summary: 'List the threads that are in use on this node',
    description: 'One that is only stored is found by its whole id.'
  }),
  'POST /api/admin/connections/{connection}/kick': {
    id: 'kickConnection',
    tag: 'operators',
    summary: 'Close a connection with 3503, on whichever node it is',
    path: {
      connection: {
        description: 'Its id.',
        schema: Type.String({ minLength: 1, maxLength: CONNECTION_ID_MAX }),
        example: 'c0001'
      }
    },
    answers: {
      200: {
        description: '`closed` is 0 when there is no such connection any more.',
        schema: Type.Object({ connection: Type.String(), user: NameOrNull, closed: Count })
      }
    },
    errors: ['bad_frame']
  },
  'POST /api/admin/users/{user}/kick': {
    id: 'kickUser',
    tag: 'operators',
    summary: 'Close all connections of a user with 3503, on every node',
    description: 'The user may sign in again. Revoke the tokens to prevent that.',
    path: { user: USER },
    answers: {
      200: {
        description: 'How many were closed.',
        schema: Type.Object({ user: Type.String(), closed: Count })
      }
    },
    errors: ['bad_frame']
  }
};
