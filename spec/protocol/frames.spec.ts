import { expect } from 'chai';
import fc from 'fast-check';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { isLongerThan } from '../../protocol/frames.js';

describe('isLongerThan', () => {
  it('counts characters as the schemas do', () => {
    const schema = Compile(Type.String({ maxLength: 4 }));
    const part = fc.constantFrom('a', 'é', 'e\u0301', '😀', '\ud800', '👩‍👧', '\u0000');
    const text = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (value) => {
        expect(isLongerThan(value, 4)).to.equal(!schema.Check(value));
      })
    );
  });

  it('counts an emoji as one character', () => {
    expect(isLongerThan('😀😀', 2)).to.equal(false);
    expect(isLongerThan('😀😀😀', 2)).to.equal(true);
  });
});
