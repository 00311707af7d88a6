import { expect } from 'chai';
import { messageText } from '../../../client/chat/message-text.js';

describe('messageText', () => {
  it('is the text of a body that has one, else its JSON', () => {
    expect(messageText({ body: { text: 'hi' } })).to.eql({ text: 'hi', json: false });
    expect(messageText({ body: 'hi' })).to.eql({ text: 'hi', json: false });
    expect(messageText({ body: { text: 1 } })).to.eql({ text: '{\n  "text": 1\n}', json: true });
    expect(messageText({ body: null })).to.eql({ text: 'null', json: true });
  });
});
