import { expect } from 'chai';
import fc from 'fast-check';
import { BODY_DEPTH_MAX, decodeFrames, isTooDeep } from '../../../server/chat/frame-decoder.js';

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
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

  it('takes what every reader can parse and refuses a body that is nested deeper', () => {
    expect(decodeFrames(publish(nested(BODY_DEPTH_MAX)))[0]).to.include({ ok: true });
    expect(decodeFrames(publish(nested(BODY_DEPTH_MAX + 1)))[0]).to.include({
      ok: false,
      code: 'bad_frame',
      id: 1
    });
  });

  it('refuses a message of nothing but line feeds, so that it is not free', () => {
    expect(decodeFrames('\n\n')).to.have.length(1);
    expect(decodeFrames('\n\n')[0]).to.include({ ok: false, code: 'bad_json' });
  });
});

describe('isTooDeep', () => {
  it('does not run out of stack, however deep a body is', () => {
    expect(isTooDeep(JSON.parse(nested(100_000)))).to.equal(true);
  });

  it('counts objects as it counts arrays, and the deepest branch', () => {
    expect(isTooDeep({ a: [1, { b: 2 }] }, 3)).to.equal(false);
    expect(isTooDeep({ a: [1, { b: 2 }] }, 2)).to.equal(true);
    expect(isTooDeep('text', 0)).to.equal(false);
  });
});
