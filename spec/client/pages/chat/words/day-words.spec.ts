import { expect } from 'chai';
import { dayWords, momentWords } from '../../../../../client/pages/chat/words/day-words.js';

const NOW = new Date(2026, 2, 1, 0, 30).getTime();
const at = (...date: [number, number, number, number]): number => new Date(...date).getTime();

describe('dayWords', () => {
  it('names today and yesterday by the clock on the wall, also over the end of a month', () => {
    expect(dayWords(at(2026, 2, 1, 0), NOW)).to.equal('Today');
    expect(dayWords(at(2026, 1, 28, 23), NOW)).to.equal('Yesterday');
    expect(dayWords(at(2026, 1, 27, 23), NOW))
      .to.match(/27/)
      .and.not.match(/2026/);
  });

  it('names the year when it is another one', () => {
    expect(dayWords(at(2025, 11, 31, 12), NOW)).to.match(/2025/);
  });
});

describe('momentWords', () => {
  it('is the time of today, the day of this year, the date of another', () => {
    expect(momentWords(at(2026, 2, 1, 0), NOW)).to.match(/00|12/);
    expect(momentWords(at(2026, 1, 28, 23), NOW)).to.equal('Yesterday');
    expect(momentWords(at(2026, 0, 3, 12), NOW))
      .to.match(/3/)
      .and.not.match(/2026|:/);
    expect(momentWords(at(2025, 11, 31, 12), NOW)).to.match(/25/);
  });
});
