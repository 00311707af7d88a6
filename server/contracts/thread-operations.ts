/** The operations on the messages of a thread. */
import Type from 'typebox';
import { HISTORY_LIMIT_MAX, SERVER_FRAMES } from '../../protocol/frames.js';
import { PAGE_DEFAULT } from '../chat/message-pages.js';
import { PublishBody } from '../http/api/api.js';
import type { Operations, Parameter } from './operation.js';
import { Gap } from './shared-schemas.js';

/** The thread of a path. */
export const THREAD: Parameter = {
  description: 'Id of the thread.',
  schema: Type.String({ pattern: '^(?!\\.{1,2}$)[A-Za-z0-9._:@-]{1,128}$' }),
  example: 'orders'
};

/** Where a page or a stream begins. */
const AFTER: Parameter = {
  description:
    'What comes after this place: `<epoch>:<offset>`, as the `id` of an event has it, or an offset. 0: from the oldest stored message.',
  schema: Type.String({ pattern: '^([^:]{1,64}:)?[0-9]{1,16}$' }),
  example: '0'
};

const Page = Type.Object({
  thread: Type.String(),
  epoch: Type.String(),
  offset: Type.Integer({ minimum: 0 }),
  gap: Type.Union([Type.Null(), Gap]),
  messages: Type.Array(SERVER_FRAMES.message),
  more: Type.Boolean()
});

/** Publish, read, follow. */
export const THREAD_OPERATIONS: Operations = {
  'POST /api/threads/{thread}/messages': {
    id: 'publish',
    tag: 'threads',
    summary: 'Publish a message',
    description:
      'The answer comes once the message is durable. A request that is repeated with the same `mid` stores nothing twice.',
    path: { thread: THREAD },
    body: {
      schema: PublishBody,
      example: {
        mid: 'order-17',
        from: 'shop',
        body: { text: 'order 17 has shipped' },
        owner: 'ada',
        expect: 'stored'
      }
    },
    answers: {
      201: { description: 'Stored.', schema: SERVER_FRAMES.ack },
      200: { description: 'The same message was stored before.', schema: SERVER_FRAMES.ack }
    },
    exampleStatus: 201,
    errors: [
      'bad_json',
      'bad_frame',
      'bad_thread',
      'forbidden_kind',
      'reserved_thread',
      'too_large',
      'conflict',
      'queue_full',
      'not_found'
    ]
  },
  'GET /api/threads/{thread}/messages': {
    id: 'readMessages',
    tag: 'threads',
    summary: 'Read a page of messages, oldest first',
    path: { thread: THREAD },
    query: {
      after: AFTER,
      limit: {
        description: `Most messages of the page; ${String(PAGE_DEFAULT)} by default.`,
        schema: Type.Integer({ minimum: 1, maximum: HISTORY_LIMIT_MAX }),
        example: 50
      }
    },
    answers: { 200: { description: 'The page.', schema: Page } },
    errors: ['bad_frame', 'bad_thread', 'reserved_thread']
  },
  'GET /api/threads/{thread}/events': {
    id: 'followEvents',
    tag: 'threads',
    summary: 'Follow a thread by server-sent events',
    description:
      'Every frame of the chat is an event of its `type`. The first is `subscribed`. It and every `message` have an `id`, which `Last-Event-ID` resumes after.',
    path: { thread: THREAD },
    query: {
      after: AFTER,
      ticket: {
        description: 'A ticket in place of a token, for `EventSource` in a browser.',
        schema: Type.String()
      }
    },
    headers: {
      'Last-Event-ID': {
        description: 'The `id` of the last event that the client has.',
        schema: Type.String()
      }
    },
    answers: { 200: { description: 'The stream.', type: 'text/event-stream' } },
    errors: ['bad_frame', 'bad_thread', 'reserved_thread']
  }
};
