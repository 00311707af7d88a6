import { expect } from 'chai';
import fc from 'fast-check';
import { messageText, textPieces } from '../../../client/chat/message-text.js';

describe('textPieces', () => {
  it('finds addresses and leaves sentence marks out', () => {
    expect(textPieces('see https://example.org/a?b=1, or (http://x.test).')).to.eql([
      { text: 'see ', href: null },
      { text: 'https://example.org/a?b=1', href: 'https://example.org/a?b=1' },
      { text: ', or (', href: null },
      { text: 'http://x.test', href: 'http://x.test' },
      { text: ').', href: null }
    ]);
  });

  it('links nothing but http and https', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'HTTPS', 'https://']) {
      expect(textPieces(text)).to.eql([{ text, href: null }]);
    }
  });

  it('loses no character, whatever is written', () => {
    const words = fc.oneof(fc.string(), fc.webUrl(), fc.constant('https://'));
    fc.assert(
      fc.property(fc.array(words), (parts) => {
        const text = parts.join(' ');
        const pieces = textPieces(text);
        expect(pieces.map((piece) => piece.text).join('')).to.equal(text);
        for (const { href } of pieces) if (href !== null) expect(href).to.match(/^https?:/);
      })
    );
  });
});

describe('messageText', () => {
  it('is the text of a body that has one, else its JSON', () => {
    expect(messageText({ body: { text: 'hi' } })).to.eql({ text: 'hi', json: false });
    expect(messageText({ body: 'hi' })).to.eql({ text: 'hi', json: false });
    expect(messageText({ body: { text: 1 } })).to.eql({ text: '{\n  "text": 1\n}', json: true });
    expect(messageText({ body: null })).to.eql({ text: 'null', json: true });
  });
});
