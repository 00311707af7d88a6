import { expect } from 'chai';
import { plainLine } from '../../../../../client/pages/chat/rich-text/plain-line.js';

describe('plainLine', () => {
  it('returns the text without marks, in one line', () => {
    expect(plainLine('# Why\n\n**So** `a`\n```ts\nx\n```')).to.equal('Why So a ts x');
    expect(plainLine('- [x] a\n- [b](https://c.d)\n\n> e\n\nf|g\n-|-\nh|i')).to.equal(
      'a b e f g h i'
    );
  });

  it('returns what was written when it is nothing but marks', () => {
    expect(plainLine('---')).to.equal('---');
    expect(plainLine(' ')).to.equal('');
  });
});
