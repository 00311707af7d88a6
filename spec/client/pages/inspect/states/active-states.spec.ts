import { expect } from 'chai';
import {
  activeIds,
  activeLeaves,
  valueWords
} from '../../../../../client/pages/inspect/states/active-states.js';

describe('activeIds', () => {
  it('are the ids of a state and of all that it is in, the root among them', () => {
    expect([...activeIds('idle')]).to.eql(['', 'idle']);
    expect([...activeIds({ starting: { services: 'waiting' } })]).to.eql([
      '',
      'starting',
      'starting.services',
      'starting.services.waiting'
    ]);
  });

  it('are those of all regions of a parallel state', () => {
    const value = { serving: { log: 'open', drain: {} } };
    expect([...activeIds(value)]).to.eql([
      '',
      'serving',
      'serving.log',
      'serving.log.open',
      'serving.drain'
    ]);
  });

  it('end where a value is deeper than any chart', () => {
    let value: Parameters<typeof activeIds>[0] = 'end';
    for (let depth = 0; depth < 20; depth++) value = { in: value };
    expect(activeIds(value).size).to.be.below(20);
  });
});

describe('activeLeaves', () => {
  it('are the innermost of them', () => {
    expect(activeLeaves({ a: { b: 'c', d: 'e' } })).to.eql(['a.b.c', 'a.d.e']);
    expect(activeLeaves(undefined)).to.eql([]);
  });
});

describe('valueWords', () => {
  it('write a state from the outside in, and regions beside each other', () => {
    expect(valueWords({ starting: 'services' })).to.equal('starting › services');
    expect(valueWords({ a: { b: 'c', d: 'e' } })).to.equal('a › b › c + a › d › e');
    expect(valueWords(undefined)).to.equal('');
  });
});
