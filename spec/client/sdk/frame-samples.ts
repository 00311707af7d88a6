import type { ServerFrame } from '../../../protocol/frames.js';

const MESSAGE: ServerFrame<'message'> = {
  type: 'message',
  thread: 't',
  offset: 1,
  mid: 'm',
  from: { user: 'ada' },
  at: 1,
  kind: 'user_message',
  body: null
};

/** One good frame of every type that a server sends. */
export const FRAME_SAMPLES: { readonly [T in ServerFrame['type']]: ServerFrame<T> } = {
  connected: {
    type: 'connected',
    connection: 'c',
    user: 'ada',
    node: 'n',
    time: 1,
    ping: 2,
    limits: { frameBytes: 1, subscriptions: 1, publishPerSecond: 1 },
    reconnect: { firstJitterMs: 1, minMs: 1, maxMs: 1 },
    expiresAt: 2,
    agents: [{ name: 'echo', description: 'says it back' }]
  },
  refreshed: { type: 'refreshed', expiresAt: 1 },
  subscribed: {
    type: 'subscribed',
    thread: 't',
    epoch: 'x',
    offset: 0,
    recovered: true,
    replay: 0,
    gap: { from: 1, to: 2, reason: 'trimmed' },
    runs: [
      {
        run: 'r',
        state: 'waiting',
        mid: 'm',
        text: '',
        at: 0,
        ask: { ask: 'a1', prompt: 'Which?', schema: null, expiresAt: 1 }
      }
    ],
    agent: 'echo',
    present: ['ada']
  },
  caught_up: { type: 'caught_up', thread: 't', offset: 0 },
  unsubscribed: { type: 'unsubscribed', thread: 't' },
  ack: {
    type: 'ack',
    thread: 't',
    mid: 'm',
    offset: 1,
    epoch: 'x',
    at: 1,
    duplicate: false,
    durable: 'disk'
  },
  message: MESSAGE,
  history: { type: 'history', thread: 't', epoch: 'x', messages: [MESSAGE], more: false },
  threads: {
    type: 'threads',
    more: false,
    threads: [{ thread: 't', epoch: 'x', offset: 1, read: 0, at: 1, last: MESSAGE }]
  },
  typing: { type: 'typing', thread: 't', user: 'bob', on: true, forMs: 6_000 },
  presence: { type: 'presence', thread: 't', join: ['bob'] },
  mark: { type: 'mark', thread: 't', user: 'bob', read: 1 },
  members: {
    type: 'members',
    thread: 't',
    owner: 'ada',
    members: [{ user: 'bob', role: 'reader' }]
  },
  member: { type: 'member', thread: 't', user: 'bob', role: 'member', by: 'ada' },
  owner: { type: 'owner', thread: 't', owner: 'bob', by: null },
  agent: { type: 'agent', thread: 't', agent: null, by: 'ada' },
  rights: { type: 'rights', thread: 't', may: ['read'] },
  chunk: { type: 'chunk', thread: 't', run: 'r', at: 0, text: 'so' },
  cancelling: { type: 'cancelling', id: 1, run: 'r' },
  answered: { type: 'answered', id: 1, run: 'r', ask: 'a1' },
  withdrawn: { type: 'withdrawn', id: 1, run: 'r' },
  ping: { type: 'ping' },
  pong: { type: 'pong', time: 1 },
  error: { type: 'error', code: 'bad_json', message: '', retry: false },
  disconnect: { type: 'disconnect', code: 3001, reason: '', reconnect: true }
};
