/**
 * The frames of `rollcall.v1`: TypeScript types, run-time checks and JSON Schema all come from here. Server, actors,
 * client and specs may import this file; it imports only typebox and schemas beside it.
 */
import Type, { type Static } from 'typebox';
import { AgentName, Mid, RUN_PUBLISH_FIELDS, RunId, ToldAgent, ToldRun } from './run-fields.js';
import { Traceparent } from './traceparent.js';
import { AgentFrame, May, OwnerFrame, RightsFrame } from './rights.js';

/** Subprotocol that the server selects when a client offers it. */
export const SUBPROTOCOL = 'rollcall.v1';

/** Longest thread id, in characters. */
export const THREAD_ID_MAX = 128;

/** Longest `beforeThread` of a position in the list of threads, in characters: a thread id, or one that is sealed. */
export const PLACE_MAX = 256;

/** Longest user name, in characters. */
export const USER_MAX = 128;

/** What a member of a thread may do: `reader` reads, `member` reads and writes. The owner may do everything. */
export const ROLES = ['member', 'reader'] as const;

/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** Returns whether a text has more than so many characters, counted as the schemas count them: an emoji is one. */
export function isLongerThan(text: string, characters: number): boolean {
  return text.length > characters && Array.from(text).length > characters;
}

/** Most messages of one `history` page. */
export const HISTORY_LIMIT_MAX = 500;

/** Longest `id` of a request, in characters. */
export const REQUEST_ID_MAX = 128;

const RequestId = Type.Union([Type.Number(), Type.String({ maxLength: REQUEST_ID_MAX })]);
const id = Type.Optional(RequestId);
const Thread = Type.String();
const Kind = Type.String({ pattern: '^[a-z][a-z0-9_.]{0,63}$' });
const Offset = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Epoch = Type.String({ minLength: 1, maxLength: 64 });
/** Name of a user, wherever one is given. */
export const UserName = Type.String({ minLength: 1, maxLength: USER_MAX });
const Limit = Type.Integer({ minimum: 1, maximum: HISTORY_LIMIT_MAX });

/** Where a subscription starts: after an offset of an epoch, at the oldest kept message, or with the next message. */
export const Since = Type.Union([
  Type.Literal('start'),
  Type.Literal('live'),
  Type.Object({ offset: Offset, epoch: Epoch })
]);

const Token = Type.String({ maxLength: 16_384 });
const Connect = Type.Object({
  type: Type.Literal('connect'),
  id,
  token: Type.Optional(Token),
  user: Type.Optional(UserName),
  client: Type.Optional(
    Type.Object({
      name: Type.Optional(Type.String({ maxLength: 64 })),
      version: Type.Optional(Type.String({ maxLength: 64 }))
    })
  ),
  // The trace of publishes that name none.
  traceparent: Type.Optional(Traceparent)
});
const Refresh = Type.Object({ type: Type.Literal('refresh'), id, token: Token });
const Subscribe = Type.Object({
  type: Type.Literal('subscribe'),
  id,
  thread: Thread,
  since: Type.Optional(Since)
});
const Unsubscribe = Type.Object({ type: Type.Literal('unsubscribe'), id, thread: Thread });
/** Fields of a publish, over WebSocket and HTTP alike. */
export const PUBLISH_FIELDS = {
  mid: Mid,
  kind: Type.Optional(Kind),
  body: Type.Unknown(),
  expect: Type.Optional(Type.Union([Type.Literal('delivered'), Type.Literal('stored')])),
  // The trace that the publish belongs to.
  traceparent: Type.Optional(Traceparent),
  ...RUN_PUBLISH_FIELDS
};
const Publish = Type.Object({
  type: Type.Literal('publish'),
  id,
  thread: Thread,
  ...PUBLISH_FIELDS
});
const History = Type.Object({
  type: Type.Literal('history'),
  id,
  thread: Thread,
  before: Type.Optional(Offset),
  limit: Type.Optional(Limit)
});
const Threads = Type.Object({
  type: Type.Literal('threads'),
  id,
  before: Type.Optional(Type.Number()),
  // With `before`: the position after which the page begins; the page before gives both in `next`. It may be sealed.
  beforeThread: Type.Optional(Type.String({ maxLength: PLACE_MAX })),
  limit: Type.Optional(Limit)
});
const Typing = Type.Object({
  type: Type.Literal('typing'),
  id,
  thread: Thread,
  on: Type.Boolean()
});
const Mark = Type.Object({ type: Type.Literal('mark'), id, thread: Thread, read: Offset });
/** Role of a member, wherever one is given. */
export const RoleName = Type.Union([Type.Literal('member'), Type.Literal('reader')]);

const Members = Type.Object({ type: Type.Literal('members'), id, thread: Thread });
const Member = Type.Object({
  type: Type.Literal('member'),
  id,
  thread: Thread,
  user: UserName,
  // Null removes the member.
  role: Type.Union([RoleName, Type.Null()])
});
const Ping = Type.Object({ type: Type.Literal('ping'), id });
const Pong = Type.Object({ type: Type.Literal('pong'), id });
const Cancel = Type.Object({
  type: Type.Literal('cancel'),
  id,
  run: Type.Optional(RunId),
  thread: Type.Optional(Thread),
  mid: Type.Optional(Mid)
});
const Answer = Type.Object({
  type: Type.Literal('answer'),
  id,
  run: RunId,
  ask: Type.String({ minLength: 1, maxLength: 64 }),
  value: Type.Unknown()
});
const Withdraw = Type.Object({ type: Type.Literal('withdraw'), id, run: RunId });

/** Schema of every frame a client may send, by its `type`. */
export const CLIENT_FRAMES = {
  connect: Connect,
  refresh: Refresh,
  subscribe: Subscribe,
  unsubscribe: Unsubscribe,
  publish: Publish,
  history: History,
  threads: Threads,
  typing: Typing,
  mark: Mark,
  members: Members,
  member: Member,
  ping: Ping,
  pong: Pong,
  cancel: Cancel,
  answer: Answer,
  withdraw: Withdraw
} as const;

/** `type` of a frame that a client may send. */
export type ClientFrameType = keyof typeof CLIENT_FRAMES;

/** The frame that a client sends with the given `type`. */
export type ClientFrame<T extends ClientFrameType = ClientFrameType> = {
  [K in T]: Static<(typeof CLIENT_FRAMES)[K]>;
}[T];

/** Value of `since` on the wire. */
export type SinceValue = Static<typeof Since>;

/** Author of a message. */
export interface From {
  user: string;
}

const Message = Type.Object({
  type: Type.Literal('message'),
  thread: Thread,
  offset: Offset,
  mid: Mid,
  from: Type.Object({ user: Type.String() }),
  at: Type.Number(),
  kind: Type.String(),
  body: Type.Unknown(),
  replay: Type.Optional(Type.Boolean()),
  fallback: Type.Optional(Type.Boolean())
});
const Gap = Type.Object({
  from: Offset,
  to: Offset,
  reason: Type.Union([Type.Literal('trimmed'), Type.Literal('epoch'), Type.Literal('damaged')])
});
const ErrorFrame = Type.Object({
  type: Type.Literal('error'),
  id,
  code: Type.String(),
  message: Type.String(),
  retry: Type.Boolean(),
  afterMs: Type.Optional(Type.Number())
});

/** Schema of every frame the server may send, by its `type`. */
export const SERVER_FRAMES = {
  connected: Type.Object({
    type: Type.Literal('connected'),
    id,
    connection: Type.String(),
    user: Type.String(),
    node: Type.String(),
    time: Type.Number(),
    ping: Type.Number(),
    limits: Type.Object({
      frameBytes: Type.Number(),
      subscriptions: Type.Number(),
      publishPerSecond: Type.Number()
    }),
    reconnect: Type.Object({
      firstJitterMs: Type.Number(),
      minMs: Type.Number(),
      maxMs: Type.Number()
    }),
    // When the token ends, Unix milliseconds; absent when there is none, or it never ends.
    expiresAt: Type.Optional(Type.Number()),
    // Agents that a publish may name; absent when there are none.
    agents: Type.Optional(Type.Array(ToldAgent))
  }),
  refreshed: Type.Object({
    type: Type.Literal('refreshed'),
    id,
    expiresAt: Type.Optional(Type.Number())
  }),
  subscribed: Type.Object({
    type: Type.Literal('subscribed'),
    id,
    thread: Thread,
    epoch: Epoch,
    offset: Offset,
    recovered: Type.Boolean(),
    replay: Type.Integer({ minimum: 0 }),
    gap: Type.Union([Type.Null(), Gap]),
    runs: Type.Array(ToldRun),
    // The agent that answers messages of this thread; absent when none does. `agent` tells when that changes.
    agent: Type.Optional(AgentName),
    present: Type.Array(Type.String()),
    // Number of people present, when they are too many to be named.
    presentCount: Type.Optional(Type.Integer({ minimum: 0 })),
    // How far users of the thread have read; only marks of kept messages, and of at most 50 users.
    marks: Type.Optional(Type.Array(Type.Object({ user: Type.String(), read: Offset }))),
    // What the user may do with the thread; `rights` tells when that changes.
    may: Type.Optional(May)
  }),
  caught_up: Type.Object({ type: Type.Literal('caught_up'), thread: Thread, offset: Offset }),
  unsubscribed: Type.Object({
    type: Type.Literal('unsubscribed'),
    id,
    thread: Thread,
    // Given in a frame without a request, when the user may no longer read the thread.
    code: Type.Optional(Type.Literal('forbidden'))
  }),
  ack: Type.Object({
    type: Type.Literal('ack'),
    id,
    thread: Thread,
    mid: Mid,
    offset: Offset,
    epoch: Epoch,
    at: Type.Number(),
    duplicate: Type.Boolean(),
    durable: Type.Union([Type.Literal('disk'), Type.Literal('process'), Type.Literal('quorum')])
  }),
  message: Message,
  history: Type.Object({
    type: Type.Literal('history'),
    id,
    thread: Thread,
    epoch: Epoch,
    messages: Type.Array(Message),
    more: Type.Boolean()
  }),
  threads: Type.Object({
    type: Type.Literal('threads'),
    id,
    more: Type.Boolean(),
    // Where the next page begins; absent when there is none.
    next: Type.Optional(Type.Object({ before: Type.Number(), beforeThread: Type.String() })),
    threads: Type.Array(
      Type.Object({
        thread: Thread,
        epoch: Epoch,
        offset: Offset,
        read: Offset,
        at: Type.Number(),
        last: Type.Union([Type.Null(), Message])
      })
    )
  }),
  typing: Type.Object({
    type: Type.Literal('typing'),
    thread: Thread,
    user: Type.String(),
    on: Type.Boolean(),
    forMs: Type.Number()
  }),
  presence: Type.Object({
    type: Type.Literal('presence'),
    thread: Thread,
    join: Type.Optional(Type.Array(Type.String())),
    leave: Type.Optional(Type.Array(Type.String())),
    count: Type.Optional(Type.Integer({ minimum: 0 }))
  }),
  mark: Type.Object({
    type: Type.Literal('mark'),
    id,
    thread: Thread,
    user: Type.String(),
    read: Offset
  }),
  members: Type.Object({
    type: Type.Literal('members'),
    id,
    thread: Thread,
    owner: Type.Union([Type.String(), Type.Null()]),
    members: Type.Array(Type.Object({ user: Type.String(), role: RoleName })),
    may: Type.Optional(May)
  }),
  member: Type.Object({
    type: Type.Literal('member'),
    id,
    thread: Thread,
    user: Type.String(),
    role: Type.Union([RoleName, Type.Null()]),
    // Who changed it; null for a backend.
    by: Type.Union([Type.String(), Type.Null()])
  }),
  owner: OwnerFrame,
  agent: AgentFrame,
  rights: RightsFrame,
  chunk: Type.Object({
    type: Type.Literal('chunk'),
    thread: Thread,
    run: Type.String(),
    at: Offset,
    text: Type.String(),
    // From the second attempt on: its text replaces that of the one before.
    attempt: Type.Optional(Type.Integer({ minimum: 1 }))
  }),
  // `run` is absent when a message was cancelled before its run began.
  cancelling: Type.Object({
    type: Type.Literal('cancelling'),
    id,
    run: Type.Optional(Type.String())
  }),
  answered: Type.Object({
    type: Type.Literal('answered'),
    id,
    run: Type.String(),
    ask: Type.String()
  }),
  withdrawn: Type.Object({ type: Type.Literal('withdrawn'), id, run: Type.String() }),
  ping: Type.Object({ type: Type.Literal('ping') }),
  pong: Type.Object({ type: Type.Literal('pong'), id, time: Type.Number() }),
  error: ErrorFrame,
  disconnect: Type.Object({
    type: Type.Literal('disconnect'),
    code: Type.Number(),
    reason: Type.String(),
    reconnect: Type.Boolean(),
    afterMs: Type.Optional(Type.Number()),
    // Sent to a client that was too slow: the last position of each of its subscriptions.
    resume: Type.Optional(Type.Array(Type.Object({ thread: Thread, offset: Offset, epoch: Epoch })))
  })
} as const;

/** `type` of a frame that the server may send. */
export type ServerFrameType = keyof typeof SERVER_FRAMES;

/** The frame that the server sends with the given `type`. */
export type ServerFrame<T extends ServerFrameType = ServerFrameType> = {
  [K in T]: Static<(typeof SERVER_FRAMES)[K]>;
}[T];

/** A message as it is stored in the log and sent on the wire. */
export type MessageFrame = ServerFrame<'message'>;

// Browsers and proxies remove `.` and `..` from a path, also when percent-encoded.
const THREAD_ID = /^(?!\.{1,2}$)[A-Za-z0-9._:@-]{1,128}$/;

/** Returns whether a thread id is 1 to 128 characters of `[A-Za-z0-9._:@-]`, and not `.` or `..`. */
export function isThreadId(thread: string): boolean {
  return THREAD_ID.test(thread);
}
