import { expect } from 'chai';
import { Held, HELD_AUTHORS_MAX } from '../../../actors/threads/held.js';

/** Held messages of these authors, with offsets from 1 on; each one's time is ten times its offset. */
function heldOf(...authors: string[]): Held {
  const held = new Held(0);
  authors.forEach((author, n) => held.add(author, n + 1, 10 * (n + 1), 10 * (n + 1)));
  return held;
}

describe('Held', () => {
  it('says as a whole what it holds of each author', () => {
    const held = heldOf('ada', 'bob', 'ada');
    expect(held).to.include({ from: 1, newest: 3, since: 10, heldAt: 10, messages: 3 });
    expect(held.authors).to.deep.equal([
      { author: 'ada', from: 1, since: 10 },
      { author: 'bob', from: 2, since: 20 }
    ]);
  });

  it('needs another mark for a new author and an older message, and for no other', () => {
    const held = new Held(0);
    const adds = [
      held.add('ada', 3, 0, 0),
      held.add('ada', 4, 0, 0),
      held.add('bob', 5, 0, 0),
      held.add('ada', 2, 0, 0)
    ];
    expect(adds).to.deep.equal([true, false, true, true]);
    expect(held.of('ada')).to.include({ from: 2, newest: 4, messages: 3 });
  });

  it('has something for everybody but the author of all of it', () => {
    const held = heldOf('ada', 'ada');
    expect(held.soleAuthor).to.equal('ada');
    expect(held.firstFor('ada')).to.equal(null);
    expect(held.firstFor('bob')).to.equal(1);
    expect(held.firstFor(null)).to.equal(1);
    expect(heldOf('ada', 'bob').firstFor('ada')).to.equal(2);
    expect(heldOf('ada', 'bob').soleAuthor).to.equal(null);
  });

  it('keeps of what a reader has taken only its own', () => {
    const held = heldOf('bob', 'ada', 'cyd', 'ada');
    expect(held.isLeftBy('ada')).to.equal(true);
    expect(held.take('ada').map(({ from }) => from)).to.deep.equal([1, 3]);
    expect(held).to.include({ from: 2, newest: 4, messages: 2, soleAuthor: 'ada' });
    expect(held.take(null).map(({ messages }) => messages)).to.deep.equal([2]);
    expect(held.isLeftBy('ada')).to.equal(false);
  });

  it('tells a bounded number of authors apart, and gives what others wrote to whoever comes', () => {
    const held = heldOf(...Array.from({ length: HELD_AUTHORS_MAX + 2 }, (_, n) => `u${String(n)}`));
    expect(held.authors).to.have.length(HELD_AUTHORS_MAX);
    expect(held.messages).to.equal(HELD_AUTHORS_MAX + 2);
    const last = `u${String(HELD_AUTHORS_MAX + 1)}`;
    expect(held.of(last)).to.include({ from: HELD_AUTHORS_MAX + 1, messages: 2 });
    expect(held.isLeftBy(last)).to.equal(false);
    expect(held.isLeftBy('u0')).to.equal(true);
  });

  it('gives what was restored without an author to whoever comes', () => {
    const held = new Held(0);
    held.restore(null, { from: 4, newest: 4, since: 1, heldAt: 1, messages: 2 });
    expect(held.firstFor('ada')).to.equal(4);
    expect(held.isLeftBy('ada')).to.equal(false);
    expect(held.of('ada')).to.include({ from: 4 });
  });
});
