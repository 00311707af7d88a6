import { expect } from 'chai';
import type { Json, ShownSnapshot } from '../../../../../protocol/inspection.js';
import { waitsFor } from '../../../../../client/pages/inspect/states/waits-for.js';
import { BEGIN, inState, met, timelineOf } from '../recorded.js';

/** Returns what an actor of a chart waits for, `afterMs` after it entered its state. */
function words(
  chart: string,
  value: ShownSnapshot['value'],
  context: Json,
  rest: Partial<ShownSnapshot> = {},
  afterMs = 0
): string | null {
  const message = met(1, { sessionId: 'x:1', chart }, inState(value, { context, ...rest }));
  const [actor] = [...timelineOf([message]).now.values()];
  return waitsFor(actor!, message.at + afterMs);
}

describe('waitsFor', () => {
  it('says which phase and which child a startup waits for', () => {
    const waitingOn = 'clickhouse: attempt 2 of 5';
    expect(words('startup', { starting: 'services' }, { waitingOn })).to.equal(
      'clickhouse: attempt 2 of 5, in the phase services'
    );
    expect(words('startup', { starting: 'health' }, { waitingOn: null })).to.equal(
      'the phase health'
    );
    expect(words('startup', { serving: 'ready' }, { waitingOn: null })).to.equal(null);
  });

  it('says which children a supervisor waits for, and when they are tried again', () => {
    const children = [
      { id: 'clickhouse', status: 'waiting', error: 'refused', nextAttemptAt: BEGIN + 5_000 },
      { id: 'sink', status: 'ready', error: null, nextAttemptAt: null }
    ];
    expect(words('supervisor', { working: 'starting' }, { children })).to.equal(
      'clickhouse (waiting): refused: again in 4 s'
    );
    expect(words('supervisor', { working: 'running' }, { children: [] })).to.equal(null);
  });

  it('says what a run of an agent waits for', () => {
    const context = { agent: 'echo', thread: 'agent-1' };
    expect(words('run', 'queued', context)).to.equal('the run before it in agent-1');
    expect(words('run', 'running', context)).to.equal('the agent echo');
    expect(words('run', 'waiting', context)).to.equal('an answer of people in agent-1');
    expect(words('run', 'ending', context)).to.equal('the log to store its end');
  });

  it('says when a keeper tries again, and why the child ended', () => {
    const context = { delayMs: 3_000, reason: 'it was too slow', waitingOn: null };
    expect(words('keeper', 'waiting', context, {}, 1_000)).to.equal(
      'the next try in 2 s; it ended: it was too slow'
    );
    expect(words('keeper', 'idle', { reason: null })).to.equal('its turn');
    expect(words('keeper', { alive: 'starting' }, { waitingOn: null })).to.equal(
      'its child to be ready'
    );
    expect(words('keeper', { alive: 'up' }, {})).to.equal(null);
  });

  it('says which attempt ClickHouse is at, what was wrong, and when it is given up', () => {
    const context = {
      attempt: 2,
      of: 5,
      error: 'nothing answers',
      nextAttemptAt: BEGIN + 3_000,
      deadlineAt: BEGIN + 61_000
    };
    const starting = { tags: ['initializing'] };
    expect(words('clickhouse', 'starting', context, starting)).to.equal(
      'attempt 2 of 5; nothing answers; again in 2 s; given up in 1 min'
    );
    expect(words('clickhouse', 'connected', context, { tags: ['ready'] })).to.equal(null);
  });

  it('says what a thread waits for, and how long its grace still runs', () => {
    expect(words('delivery', 'waiting', { graceMs: 10_000 }, {}, 4_000)).to.equal(
      'a subscriber; without one its messages are undelivered in 6 s'
    );
    expect(words('delivery', 'undelivered', {})).to.include('an incident is open');
    expect(words('delivery', 'delivering', {})).to.equal(null);
  });

  it('says nothing of machines that it does not know, whatever their context is', () => {
    for (const context of [null, 5, [], { waitingOn: {} }]) {
      expect(words('constructor', 'a', context)).to.equal(null);
      expect(words('supervisor', 'a', { children: context })).to.equal(null);
    }
  });
});
