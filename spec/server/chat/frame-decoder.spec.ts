import { expect } from 'chai';
import fc from 'fast-check';
import { decodeFrames } from '../../../server/chat/frame-decoder.js';

const publish = (body: string): string =>
  `{"type":"publish","id":1,"thread":"t","mid":"m","body":${body}}`;

describe('decodeFrames', () => {
  it('answers one frame or one fault for every line that is not blank, and never throws', () => {
    const line = fc.oneof(
      fc.json().map((text) => text.replaceAll('\n', ' ')),
      fc.string().map((text) => text.replaceAll('\n', ' ')),
      fc.constantFrom('{"type":"ping"}', '{"type":"ping","id":1}', publish('1'))
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 10 }), (lines) => {
        const decoded = decodeFrames(lines.join('\n'));
        const full = lines.filter((text) => text.trim() !== '').length;
        expect(decoded).to.have.length(Math.max(1, full));
      })
    );
  });

  it('refuses a message of nothing but line feeds, so that it is not free', () => {
    expect(decodeFrames('\n\n')).to.have.length(1);
    expect(decodeFrames('\n\n')[0]).to.include({ ok: false, code: 'bad_json' });
  });
});
