import { expect } from 'chai';
import fc from 'fast-check';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { isLongerThan, isThreadId } from '../../protocol/frames.js';

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

describe('isThreadId', () => {
  it('takes 1 to 128 characters of its alphabet', () => {
    for (const id of ['t', 'a.b_c:d@e-F9', '...', '.a', 'a.', 't'.repeat(128)]) {
      expect(isThreadId(id), id).to.equal(true);
    }
    for (const id of ['', 'a b', 'é', 'a/b', 't\n', 't'.repeat(129)]) {
      expect(isThreadId(id), id).to.equal(false);
    }
  });

  it('takes none that a URL loses from its path', () => {
    for (const id of ['.', '..', '...', '.a', 'a..b']) {
      const { pathname } = new URL(`http://h/api/threads/${encodeURIComponent(id)}/messages`);
      const isKept = pathname === `/api/threads/${id}/messages`;
      expect(isThreadId(id), id).to.equal(isKept);
    }
  });
});
