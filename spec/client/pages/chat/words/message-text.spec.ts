import { expect } from 'chai';
import { messageText } from '../../../../../client/pages/chat/words/message-text.js';
import { jsonLine } from '../../../../../client/pages/chat/words/run-words.js';

describe('messageText', () => {
  it('is the text of a body that has one, else its JSON', () => {
    expect(messageText({ body: { text: 'hi' } })).to.eql({ text: 'hi', json: false });
    expect(messageText({ body: 'hi' })).to.eql({ text: 'hi', json: false });
    expect(messageText({ body: { text: 1 } })).to.eql({ text: '{\n  "text": 1\n}', json: true });
    expect(messageText({ body: null })).to.eql({ text: 'null', json: true });
  });

  it('says so of JSON that no program can walk, and leaves in one line what lines would blow up', () => {
    const deep = (levels: number): unknown =>
      JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
    expect(messageText({ body: deep(30_000) }).text).to.equal(
      '(JSON that is nested too deeply to be shown)'
    );
    expect(jsonLine(deep(30_000))).to.contain('nested too deeply');
    expect(messageText({ body: deep(1_000) }).text).to.have.length(2_000);
  });
});
