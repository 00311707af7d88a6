import { expect } from 'chai';
import {
  shortStateWords,
  stateWords,
  toneOf
} from '../../../../../client/pages/inspect/states/state-tone.js';
import { inState } from '../recorded.js';

const tone = (value: Parameters<typeof inState>[0], tags: string[] = [], chart = 'service') =>
  toneOf({ snapshot: inState(value, { tags }), chart });

describe('toneOf', () => {
  it('is that of the worst tag', () => {
    expect(tone('a', ['ready'])).to.equal('good');
    expect(tone('a', ['serving', 'degraded'])).to.equal('warn');
    expect(tone('a', ['initializing'])).to.equal('busy');
    expect(tone('a', ['ready', 'failed'])).to.equal('bad');
    expect(tone('a', [])).to.equal('none');
  });

  it('is bad for a thread whose messages found nobody, and warns while they wait', () => {
    expect(tone('undelivered', ['passive', 'holding'], 'delivery')).to.equal('bad');
    expect(tone('waiting', ['holding'], 'delivery')).to.equal('warn');
  });

  it('is that of the state of a keeper, which has no tags', () => {
    expect(tone({ alive: 'up' }, [], 'keeper')).to.equal('good');
    expect(tone({ alive: 'starting' }, [], 'keeper')).to.equal('busy');
    expect(tone('waiting', [], 'keeper')).to.equal('warn');
    expect(tone('idle', [], 'keeper')).to.equal('none');
  });

  for (const [level, its] of [
    ['healthy', 'good'],
    ['warning', 'warn'],
    ['critical', 'bad'],
    ['failed', 'bad']
  ] as const) {
    it(`is that of the worst finding for a monitor: ${level}`, () => {
      expect(tone({ watching: level }, ['ready'], 'monitor')).to.equal(its);
    });
  }

  it('is that of the end of one that has ended', () => {
    const ended = (status: 'error' | 'done') =>
      toneOf({ snapshot: inState('a', { status, tags: ['ready'] }), chart: null });
    expect([ended('error'), ended('done')]).to.eql(['bad', 'none']);
  });
});

describe('stateWords', () => {
  it('say the state, how it ended, or that it is at work without one', () => {
    expect(stateWords({ snapshot: inState({ a: 'b' }) })).to.equal('a › b');
    expect(stateWords({ snapshot: inState('a', { status: 'done' }) })).to.equal('a (done)');
    expect(stateWords({ snapshot: inState(undefined) })).to.equal('at work');
    expect(stateWords({ snapshot: inState(undefined, { status: 'error' }) })).to.equal('error');
  });

  it('are the two innermost states where there is little room', () => {
    expect(shortStateWords({ snapshot: inState({ a: { b: 'c' } }) })).to.equal('b › c');
  });
});
