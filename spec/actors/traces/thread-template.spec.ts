import { expect } from 'chai';
import { TEMPLATES_MAX, ThreadTemplates } from '../../../actors/traces/thread-template.js';

describe('ThreadTemplates', () => {
  it('keeps the word before the first separator', () => {
    const templates = new ThreadTemplates();
    expect(templates.of('support:4711')).to.equal('support:{id}');
    expect(templates.of('room-ada-bob')).to.equal('room-{id}');
    expect(templates.of('health_check_1')).to.equal('health_{id}');
  });

  it('names no thread whose id is not made of a word and a rest', () => {
    const templates = new ThreadTemplates();
    for (const thread of ['t42', 'lobby', '4711:a', ':a', 'room-']) {
      expect(templates.of(thread), thread).to.equal('{thread}');
    }
  });

  it('knows a bounded number of them, and those that it knows for good', () => {
    const templates = new ThreadTemplates();
    const word = (n: number): string =>
      `w${'abcdefghij'[Math.floor(n / 10)] ?? ''}${'abcdefghij'[n % 10] ?? ''}`;
    for (let n = 0; n < TEMPLATES_MAX; n++) {
      expect(templates.of(`${word(n)}:1`)).to.equal(`${word(n)}:{id}`);
    }
    expect(templates.of('other:1')).to.equal('{thread}');
    expect(templates.of(`${word(0)}:2`)).to.equal(`${word(0)}:{id}`);
  });
});
