import { expect } from 'chai';
import { costLine, usageWords } from '../../../../../client/pages/chat/words/usage-words.js';

const USAGE = { input: 1_214, output: 86, cached: 1_024, reasoning: null, model: 'none-1' };
const NO_USAGE = { input: null, output: null, cached: null, reasoning: null, model: null };

describe('costLine', () => {
  it('adds up the tokens, and says after what time it failed', () => {
    const line = (state: 'completed' | 'failed', ms: number | null, usage: typeof USAGE | null) =>
      costLine({ state, ms, usage });
    expect(line('completed', 900, USAGE)).to.equal('1,300 tokens');
    expect(line('failed', 900, USAGE)).to.equal('after 900 ms · 1,300 tokens');
    expect(line('failed', 900, null)).to.equal('after 900 ms');
    expect(line('failed', null, null)).to.equal('');
    expect(costLine({ state: 'completed', ms: null, usage: NO_USAGE })).to.equal('');
  });
});

describe('usageWords', () => {
  it('says what is known and leaves out the rest', () => {
    expect(usageWords(USAGE)).to.equal(
      '1,214 read, 1,024 of them from the cache, 86 written, by none-1'
    );
    expect(usageWords(NO_USAGE)).to.equal('');
    expect(usageWords(null)).to.equal('');
  });
});
