import { expect } from 'chai';
import { agentName } from '../../../client/pages/chat/words/run-words.js';
import { initials } from '../../../client/pages/chat/avatar.js';
import { presenceWords, typingWords } from '../../../client/pages/chat/words/presence-words.js';
import { NAME_SHOWN_MAX, safeName } from '../../../client/sdk/safe-name.js';

describe('safeName', () => {
  it('leaves a name alone that is seen as it is', () => {
    for (const name of [
      'ada',
      'Grace Hopper',
      'Žofie',
      '李雷',
      'משה',
      '🦊',
      '👩‍👩‍👧',
      '❤️ ada',
      '🏴󠁧󠁢󠁥󠁮󠁧󠁿'
    ]) {
      expect(safeName(name)).to.equal(name);
    }
  });

  it('shows what would turn a name round, hide or break its line', () => {
    expect(safeName('\u202enimda')).to.equal('\ufffdnimda');
    for (const sign of ['\u2066', '\u200f', '\u061c', '\u200b', '\0', '\n', '\u2028', '\u3164']) {
      expect(safeName(`a${sign}b`), JSON.stringify(sign)).to.equal('a\ufffdb');
    }
    expect(safeName('\ud800')).to.equal('\ufffd');
  });

  it('shows a joiner that joins no picture, because the name without it looks the same', () => {
    expect(safeName('🦊\u200d🦊')).to.equal('🦊\ufffd🦊');
    expect(safeName('a\u200db')).to.equal('a\ufffdb');
    expect(safeName('🦊\ufe0f')).to.equal('🦊\ufffd');
  });

  it('cuts a name that is too long to be read, and no emoji with it', () => {
    expect(safeName('👩‍👩‍👧'.repeat(100))).to.equal(`${'👩‍👩‍👧'.repeat(25)}…`);
  });

  it('cuts a name that is too long to be read', () => {
    const shown = safeName('🦊'.repeat(10_000));
    expect(Array.from(shown)).to.have.length(NAME_SHOWN_MAX);
    expect(shown.endsWith('🦊…')).to.equal(true);
  });

  it('stands wherever a name is put into words', () => {
    const name = '\u202enimda';
    const words = [
      initials(name),
      presenceWords([name], 1, 'ada'),
      typingWords([name]),
      agentName({ agent: name })
    ];
    expect(words.filter((one) => one.includes('\u202e'))).to.eql([]);
  });
});
