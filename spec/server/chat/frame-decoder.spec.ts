import { expect } from 'chai';
import fc from 'fast-check';
import { NumberText } from '../../../protocol/json-text.js';
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

  it('keeps the text of a numeric id that JavaScript would write in another way, in frames and in faults', () => {
    for (const id of ['9007199254740993', '1e300', '1.0', '-0']) {
      const [ping] = decodeFrames(`{"type":"ping","id":${id}}`);
      expect(ping).to.deep.include({ ok: true, frame: { type: 'ping', id: new NumberText(id) } });
      const [fault] = decodeFrames(`{"type":"shout","id": ${id} }`);
      expect(fault).to.deep.include({ code: 'unknown_type', id: new NumberText(id) });
    }
    expect(decodeFrames('{"type":"ping","id":12}')[0]).to.deep.include({
      frame: { type: 'ping', id: 12 }
    });
  });

  it('keeps the text of the body of a publish', () => {
    const [decoded] = decodeFrames(publish('{ "n": [1e400] }'));
    expect(decoded).to.have.nested.property('frame.body').eql({ json: '{"n":[1e400]}', depth: 2 });
  });
});
