/** The operations of whoever runs the server for years: backups, erasing, the audit log, incidents. */
import Type from 'typebox';
import { AUDIT_PAGE_MAX } from '../../actors/upkeep/audit.js';
import { USER_MAX } from '../../protocol/frames.js';
import { Mid } from '../../protocol/run-fields.js';
import { KEPT_LEVELS } from '../logger/kept-lines.js';
import type { Operations } from './operation.js';
import { THREAD } from './thread-operations.js';

const Count = Type.Integer({ minimum: 0 });
const NameOrNull = Type.Union([Type.String(), Type.Null()]);

const Audit = Type.Object({
  entries: Type.Array(
    Type.Object({
      seq: Type.Integer(),
      at: Type.Number(),
      action: Type.String(),
      by: Type.Object({ user: NameOrNull, key: NameOrNull }),
      detail: Type.Record(Type.String(), Type.Unknown())
    })
  ),
  more: Type.Boolean()
});

const Line = Type.Object({
  time: Type.String(),
  level: Type.Union(KEPT_LEVELS.map((level) => Type.Literal(level))),
  message: Type.String(),
  fields: Type.Record(Type.String(), Type.Unknown()),
  // Anchor of its entry in docs/runbook.md.
  runbook: NameOrNull
});

const Node = Type.Object(
  {
    node: Type.String(),
    silentMs: Type.Number(),
    startedAt: Type.Optional(Type.String()),
    version: Type.Optional(Type.String()),
    url: Type.Optional(Type.String()),
    status: Type.Optional(Type.String()),
    connections: Type.Optional(Count),
    threads: Type.Optional(Count),
    // How far its replica is behind; null when it does not know.
    lagMs: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    positions: Type.Optional(
      Type.Array(Type.Object({ partition: Count, applied: Count, hash: Type.String() }))
    )
  },
  { additionalProperties: false }
);

const UserErasure = Type.Object({
  user: Type.String(),
  state: Type.Union([Type.Literal('none'), Type.Literal('running'), Type.Literal('done')]),
  // Unix milliseconds.
  startedAt: Type.Union([Type.Number(), Type.Null()]),
  endedAt: Type.Union([Type.Number(), Type.Null()]),
  // Gone through since the server has started.
  threads: Count,
  messages: Count
});

const ERASED_USER = {
  description: 'The user.',
  schema: Type.String({ minLength: 1, maxLength: USER_MAX }),
  example: 'somebody-who-left'
};

/** Backups, erasing, audit log, incidents, nodes. */
export const UPKEEP_OPERATIONS: Operations = {
  'DELETE /api/threads/{thread}/messages/{message}': {
    id: 'eraseMessage',
    tag: 'upkeep',
    summary: 'Erase a message',
    description: 'It keeps its offset and its `mid`; its body is gone. Subscribers are told.',
    path: {
      thread: THREAD,
      message: {
        description: 'Its offset, which is digits alone, or its `mid`.',
        schema: Mid,
        example: 'order-17'
      }
    },
    answers: {
      200: {
        description:
          '`offset` is that of the entry that tells subscribers; null: it was erased before.',
        schema: Type.Object({
          thread: Type.String(),
          target: Count,
          mid: Type.String(),
          offset: Type.Union([Count, Type.Null()]),
          duplicate: Type.Boolean()
        })
      }
    },
    errors: ['bad_frame', 'bad_thread', 'not_found']
  },
  'POST /api/users/{user}/erase': {
    id: 'eraseUser',
    tag: 'upkeep',
    summary: 'Erase all messages of a user',
    description: 'It is done in the background, also after a restart. Ask again how far it is.',
    path: { user: ERASED_USER },
    answers: { 202: { description: 'It will be done.', schema: UserErasure } },
    errors: ['bad_frame'],
    isForKeys: true
  },
  'GET /api/users/{user}/erase': {
    id: 'readUserErasure',
    tag: 'upkeep',
    summary: 'Read how far the erasure of a user is',
    path: { user: ERASED_USER },
    answers: { 200: { description: '`none`: it was never asked for.', schema: UserErasure } },
    errors: ['bad_frame'],
    isForKeys: true
  },
  'GET /api/backup': {
    id: 'readBackup',
    tag: 'upkeep',
    summary: 'Make a backup of the running server',
    description: 'Lines of JSON for `rollcall restore`. Without its last line it is not whole.',
    answers: { 200: { description: 'The backup.', type: 'application/x-ndjson' } },
    isForKeys: true
  },
  'GET /api/audit': {
    id: 'readAudit',
    tag: 'upkeep',
    summary: 'Read the audit log, newest first',
    query: {
      limit: {
        description: 'Most entries; 50 by default.',
        schema: Type.Integer({ minimum: 1, maximum: AUDIT_PAGE_MAX }),
        example: 20
      },
      before: {
        description: 'Older than the entry of this `seq`.',
        schema: Type.Integer({ minimum: 1 })
      }
    },
    answers: { 200: { description: 'The page.', schema: Audit } },
    errors: ['bad_frame']
  },
  'GET /api/incidents': {
    id: 'readIncidents',
    tag: 'upkeep',
    summary: 'Read the warnings and errors that the server has logged',
    query: {
      since: {
        description:
          'Not older: ISO 8601, or Unix milliseconds. By default since the start, a day at most.',
        schema: Type.String()
      }
    },
    answers: {
      200: {
        description: 'The lines, oldest first.',
        schema: Type.Object({
          node: Type.String(),
          startedAt: Type.String(),
          since: Type.String(),
          until: Type.String(),
          // False when lines of this time were dropped for newer ones.
          complete: Type.Boolean(),
          counts: Type.Record(Type.String(), Count),
          lines: Type.Array(Line)
        })
      }
    },
    errors: ['bad_frame'],
    isForKeys: true
  },
  'GET /api/cluster': {
    id: 'readCluster',
    tag: 'upkeep',
    summary: 'Read which nodes there are',
    description: 'A single node tells of itself.',
    answers: {
      200: {
        description: 'The nodes as this one knows them, by id.',
        schema: Type.Object({
          node: Type.String(),
          several: Type.Boolean(),
          // False while this node may not have heard all others: just started, or without brokers.
          complete: Type.Boolean(),
          nodes: Type.Array(Node)
        })
      }
    },
    isForKeys: true
  }
};
