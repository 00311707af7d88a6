/** What `/asyncapi.json` tells of each frame: a summary, an example, and what the server answers. */
import type {
  ClientFrame,
  ClientFrameType,
  ServerFrame,
  ServerFrameType
} from '../../protocol/frames.js';

/** A frame that a client may send. */
export interface ClientFrameWords<T extends ClientFrameType = ClientFrameType> {
  readonly summary: string;
  /** Types of the answer beside `error`; empty: there is none. */
  readonly answers: readonly ServerFrameType[];
  readonly example: ClientFrame<T>;
}

/** A frame that the server may send. */
export interface ServerFrameWords<T extends ServerFrameType = ServerFrameType> {
  readonly summary: string;
  readonly example: ServerFrame<T>;
}

const AT = 1_767_225_600_123;

const MESSAGE: ServerFrame<'message'> = {
  type: 'message',
  thread: 't42',
  offset: 20,
  mid: 'm1',
  from: { user: 'ada' },
  at: AT,
  kind: 'user_message',
  body: { text: 'hi' }
};

/** Every frame of a client, in an order in which the examples can be sent over one connection. */
export const CLIENT_WORDS: { readonly [T in ClientFrameType]: ClientFrameWords<T> } = {
  connect: {
    summary: 'Signs in: by a token, or without authentication by a name. It comes first.',
    answers: ['connected'],
    example: { type: 'connect', id: 1, user: 'ada' }
  },
  refresh: {
    summary: 'Replaces the token by a newer one of the same user.',
    answers: ['refreshed'],
    example: {
      type: 'refresh',
      id: 2,
      token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'
    }
  },
  publish: {
    summary: 'Publishes a message. The answer comes once it is durable.',
    answers: ['ack'],
    example: { type: 'publish', id: 3, thread: 't42', mid: 'm1', body: { text: 'hi' } }
  },
  subscribe: {
    summary: 'Begins to follow a thread, after a place, from the start or live.',
    answers: ['subscribed'],
    example: { type: 'subscribe', id: 4, thread: 't42', since: 'start' }
  },
  history: {
    summary: 'Reads a page of older messages.',
    answers: ['history'],
    example: { type: 'history', id: 5, thread: 't42', before: 20, limit: 50 }
  },
  threads: {
    summary: 'Lists the threads of the user, newest first.',
    answers: ['threads'],
    example: { type: 'threads', id: 6, limit: 20 }
  },
  typing: {
    summary: 'Says that the user types, or has stopped.',
    answers: [],
    example: { type: 'typing', thread: 't42', on: true }
  },
  mark: {
    summary: 'Says how far the user has read.',
    answers: ['mark'],
    example: { type: 'mark', id: 7, thread: 't42', read: 1 }
  },
  members: {
    summary: 'Reads the owner and the members of a thread.',
    answers: ['members'],
    example: { type: 'members', id: 8, thread: 't42' }
  },
  member: {
    summary: 'Gives a user a role in a thread, or takes it.',
    answers: ['member'],
    example: { type: 'member', id: 9, thread: 't42', user: 'bob', role: 'member' }
  },
  cancel: {
    summary: 'Cancels a run, or the run that a message begins.',
    answers: ['cancelling'],
    example: { type: 'cancel', id: 10, thread: 't42', mid: 'm2' }
  },
  answer: {
    summary: 'Answers the question of a run.',
    answers: ['answered'],
    example: { type: 'answer', id: 11, run: 'r1', ask: 'a1', value: 'yes' }
  },
  withdraw: {
    summary: 'Takes a run back that has not begun.',
    answers: ['withdrawn'],
    example: { type: 'withdraw', id: 12, run: 'r1' }
  },
  ping: {
    summary: 'Asks whether the server is there.',
    answers: ['pong'],
    example: { type: 'ping', id: 13 }
  },
  pong: { summary: 'Answers a ping of the server.', answers: [], example: { type: 'pong' } },
  unsubscribe: {
    summary: 'Ends following a thread.',
    answers: ['unsubscribed'],
    example: { type: 'unsubscribe', id: 14, thread: 't42' }
  }
};

/** Every frame of the server. */
export const SERVER_WORDS: { readonly [T in ServerFrameType]: ServerFrameWords<T> } = {
  connected: {
    summary: 'The connection is signed in.',
    example: {
      type: 'connected',
      id: 1,
      connection: 'c4f1x7',
      user: 'ada',
      node: 'n1',
      time: AT,
      ping: 25_000,
      limits: { frameBytes: 65_536, subscriptions: 128, publishPerSecond: 50 },
      reconnect: { firstJitterMs: 1_000, minMs: 500, maxMs: 20_000 }
    }
  },
  refreshed: {
    summary: 'The newer token counts from now on.',
    example: { type: 'refreshed', id: 2, expiresAt: AT }
  },
  ack: {
    summary: 'The message is durable at this offset.',
    example: {
      type: 'ack',
      id: 3,
      thread: 't42',
      mid: 'm1',
      offset: 20,
      epoch: 'x1',
      at: AT,
      duplicate: false,
      durable: 'disk'
    }
  },
  subscribed: {
    summary: 'The thread is followed; so many messages are replayed first.',
    example: {
      type: 'subscribed',
      id: 4,
      thread: 't42',
      epoch: 'x1',
      offset: 20,
      recovered: true,
      replay: 1,
      gap: null,
      runs: [],
      present: ['ada'],
      may: ['read', 'write']
    }
  },
  message: { summary: 'A message of a thread that is followed.', example: MESSAGE },
  caught_up: {
    summary: 'The replay is over: from here on messages are live.',
    example: { type: 'caught_up', thread: 't42', offset: 20 }
  },
  unsubscribed: {
    summary: 'The thread is no longer followed.',
    example: { type: 'unsubscribed', id: 14, thread: 't42' }
  },
  history: {
    summary: 'A page of messages, oldest first.',
    example: {
      type: 'history',
      id: 5,
      thread: 't42',
      epoch: 'x1',
      messages: [MESSAGE],
      more: false
    }
  },
  threads: {
    summary: 'A page of the threads of the user.',
    example: {
      type: 'threads',
      id: 6,
      more: false,
      threads: [{ thread: 't42', epoch: 'x1', offset: 20, read: 19, at: AT, last: MESSAGE }]
    }
  },
  typing: {
    summary: 'A user types, for as long as this says at most.',
    example: { type: 'typing', thread: 't42', user: 'bob', on: true, forMs: 6_000 }
  },
  presence: {
    summary: 'Users have come or gone.',
    example: { type: 'presence', thread: 't42', join: ['bob'] }
  },
  mark: {
    summary: 'A user has read up to this offset.',
    example: { type: 'mark', thread: 't42', user: 'bob', read: 20 }
  },
  members: {
    summary: 'Owner and members of a thread.',
    example: {
      type: 'members',
      id: 8,
      thread: 't42',
      owner: 'ada',
      members: [{ user: 'bob', role: 'member' }],
      may: ['read', 'write', 'manage']
    }
  },
  member: {
    summary: 'A user has another role.',
    example: { type: 'member', thread: 't42', user: 'bob', role: 'member', by: 'ada' }
  },
  owner: {
    summary: 'The thread has another owner.',
    example: { type: 'owner', thread: 't42', owner: 'bob', by: null }
  },
  agent: {
    summary: 'Another agent answers in the thread.',
    example: { type: 'agent', thread: 't42', agent: 'echo', by: 'ada' }
  },
  rights: {
    summary: 'The user may do something else in the thread from now on.',
    example: { type: 'rights', thread: 't42', may: ['read'] }
  },
  chunk: {
    summary: 'A piece of the answer of a run, which is not stored.',
    example: { type: 'chunk', thread: 't42', run: 'r1', at: 0, text: 'Hello' }
  },
  cancelling: {
    summary: 'The run is being cancelled.',
    example: { type: 'cancelling', id: 10, run: 'r1' }
  },
  answered: {
    summary: 'The run has the answer.',
    example: { type: 'answered', id: 11, run: 'r1', ask: 'a1' }
  },
  withdrawn: {
    summary: 'The run will not begin.',
    example: { type: 'withdrawn', id: 12, run: 'r1' }
  },
  ping: {
    summary: 'Asks whether the client is there; answer with pong.',
    example: { type: 'ping' }
  },
  pong: { summary: 'The answer to a ping.', example: { type: 'pong', id: 13, time: AT } },
  error: {
    summary: 'The request was refused.',
    example: {
      type: 'error',
      id: 3,
      code: 'rate_limited',
      message: 'too many requests',
      retry: true,
      afterMs: 200
    }
  },
  disconnect: {
    summary: 'The server ends the connection, and says whether to come back.',
    example: { type: 'disconnect', code: 3001, reason: 'shutdown', reconnect: true, afterMs: 350 }
  }
};
