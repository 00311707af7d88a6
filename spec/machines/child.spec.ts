import { expect } from 'chai';
import fc from 'fast-check';
import { failureOf, NO_FACTS, reasonOf } from '../../machines/child.js';

describe('reasonOf', () => {
  it('takes the message when it is given an error', () => {
    expect(reasonOf(new TypeError('no such file'))).to.equal('no such file');
  });

  it('says in words whatever else was thrown', () => {
    expect([null, undefined, 7, 'text'].map(reasonOf)).to.deep.equal([
      'null',
      'undefined',
      '7',
      'text'
    ]);
  });

  it('throws for nothing that can be thrown', () => {
    const thrown = fc.oneof(
      fc.anything({ withNullPrototype: true, withBigInt: true }),
      fc.constant(Symbol('oops'))
    );
    fc.assert(
      fc.property(thrown, (value) => {
        expect(reasonOf(value)).to.be.a('string');
      })
    );
  });
});

describe('failureOf', () => {
  it('is null when the child ended as it was told to', () => {
    expect(failureOf({ status: 'stopped' })).to.equal(null);
  });

  it('gives the reason when the child failed', () => {
    expect(failureOf({ status: 'failed', error: 'disk full' })).to.equal('disk full');
  });

  it('says that there is no reason when a failed child gave none', () => {
    expect(failureOf({ status: 'failed' })).to.equal('no reason given');
    expect(failureOf({ status: 'failed', error: 7 })).to.equal('no reason given');
  });

  it('takes anything that is no output of a child for a failure', () => {
    for (const output of [undefined, null, 'stopped', 0, {}, []]) {
      expect(failureOf(output)).to.equal('ended without saying why');
    }
  });
});

describe('NO_FACTS', () => {
  it('holds no handler', () => {
    expect(NO_FACTS).to.deep.equal({ handlers: [] });
  });
});
