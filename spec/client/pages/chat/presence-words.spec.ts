import { expect } from 'chai';
import { presenceWords, typingWords } from '../../../../client/pages/chat/presence-words.js';

describe('presenceWords', () => {
  it('names a few and counts the rest', () => {
    expect(presenceWords([], 'ada')).to.equal('Only you are here');
    expect(presenceWords(['ada'], 'ada')).to.equal('Only you are here');
    expect(presenceWords(['ada', 'bob'], 'ada')).to.equal('bob and you are here');
    expect(presenceWords(['ada', 'b', 'c', 'd', 'e', 'f'], 'ada')).to.equal(
      'b, c, d, 2 more and you are here'
    );
  });
});

describe('typingWords', () => {
  it('says who types, and nothing when nobody does', () => {
    expect(typingWords([])).to.equal('');
    expect(typingWords(['bob'])).to.equal('bob is typing…');
    expect(typingWords(['bob', 'cy'])).to.equal('bob and cy are typing…');
  });
});
