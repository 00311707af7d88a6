import { expect } from 'chai';
import { Fates } from '../../../../../client/pages/chat/words/fates.js';
import { fateSign, fateWords } from '../../../../../client/pages/chat/words/fate-words.js';

describe('Fates', () => {
  const words = (fates: Fates, ...offsets: number[]): string[] =>
    offsets.map((offset) => fateWords(fates.of(offset)));

  it('calls delivered what came while somebody else was there', () => {
    const fates = new Fates('ada');
    fates.people(['ada', 'bob'], 2);
    fates.came(5);
    fates.people(['ada'], 1);
    fates.came(6);
    expect(words(fates, 4, 5, 6)).to.eql(['Stored', 'Delivered', 'Stored']);
  });

  it('calls delivered what waited for somebody, once somebody comes', () => {
    const fates = new Fates('ada');
    fates.people(['ada'], 1);
    fates.came(5);
    expect(words(fates, 5)).to.eql(['Stored']);
    fates.people(['ada', 'bob'], 2);
    expect(words(fates, 5)).to.eql(['Delivered']);
  });

  it('takes one in a crowd that has no names for somebody else, and oneself for nobody', () => {
    const fates = new Fates('ada');
    fates.people([], 1);
    fates.came(1);
    expect(words(fates, 1)).to.eql(['Stored']);
    fates.people([], 201);
    expect(words(fates, 1)).to.eql(['Delivered']);
  });

  it('names who has read it, whenever it was written, and never the author', () => {
    const fates = new Fates('ada');
    fates.marked('ada', 9);
    fates.marked('bob', 5);
    fates.marked('cy', 4);
    expect(words(fates, 3, 5, 6)).to.eql(['Read by bob and cy', 'Read by bob', 'Stored']);
    fates.marked('bob', 1);
    expect(words(fates, 5)).to.eql(['Read by bob']);
  });

  it('knows nothing of the offsets of before when the thread starts over', () => {
    const fates = new Fates('ada');
    fates.people(['bob'], 1);
    fates.came(5);
    fates.marked('bob', 5);
    fates.clear();
    expect(words(fates, 1, 5)).to.eql(['Stored', 'Stored']);
  });

  it('has a sign for each', () => {
    expect(fateSign({ state: 'stored' })).to.equal('✓');
    expect(fateSign({ state: 'delivered' })).to.equal('✓✓');
  });
});
