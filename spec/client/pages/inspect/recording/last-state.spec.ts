import { expect } from 'chai';
import { lastState } from '../../../../../client/pages/inspect/recording/last-state.js';
import type { RecordedTimeline } from '../../../../../client/pages/inspect/recording/recorded-timeline.js';
import type { Subject } from '../../../../../client/pages/inspect/states/actor-key.js';
import { became, inState, left, met, timelineOf } from '../recorded.js';

const ORDERS = { sessionId: 'x:1', name: 'delivery:orders', chart: 'delivery', thread: 'orders' };
const LOBBY = { sessionId: 'x:2', name: 'delivery:lobby', chart: 'delivery', thread: 'lobby' };
const subject: Subject = { kind: 'thread', thread: 'orders' };

function last(timeline: RecordedTimeline, position = timeline.length, of: Subject = subject) {
  const state = lastState({ timeline, position, subject: of, nameOf: () => '' });
  return state === null ? null : [state.hash, state.snapshot.value, state.snapshot.status];
}

describe('lastState', () => {
  const ended = timelineOf([
    met(1, ORDERS, inState('waiting')),
    met(2, LOBBY, inState('idle')),
    became(3, ORDERS, inState('undelivered')),
    became(4, ORDERS, inState('gone', { status: 'done' })),
    became(5, LOBBY, inState('delivering'))
  ]);

  it('is what an actor was in when it ended', () => {
    expect(last(ended)).to.eql(['hash-delivery', 'gone', 'done']);
  });

  it('is what an actor was in when nobody watched it any more', () => {
    const unwatched = timelineOf([met(1, ORDERS, inState('waiting')), left(2, 'x:1')]);
    expect(last(unwatched)).to.eql(['hash-delivery', 'waiting', 'active']);
  });

  it('is nothing that comes later than the moment', () => {
    expect(last(ended, 3)).to.eql(['hash-delivery', 'undelivered', 'active']);
    expect(last(ended, 0)).to.equal(null);
  });

  it('is nothing of an actor of which nothing is recorded', () => {
    expect(last(ended, 5, { kind: 'thread', thread: 'other' })).to.equal(null);
    expect(last(ended, 5, { kind: 'actor', key: 'delivery:orders' })).to.equal(null);
  });
});
