import { expect } from 'chai';
import fc from 'fast-check';
import Value from 'typebox/value';
import { isServerFrame, readFrames } from '../../client/frames.js';
import { SERVER_FRAMES, type ServerFrame } from '../../server/protocol.js';

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

const FRAMES: { readonly [T in ServerFrame['type']]: ServerFrame<T> } = {
  connected: {
    type: 'connected',
    connection: 'c',
    user: 'ada',
    node: 'n',
    time: 1,
    ping: 2,
    limits: { frameBytes: 1, subscriptions: 1, publishPerSecond: 1 },
    reconnect: { firstJitterMs: 1, minMs: 1, maxMs: 1 }
  },
  subscribed: {
    type: 'subscribed',
    thread: 't',
    epoch: 'x',
    offset: 0,
    recovered: true,
    replay: 0,
    gap: { from: 1, to: 2, reason: 'trimmed' },
    runs: [{ run: 'r', state: 's', mid: 'm', text: '', at: 0 }],
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
  chunk: { type: 'chunk', thread: 't', run: 'r', at: 0, text: 'so' },
  cancelling: { type: 'cancelling', id: 1, run: 'r' },
  ping: { type: 'ping' },
  pong: { type: 'pong', time: 1 },
  error: { type: 'error', code: 'bad_json', message: '', retry: false },
  disconnect: { type: 'disconnect', code: 3001, reason: '', reconnect: true }
};

describe('isServerFrame', () => {
  for (const frame of Object.values(FRAMES)) {
    it(`takes ${frame.type} when it fits the schema`, () => {
      expect(Value.Check(SERVER_FRAMES[frame.type], frame)).to.equal(true);
      expect(isServerFrame(frame)).to.equal(true);
    });

    it(`refuses ${frame.type} when a field the schema asks for is missing`, () => {
      for (const field of Object.keys(frame)) {
        const rest = Object.fromEntries(Object.entries(frame).filter(([name]) => name !== field));
        // A body may be any JSON value: nothing is missed when it is absent.
        if (field === 'body' || Value.Check(SERVER_FRAMES[frame.type], rest)) continue;
        expect(isServerFrame(rest), `without ${field}`).to.equal(false);
      }
    });
  }
});

describe('readFrames', () => {
  it('reads several frames of one message, in order', () => {
    expect(readFrames('{"type":"ping"}\n{"type":"pong","time":1}\n')).to.eql({
      frames: [{ type: 'ping' }, { type: 'pong', time: 1 }],
      bad: []
    });
  });

  it('leaves a type out when it is newer than the SDK', () => {
    expect(readFrames('{"type":"novelty"}')).to.eql({ frames: [], bad: [] });
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const { frames } = readFrames(text);
        expect(frames).to.be.an('array');
      })
    );
  });
});
