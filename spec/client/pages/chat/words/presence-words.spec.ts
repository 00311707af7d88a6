import { expect } from 'chai';
import {
  presenceWords,
  typingWords
} from '../../../../../client/pages/chat/words/presence-words.js';

describe('presenceWords', () => {
  it('names a few and counts the rest', () => {
    expect(presenceWords([], 0, 'ada')).to.equal('Only you are here');
    expect(presenceWords(['ada'], 1, 'ada')).to.equal('Only you are here');
    expect(presenceWords(['ada', 'bob'], 2, 'ada')).to.equal('bob and you are here');
    expect(presenceWords(['ada', 'b', 'c', 'd', 'e', 'f'], 6, 'ada')).to.equal(
      'b, c, d, 2 more and you are here'
    );
  });

  it('says how many where there are too many to name', () => {
    expect(presenceWords([], 201, 'ada')).to.equal('201 people are here');
  });
});

describe('typingWords', () => {
  it('says who types, and nothing when nobody does', () => {
    expect(typingWords([])).to.equal('');
    expect(typingWords(['bob'])).to.equal('bob is typing…');
    expect(typingWords(['bob', 'cy'])).to.equal('bob and cy are typing…');
  });
});
