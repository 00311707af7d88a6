import { THREAD, type Lock } from './doors.js';

/** Every route with data of users: what it requires, and an example request. */
export const ROUTES: Readonly<Record<string, readonly [lock: Lock, path: string, body?: object]>> =
  {
    'GET /api/threads/{thread}/messages': ['read', `/api/threads/${THREAD}/messages`],
    'POST /api/threads/{thread}/messages': [
      'write',
      `/api/threads/${THREAD}/messages`,
      { mid: 'door', body: 1, expect: 'stored' }
    ],
    'GET /api/threads/{thread}/events': ['read', `/api/threads/${THREAD}/events`],
    // There is no such message: who passes gets `not_found`.
    'DELETE /api/threads/{thread}/messages/{message}': [
      'manage',
      `/api/threads/${THREAD}/messages/nothing`
    ],
    'GET /api/audit': ['operator', '/api/audit'],
    'GET /api/users/{user}/erase': ['key', '/api/users/nobody/erase'],
    'POST /api/users/{user}/erase': ['key', '/api/users/nobody/erase'],
    'GET /api/backup': ['key', '/api/backup'],
    // The owner and the member get that no agent answers here.
    'POST /agui': [
      'write',
      '/agui',
      {
        threadId: THREAD,
        runId: 'door',
        messages: [{ id: 'door-agui', role: 'user', content: '1' }]
      }
    ],
    'GET /agui/{thread}': ['read', `/agui/${THREAD}`],
    'GET /api/threads/{thread}/members': ['read', `/api/threads/${THREAD}/members`],
    'GET /api/threads/{thread}/members/{user}': ['read', `/api/threads/${THREAD}/members/max`],
    'PUT /api/threads/{thread}/members/{user}': [
      'manage',
      `/api/threads/${THREAD}/members/max`,
      { role: 'member' }
    ],
    'DELETE /api/threads/{thread}/members/{user}': [
      'manage',
      `/api/threads/${THREAD}/members/none`
    ],
    'PUT /api/threads/{thread}/owner': [
      'manage',
      `/api/threads/${THREAD}/owner`,
      { owner: 'olga' }
    ],
    'GET /api/threads/{thread}/agent': ['read', `/api/threads/${THREAD}/agent`],
    'PUT /api/threads/{thread}/agent': ['manage', `/api/threads/${THREAD}/agent`, { agent: null }],
    // No agent answers there: who passes gets `not_found`.
    'POST /ai/chat': [
      'write',
      '/ai/chat',
      { id: THREAD, messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'hi' }] }] }
    ],
    'GET /ai/chat/{id}/stream': ['read', `/ai/chat/${THREAD}/stream`],
    'POST /ai/chat/{id}/stop': ['write', `/ai/chat/${THREAD}/stop`, {}],
    'GET /api/users/{user}/revoke': ['operator', '/api/users/nobody/revoke'],
    'POST /api/users/{user}/revoke': ['operator', '/api/users/nobody/revoke', {}],
    // Any user may get a ticket for any thread: the rights are checked when the ticket opens a stream.
    'POST /api/tickets': ['read', '/api/tickets', { thread: THREAD }],
    'DELETE /api/users/{user}/revoke': ['operator', '/api/users/nobody/revoke'],
    'GET /api/admin/connections': ['operator', '/api/admin/connections'],
    'GET /api/admin/users': ['operator', '/api/admin/users'],
    'GET /api/admin/threads': ['operator', '/api/admin/threads'],
    'POST /api/admin/connections/{connection}/kick': [
      'operator',
      '/api/admin/connections/none/kick'
    ],
    'POST /api/admin/users/{user}/kick': ['operator', '/api/admin/users/nobody/kick'],
    // Lists the threads that the user may read: the rights are checked for each row.
    'GET /api/search': ['read', `/api/search?thread=${THREAD}`],
    'GET /api/reports': ['key', '/api/reports'],
    'GET /api/reports/{name}': ['key', '/api/reports/threads'],
    'GET /api/stats': ['key', '/api/stats'],
    'GET /api/messages/{mid}/journey': ['key', '/api/messages/first/journey'],
    'GET /api/journey': ['key', '/api/journey?mid=first'],
    'GET /api/webhooks/letters': ['key', '/api/webhooks/letters'],
    'POST /api/webhooks/letters/send': ['key', '/api/webhooks/letters/send', { letters: [1] }],
    'POST /api/webhooks/letters/drop': ['key', '/api/webhooks/letters/drop', { letters: [1] }],
    'GET /metrics': ['key', '/metrics'],
    'GET /api/incidents': ['key', '/api/incidents'],
    'GET /api/cluster': ['key', '/api/cluster'],
    // Requires INSPECT_TOKEN, which no user has.
    'GET /inspect/recording': ['key', '/inspect/recording'],
    'GET /inspect/charts/{hash}': ['key', '/inspect/charts/x']
  };

/** Routes that require `read` beside what they are for: their answer tells what is in the thread. */
export const ALSO_READ: readonly string[] = [
  'POST /agui',
  'POST /ai/chat',
  'POST /ai/chat/{id}/stop'
];
