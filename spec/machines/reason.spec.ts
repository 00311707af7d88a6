import { expect } from 'chai';
import fc from 'fast-check';
import { reasonOf } from '../../machines/reason.js';

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
