import { expect } from 'chai';
import fc from 'fast-check';
import { initials, tint, TINTS } from '../../../../client/pages/chat/avatar.js';

describe('initials', () => {
  it('takes the first letters of the first two words', () => {
    expect(initials('ada')).to.equal('A');
    expect(initials('Grace Hopper')).to.equal('GH');
    expect(initials('ada.lovelace@example.org')).to.equal('AL');
    expect(initials('🦊 fox')).to.equal('🦊F');
    expect(initials('..')).to.equal('?');
  });

  it('cuts no emoji that is made of several, nor a letter from its marks', () => {
    expect(initials('👩‍👩‍👧‍👦 family')).to.equal('👩‍👩‍👧‍👦F');
    expect(initials('🏴󠁧󠁢󠁥󠁮󠁧󠁿')).to.equal('🏴󠁧󠁢󠁥󠁮󠁧󠁿');
    expect(initials('🇫🇷')).to.equal('🇫🇷');
    expect(initials('e\u0301mile')).to.equal('E\u0301');
    expect(Array.from(initials(`a${'\u0301'.repeat(500)}`))).to.have.length(16);
  });
});

describe('tint', () => {
  it('is one of the colours there are, whatever the name', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(tint(name)).to.be.within(0, TINTS - 1);
      })
    );
  });
});
