import { expect } from 'chai';
import fc from 'fast-check';
import { subjectOf } from '../../../../client/pages/chat/subject.js';

describe('subjectOf', () => {
  const token = (claims: unknown): string =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

  it('reads whom a token is for, whatever they are called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (sub) => {
        expect(subjectOf(token({ sub, exp: 1 }))).to.equal(sub);
      })
    );
  });

  it('answers null and never throws when it is something else', () => {
    for (const text of [token({}), token(null), token({ sub: 7 }), 'a.b.c', 'secret', '']) {
      expect(subjectOf(text)).to.equal(null);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(subjectOf(text)).to.satisfy(
          (one: unknown) => one === null || typeof one === 'string'
        );
      })
    );
  });
});
